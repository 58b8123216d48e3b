import type { CacheError } from './errors.ts';

/** No node answered. A fact of its own: silence is not a miss. */
export interface Unavailable {
  readonly kind: 'unavailable';
  readonly error: CacheError;
}

/** What one node said of one key. `value` is owned by the receiver. */
export type FetchOutcome =
  | { readonly kind: 'hit'; readonly value: Buffer; readonly flags: number }
  | { readonly kind: 'miss' }
  | Unavailable;

/** `refused` covers what the item's condition forbids: `add` on a present key, `replace` on an absent one. */
export type StoreOutcome =
  | { readonly kind: 'stored' }
  | { readonly kind: 'refused' }
  | { readonly kind: 'too-large' }
  | Unavailable;

export type DeleteOutcome = { readonly kind: 'deleted' } | { readonly kind: 'not-found' } | Unavailable;

// Outcomes without content are shared: a miss on the read path allocates nothing.
export const MISS = { kind: 'miss' } as const satisfies FetchOutcome;
export const STORED = { kind: 'stored' } as const satisfies StoreOutcome;
export const REFUSED = { kind: 'refused' } as const satisfies StoreOutcome;
export const TOO_LARGE = { kind: 'too-large' } as const satisfies StoreOutcome;
export const DELETED = { kind: 'deleted' } as const satisfies DeleteOutcome;
export const NOT_FOUND = { kind: 'not-found' } as const satisfies DeleteOutcome;

export const unavailable = (error: CacheError): Unavailable => ({ kind: 'unavailable', error });
