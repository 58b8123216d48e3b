/** One process that reads a stream of keys through one of the clients. */
export interface ReaderSettings {
  readonly client: 'smearcache' | 'plain Ketama';
  readonly configEndpoint: string;
  readonly nodes: readonly string[];
  readonly keys: number;
  readonly readsPerSecond: number;
  readonly ttlSeconds: number;
  /** So long the first fill of a key lives for any time up to that. */
  readonly warmSeconds: number;
  readonly seed: number;
}

/** The node list of the plain client, which does not look for itself; for ours, that it may look again. */
export type ToReader = { readonly kind: 'nodes'; readonly nodes: readonly string[] };

/** Each load as it happens, and how many reads there were in the last tick. */
export type FromReader =
  | { readonly kind: 'load'; readonly key: string }
  | { readonly kind: 'reads'; readonly count: number };
