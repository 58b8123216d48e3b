import type { CacheError } from './errors.ts';

/** What the client tells an observer. Only things that an operator may want to know, never one event a read. */
export type ClientEvent =
  | { readonly kind: 'topology-changed'; readonly version: string; readonly nodes: readonly string[] }
  | { readonly kind: 'discovery-failed'; readonly error: CacheError; readonly keptNodes: number }
  | {
      readonly kind: 'node-down';
      readonly node: string;
      readonly error: CacheError;
      readonly retryInMillis: number;
    }
  | { readonly kind: 'node-up'; readonly node: string }
  | {
      readonly kind: 'transport-chosen';
      readonly node: string;
      readonly transport: 'meta' | 'memjs';
      readonly version: string;
    }
  | { readonly kind: 'refresh-failed'; readonly key: string; readonly reason: string }
  /** Told each time. `key` is the storage key, `bytes` what would have been sent: the packed size of what was packed. */
  | { readonly kind: 'value-skipped'; readonly key: string; readonly node: string; readonly bytes: number }
  /** Told each time, for each item. `key` is the storage key. The item was a copy, or a miss comes of it. */
  | { readonly kind: 'value-undecodable'; readonly key: string; readonly reason: string }
  /**
   * Told by the process that put the key on the fleet's list. `share`: of the cluster's load, 0..1; `copies`: on how many
   * nodes it is from now on, the base's among them.
   */
  | {
      readonly kind: 'hot-key-promoted';
      readonly key: string;
      readonly share: number;
      readonly copies: number;
      readonly version: number;
    }
  | { readonly kind: 'hot-key-demoted'; readonly key: string; readonly version: number }
  /** What lies in the place of the hot list is none, and was ignored. */
  | { readonly kind: 'hot-list-refused'; readonly reason: string };

export type Observer = (event: ClientEvent) => void;
