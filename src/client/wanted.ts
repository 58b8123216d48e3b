import type { StandardSchemaV1 } from '@standard-schema/spec';
import { MAX_TTL_SECONDS, type Millis, type Seconds } from '../base/units.ts';
import { type EncodedValue, encodeValue, NOTHING } from '../codec/value.ts';
import type { Loader, WrapOptions } from './cache.ts';
import type { ClientCore } from './client-core.ts';
import type { Passenger } from './flights.ts';
import { jittered } from './jitter.ts';
import { checkedKey, checkedNegativeTtl, checkedStale, checkedTtl, checkedValidate } from './misuse.ts';

/** What a read-through is asked for, once checked. */
export interface Wanted<T> {
  readonly key: string;
  readonly load: Loader<T>;
  readonly ttlSeconds: Seconds;
  readonly staleSeconds: Seconds;
  /** `undefined` where only values are stored. */
  readonly negativeTtlSeconds: Seconds | undefined;
  readonly validate: StandardSchemaV1<unknown, T> | undefined;
  readonly signal: AbortSignal | undefined;
  /** Told that another loads what is wanted here. */
  readonly onWait?: (() => void) | undefined;
}

/** What is wanted of each key of a batch. */
export type WantedOfAll<T> = Omit<Wanted<T>, 'key' | 'load' | 'onWait'>;

/** @throws TypeError for what is no key, no loader, or a wrong option. */
export function checkedWanted<T>(
  method: string,
  key: string,
  load: Loader<T>,
  options: WrapOptions<T> | undefined,
): Wanted<T> {
  return { key: checkedKey(key), load: checkedLoader(method, load), ...checkedWrapOptions(options) };
}

/** @throws TypeError for what is no function. */
export function checkedLoader<L>(method: string, load: L): L {
  if (typeof load !== 'function') throw new TypeError(`${method} needs a loader`);
  return load;
}

/** @throws TypeError for a wrong option. */
export function checkedWrapOptions<T>(options: WrapOptions<T> | undefined): WantedOfAll<T> {
  const ttlSeconds = checkedTtl(options);
  return {
    ttlSeconds,
    staleSeconds: checkedStale(options, ttlSeconds),
    negativeTtlSeconds: checkedNegativeTtl(options),
    validate: checkedValidate(options),
    signal: options?.signal,
  };
}

/** What a loader gave, as it is stored. */
export interface LoadedItem {
  readonly encoded: EncodedValue;
  /** Before jitter. */
  readonly ttlSeconds: Seconds;
}

/** Who wants it, to those who may fly along. */
export const passengerOf = <T>(
  { endsAt, left }: { readonly endsAt: Millis; readonly left: Set<() => void> },
  { validate: schema, onWait }: Wanted<T>,
): Passenger => ({ endsAt, left, schema, onWait });

/**
 * The item that keeps what a loader gave; `undefined` where it gave nothing that is to be stored.
 *
 * @throws TypeError for a value that cannot be stored.
 */
export function encodedLoad<T>(
  { ttlSeconds, negativeTtlSeconds }: Wanted<T>,
  value: T,
): LoadedItem | undefined {
  const negative = value === undefined || value === null ? negativeTtlSeconds : undefined;
  if (value === undefined) {
    return negative === undefined ? undefined : { encoded: NOTHING, ttlSeconds: negative };
  }
  return { encoded: encodeValue(value), ttlSeconds: negative ?? ttlSeconds };
}

/** How long what was loaded is stored: equal times do not end together, and none is over 30 days. */
export function storedSeconds(core: ClientCore, ttlSeconds: Seconds, staleSeconds: Seconds): Seconds {
  return Math.min(jittered(ttlSeconds, core.random) + staleSeconds, MAX_TTL_SECONDS);
}
