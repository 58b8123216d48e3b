import { CACHE_ROWS } from '../../src/client/option-table.ts';
import type { SmearOptions } from '../../src/client/options.ts';
import { trueTop } from './streams.ts';

const COPIES = 8;
const TOP = 10;

/** The ways to live with hot keys that are compared. */
export type DesignName = 'plain' | 'Etsy' | 'uniform' | 'ours';

/** A version that does not find hot keys by itself has nothing to switch off. */
const BY_HAND: Readonly<Record<string, boolean>> = CACHE_ROWS.has('smear.auto') ? { auto: false } : {};

const topKeys = trueTop(TOP).map((key) => ({ key, copies: COPIES }));

export const DESIGNS: Readonly<Record<DesignName, SmearOptions>> = {
  /** Ketama and nothing else. */
  plain: BY_HAND,
  /** 8 numbered keys for each of the true top 10. */
  Etsy: { ...BY_HAND, placement: 'suffix', keys: topKeys },
  /** The base and 7 successors for each of the true top 10, read alike. */
  uniform: { ...BY_HAND, keys: topKeys },
  /** All defaults: nobody names a key. */
  ours: {},
};

/** Whether its load goes on changing after the first seconds. */
export const learns = (design: DesignName): boolean => design === 'ours';
