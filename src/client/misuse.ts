// Misuse is the caller's mistake, and the one thing that the client throws.

import type { StandardSchemaV1 } from '@standard-schema/spec';
import { MAX_TTL_SECONDS, type Seconds } from '../base/units.ts';
import type { Counting, Updating } from './base-writes.ts';
import type { Change, CountOptions, StoreOptions, UpdateOptions, WrapOptions } from './cache.ts';

const UPDATE_TRIES = 5;

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
  return wholeTtl('ttlSeconds', options?.ttlSeconds);
}

function wholeTtl(name: string, seconds: unknown): Seconds {
  if (typeof seconds !== 'number' || !(seconds > 0) || seconds === Number.POSITIVE_INFINITY) {
    throw new TypeError(`${name} must be a number of seconds above 0, got ${String(seconds)}`);
  }
  return Math.min(Math.ceil(seconds), MAX_TTL_SECONDS);
}

/** A string is iterable, too, and its letters are hardly the keys that were meant. */
export function checkedKeys(keys: Iterable<string>): string[] {
  if (typeof keys === 'string' || typeof keys?.[Symbol.iterator] !== 'function') {
    throw new TypeError('the keys must be a list of strings');
  }
  return Array.from(keys, checkedKey);
}

export function checkedEntries(
  entries: Iterable<readonly [string, unknown]>,
): (readonly [string, unknown])[] {
  if (typeof entries === 'string' || typeof entries?.[Symbol.iterator] !== 'function') {
    throw new TypeError('the entries must be a list of pairs');
  }
  return Array.from(entries);
}

/** The two together are no more than 30 days; freshness goes before staleness. */
export function checkedStale(options: WrapOptions<unknown> | undefined, ttlSeconds: Seconds): Seconds {
  const staleSeconds = options?.staleSeconds ?? 0;
  if (typeof staleSeconds !== 'number' || !(staleSeconds >= 0) || !Number.isFinite(staleSeconds)) {
    throw new TypeError(`staleSeconds must be a number of seconds from 0 up, got ${String(staleSeconds)}`);
  }
  return Math.min(Math.ceil(staleSeconds), MAX_TTL_SECONDS - ttlSeconds);
}

export function checkedNegativeTtl(options: WrapOptions<unknown> | undefined): Seconds | undefined {
  const seconds = options?.negativeTtlSeconds;
  return seconds === undefined ? undefined : wholeTtl('negativeTtlSeconds', seconds);
}

/** Schemas of some libraries are functions. */
export function checkedValidate<T>(
  options: WrapOptions<T> | undefined,
): StandardSchemaV1<unknown, T> | undefined {
  const validate = options?.validate as StandardSchemaV1<unknown, T> | undefined;
  if (validate === undefined || typeof validate?.['~standard']?.validate === 'function') return validate;
  throw new TypeError('validate must be a Standard Schema, as zod, valibot and others make them');
}

/** A time to live without an `initial` would be that of no item. */
export function checkedCounting(
  direction: Counting['direction'],
  options: CountOptions | undefined,
): Counting {
  const { by = 1, initial, ttlSeconds } = options ?? {};
  checkedWhole('by', by, 0);
  if (initial === undefined) {
    if (ttlSeconds !== undefined) throw new TypeError('ttlSeconds of a count needs an initial');
    return { direction, by, initial };
  }
  checkedWhole('initial', initial, 0);
  return { direction, by, initial: { value: initial, ttlSeconds: checkedTtl({ ttlSeconds }) } };
}

export function checkedUpdating<T>(change: Change<T>, options: UpdateOptions | undefined): Updating<T> {
  if (typeof change !== 'function') throw new TypeError('update needs a function that gives the new value');
  const ttlSeconds = checkedTtl(options);
  const tries = options?.tries ?? UPDATE_TRIES;
  checkedWhole('tries', tries, 1);
  return { change, ttlSeconds, tries };
}

function checkedWhole(name: string, value: unknown, least: number): void {
  if (Number.isSafeInteger(value) && (value as number) >= least) return;
  throw new TypeError(`${name} must be a whole number from ${least} to 2^53 - 1, got ${String(value)}`);
}
