import type { Seconds } from '../base/units.ts';

/** What makes a key hot. */
export interface HotRules {
  /**
   * A key is hot whose share of the cluster's load is above `tolerance / nodes`; and so many copies are made of it that
   * none brings its node more than that. It is how far above the mean a single key may lift a node.
   */
  readonly tolerance: number;
  /** Below this no node needs relief, whatever the share. Counted in loads: see `loadOf`. */
  readonly leastReadsPerSecond: number;
  /** One load in so many is counted. */
  readonly oneIn: number;
}

/**
 * The tolerance keeps the busiest of 8 to 20 nodes within a tenth of the mean on the popularity of a production cache
 * (`npm run bench -- balance`), and the list within its 64 keys. One sample in 128 is most of the one percent of
 * additional operations that detection may cost.
 */
export const DEFAULT_HOT_RULES: HotRules = { tolerance: 0.02, leastReadsPerSecond: 20, oneIn: 128 };

/** How long a key stays listed after it was last seen to be hot. */
export const HOLD_SECONDS: Seconds = 180;

/** A listed key is kept while it has this part of the threshold: one that hovers about it is not listed and unlisted in turn. */
export const KEEP_PART = 0.5;

/** So many bytes of a value weigh as much as the read itself. Nodes run out of network before they run out of requests. */
const BYTES_A_LOAD_BITS = 12;

/** What one read brings its node: itself, and its bytes. A value of 40 kB is ten more. */
export const loadOf = (bytes: number): number => 1 + (bytes >>> BYTES_A_LOAD_BITS);

/** Loads a second above which a key is hot. */
export const hotAbove = (totalPerSecond: number, nodes: number, rules: HotRules): number =>
  Math.max((rules.tolerance / nodes) * totalPerSecond, rules.leastReadsPerSecond);

/** How many nodes are to hold a key with this share of the load, the base's among them. */
export const copiesOf = (share: number, nodes: number, { tolerance }: Pick<HotRules, 'tolerance'>): number =>
  Math.max(1, Math.min(nodes, Math.ceil((share * nodes) / tolerance)));
