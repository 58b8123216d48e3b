import type { CacheError } from './errors.ts';

/** No node answered. A fact of its own: silence is not a miss. */
export interface Unavailable {
  readonly kind: 'unavailable';
  readonly error: CacheError;
}

/** `ttlSeconds`: the remaining time, -1 for ever; `undefined` where it was not asked for or cannot be told. */
export interface Hit {
  readonly kind: 'hit';
  /** Owned by the receiver. */
  readonly value: Buffer;
  readonly flags: number;
  readonly ttlSeconds?: number | undefined;
}

/** What one node said of one key. */
export type FetchOutcome = Hit | { readonly kind: 'miss' } | Unavailable;

/**
 * What a reader of a leased key is told. `cas` is the right to fill: what is stored by it is stored only if nothing
 * else happened to the item since.
 */
export type LeaseOutcome =
  /** A value. `won`: it is past its freshness, and this reader alone is asked to renew it. `stale`: past its freshness. */
  | (Hit & { readonly cas: string; readonly won: boolean; readonly stale: boolean })
  /** No value; this reader alone is asked to fill it. A stub stands in its place for the length of the lease. */
  | { readonly kind: 'won'; readonly cas: string }
  /** No value; another reader holds the lease. */
  | { readonly kind: 'leased' }
  /** The node has no leases. */
  | { readonly kind: 'unsupported' }
  | Unavailable;

/**
 * What a read with the right to replace says. `cas` is missing where the node runs without compare-and-swap. `leased`: it
 * is past its freshness, and somebody renews it or should.
 */
export type CasOutcome =
  | (Hit & { readonly cas: string | undefined; readonly leased?: boolean })
  | { readonly kind: 'miss' }
  | Unavailable;

/** An item without its value: its length in bytes, its client flags, and the right to replace it as in `CasOutcome`. */
export interface Found {
  readonly kind: 'found';
  readonly bytes: number;
  readonly flags: number;
  readonly cas: string | undefined;
}
export type LookOutcome = Found | { readonly kind: 'miss' } | Unavailable;

/** `refused` covers what the item's condition forbids: `add` on a present key, `replace` on an absent one. */
export type StoreOutcome =
  | { readonly kind: 'stored' }
  | { readonly kind: 'refused' }
  | { readonly kind: 'too-large' }
  /** The cache is switched off. */
  | { readonly kind: 'disabled' }
  | Unavailable;

export type DeleteOutcome =
  | { readonly kind: 'deleted' }
  | { readonly kind: 'not-found' }
  | { readonly kind: 'disabled' }
  | Unavailable;

export type CountOutcome =
  /** The number that the item holds now. */
  | { readonly kind: 'counted'; readonly value: number }
  | { readonly kind: 'not-found' }
  /** The item is no number, or has been counted beyond 2^53 - 1, which a number does not hold. */
  | { readonly kind: 'refused' }
  | { readonly kind: 'disabled' }
  | Unavailable;

export type SampleOutcome =
  /** What the counter has come to, and how long it has left of its window, in whole seconds. */
  | { readonly kind: 'counted'; readonly value: number; readonly remainingSeconds: number }
  /** Something else lies under the counter's key. */
  | { readonly kind: 'refused' }
  /** The node has no such counters. */
  | { readonly kind: 'unsupported' }
  | Unavailable;

export type TouchOutcome =
  | { readonly kind: 'touched' }
  | { readonly kind: 'not-found' }
  | { readonly kind: 'disabled' }
  | Unavailable;

export type UpdateOutcome<T> =
  | { readonly kind: 'stored'; readonly value: T }
  /** The item was left as it is: `value`, or `undefined` where there is none. */
  | { readonly kind: 'unchanged'; readonly value: T | undefined }
  /** Somebody else changed the item at every try. */
  | { readonly kind: 'refused' }
  | { readonly kind: 'too-large' }
  | { readonly kind: 'disabled' }
  | Unavailable;

// Outcomes without content are shared: a miss on the read path allocates nothing.
export const MISS = { kind: 'miss' } as const satisfies FetchOutcome;
export const STORED = { kind: 'stored' } as const satisfies StoreOutcome;
export const REFUSED = { kind: 'refused' } as const satisfies StoreOutcome;
export const TOO_LARGE = { kind: 'too-large' } as const satisfies StoreOutcome;
export const DELETED = { kind: 'deleted' } as const satisfies DeleteOutcome;
export const DISABLED = { kind: 'disabled' } as const satisfies StoreOutcome & DeleteOutcome;
export const NOT_FOUND = { kind: 'not-found' } as const satisfies DeleteOutcome;
export const TOUCHED = { kind: 'touched' } as const satisfies TouchOutcome;

export const unavailable = (error: CacheError): Unavailable => ({ kind: 'unavailable', error });
