// Misuse is the caller's mistake, and the one thing that the client throws.

import { MAX_TTL_SECONDS, type Seconds } from '../base/units.ts';
import type { StoreOptions, WrapOptions } from './cache.ts';

export function keyProblem(key: unknown): TypeError | undefined {
  return typeof key === 'string' ? undefined : new TypeError(`a cache key is a string, not ${typeof key}`);
}

export function checkedKey(key: string): string {
  const problem = keyProblem(key);
  if (problem !== undefined) throw problem;
  return key;
}

/** Whole seconds in 1 to 30 days: 0 would never expire, and more than 30 days is a date in the past. */
export function checkedTtl(options: StoreOptions | undefined): Seconds {
  const ttlSeconds = options?.ttlSeconds;
  if (typeof ttlSeconds !== 'number' || !(ttlSeconds > 0) || ttlSeconds === Number.POSITIVE_INFINITY) {
    throw new TypeError(`ttlSeconds must be a number of seconds above 0, got ${String(ttlSeconds)}`);
  }
  return Math.min(Math.ceil(ttlSeconds), MAX_TTL_SECONDS);
}

/** A string is iterable, too, and its letters are hardly the keys that were meant. */
export function checkedKeys(keys: Iterable<string>): string[] {
  if (typeof keys === 'string' || typeof keys?.[Symbol.iterator] !== 'function') {
    throw new TypeError('the keys must be a list of strings');
  }
  return Array.from(keys, checkedKey);
}

/** The two together are no more than 30 days; freshness goes before staleness. */
export function checkedStale(options: WrapOptions | undefined, ttlSeconds: Seconds): Seconds {
  const staleSeconds = options?.staleSeconds ?? 0;
  if (typeof staleSeconds !== 'number' || !(staleSeconds >= 0) || !Number.isFinite(staleSeconds)) {
    throw new TypeError(`staleSeconds must be a number of seconds from 0 up, got ${String(staleSeconds)}`);
  }
  return Math.min(Math.ceil(staleSeconds), MAX_TTL_SECONDS - ttlSeconds);
}
