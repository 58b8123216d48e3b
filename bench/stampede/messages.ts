/** A cached value: which load of the origin it came from. */
export interface Value {
  readonly version: number;
  readonly text: string;
}

/** To a process of the fleet. */
export type ToWorker =
  | {
      readonly kind: 'open';
      readonly reader: string;
      readonly nodes: readonly string[];
      readonly stale: boolean;
    }
  | { readonly kind: 'warm'; readonly reads: number }
  | { readonly kind: 'burst'; readonly callers: number; readonly atMillis: number }
  | { readonly kind: 'loaded'; readonly id: number; readonly value?: Value };

/** And back. `load` asks the origin, which is the parent's. */
export type FromWorker =
  | { readonly kind: 'ready' }
  | { readonly kind: 'load'; readonly id: number }
  | { readonly kind: 'calls'; readonly calls: readonly CallOfBurst[] }
  | { readonly kind: 'failed'; readonly reason: string };

/** What one caller got: a version, or none where it failed or was given nothing. */
export interface CallOfBurst {
  readonly version?: number | undefined;
  readonly millis: number;
}
