import type { StandardSchemaV1 } from '@standard-schema/spec';
import { type Millis, NEVER, type Seconds } from '../base/units.ts';
import { type EncodedValue, encodeValue, NOTHING } from '../codec/value.ts';
import type { Loader, WrapOptions } from './cache.ts';
import type { ClientCore } from './client-core.ts';
import { jittered } from './jitter.ts';
import { checkedKey, checkedNegativeTtl, checkedStale, checkedTtl, checkedValidate } from './misuse.ts';

/** A loader may take as long as it may; a lease outlasts it by this, so that its value is still taken. */
export const LEASE_BEYOND_LOAD_SECONDS: Seconds = 1;

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
  readonly waits?: (() => void) | undefined;
}

/** @throws TypeError for what is no key, no loader, or a wrong option. */
export function checkedWanted<T>(
  method: string,
  key: string,
  load: Loader<T>,
  options: WrapOptions<T> | undefined,
): Wanted<T> {
  checkedKey(key);
  if (typeof load !== 'function') throw new TypeError(`${method} needs a loader`);
  const ttlSeconds = checkedTtl(options);
  return {
    key,
    load,
    ttlSeconds,
    staleSeconds: checkedStale(options, ttlSeconds),
    negativeTtlSeconds: checkedNegativeTtl(options),
    validate: checkedValidate(options),
    signal: options?.signal,
  };
}

/** The item that keeps what a loader gave; `undefined` where it gave nothing that is to be stored. */
export function encodedLoad<T>(
  { ttlSeconds, negativeTtlSeconds }: Wanted<T>,
  value: T,
): { readonly encoded: EncodedValue; readonly ttlSeconds: Seconds } | undefined {
  const negative = value === undefined || value === null ? negativeTtlSeconds : undefined;
  if (value === undefined) {
    return negative === undefined ? undefined : { encoded: NOTHING, ttlSeconds: negative };
  }
  return { encoded: encodeValue(value), ttlSeconds: negative ?? ttlSeconds };
}

/** How long what was loaded is stored: equal times do not end together. */
export function storedSeconds(core: ClientCore, ttlSeconds: Seconds, staleSeconds: Seconds): Seconds {
  return jittered(ttlSeconds, core.random) + staleSeconds;
}

/** As long as the loader may take, and a moment to store what it gave. */
export function leaseSeconds({ loadTimeoutMillis, clock }: ClientCore, endsAt: Millis): Seconds {
  const left = endsAt === NEVER ? NEVER : Math.max(0, endsAt - clock.monotonic());
  return Math.ceil(Math.min(loadTimeoutMillis, left) / 1000) + LEASE_BEYOND_LOAD_SECONDS;
}
