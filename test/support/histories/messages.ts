import type { Read } from './history.ts';

/** What lies in the cache. The key is there to tell a reply that went to another request. */
export interface VersionedValue {
  readonly key: string;
  readonly version: number;
}

/** From the parent to a worker. */
export type ToWorker =
  | { readonly kind: 'answer'; readonly id: number; readonly version: number }
  /** Writes this key; reads it a few times. */
  | { readonly kind: 'write' | 'look'; readonly key: string }
  | { readonly kind: 'stop' };

/** And back. `load` and `commit` ask the origin, which is the parent's. */
export type FromWorker =
  | { readonly kind: 'load' | 'commit' | 'foreign-commit'; readonly id: number; readonly key: string }
  | { readonly kind: 'acknowledged'; readonly key: string; readonly version: number; readonly at: number }
  | { readonly kind: 'reads'; readonly reads: readonly Omit<Read, 'worker'>[]; readonly empty: number }
  /** It has stopped itself in the middle of a call, and is to be thawed; of an ambush, after others wrote that key. */
  | { readonly kind: 'frozen'; readonly ambush?: string };
