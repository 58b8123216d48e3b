import type { Bounds } from './history.ts';

/** What a worker needs to know. */
export interface WorkerSettings {
  readonly nodes: readonly string[];
  readonly leases: boolean;
  /** No key is smeared by a rule; the processes find hot ones themselves. */
  readonly auto: boolean;
}

export const NODES = 4;
export const WORKERS = 8;
/** Callers side by side in one worker. */
export const LANES = 4;

export const SMEARED_KEYS = Array.from({ length: 6 }, (_, i) => `smeared-${i}`);
export const PLAIN_KEYS = Array.from({ length: 4 }, (_, i) => `plain-${i}`);
export const KEYS: readonly string[] = [...SMEARED_KEYS, ...PLAIN_KEYS];

/** Smeared keys that nobody else reads: a copy that is filled too late meets no other there. */
export const AMBUSH_PREFIX = 'ambush-';
export const isSmeared = (key: string): boolean =>
  SMEARED_KEYS.includes(key) || key.startsWith(AMBUSH_PREFIX);

export const COPY_TTL_SECONDS = 1;
/** Drawn for each `wrap`. */
export const BASE_TTLS_SECONDS = [1, 2];
export const STALES_SECONDS = [0, 2];
export const LONGEST_BASE_SECONDS = Math.max(...BASE_TTLS_SECONDS) + Math.max(...STALES_SECONDS);

const COPY_LEASE_SECONDS = 3;
/** Calls that share one flight may have begun this much before the one that joins it. */
const JOINABLE_MILLIS = 1_000;
const COPY_BOUND_MILLIS = (COPY_TTL_SECONDS + COPY_LEASE_SECONDS) * 1_000;

/** The base is never out of date once a delete is acknowledged; a copy for its time and its lease at the most. */
export const BOUNDS: Bounds = {
  'base get': 0,
  'smeared get': COPY_BOUND_MILLIS,
  'plain wrap': JOINABLE_MILLIS,
  'smeared wrap': COPY_BOUND_MILLIS + JOINABLE_MILLIS,
};
