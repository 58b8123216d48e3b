/** What lies in the cache. The key is there to tell a reply that went to another request. */
export interface DrillValue {
  readonly key: string;
  readonly version: number;
  readonly padding: string;
}

/** Host names by address, as far as a process is to know them: what it asks for else is not found. */
export type Names = Readonly<Record<string, string>>;

/** What an environment needs to know to start. */
export interface EnvironmentSettings {
  readonly configEndpoint: string;
  readonly copyTtlSeconds: number;
  /** `undefined`: names are resolved as always. */
  readonly names?: Names | undefined;
  readonly seed: number;
  /** How many clients are opened in this process; more than one only for a crowd, which waits for `burst`. */
  readonly clients: number;
}

export type Operation = 'wrap' | 'get' | 'delete';

/** One call of a handler. Times are the machine's monotonic milliseconds. */
export interface Call {
  readonly op: Operation;
  readonly key: string;
  readonly startedAt: number;
  readonly endedAt: number;
  /** Of the value that was given; -1 for a value of another key, missing where there was none. */
  readonly version?: number | undefined;
  /** What it threw. */
  readonly error?: string | undefined;
}

/** From the parent. `age` moves the time of day on; after `long-freeze` the next freeze seems to last so long. */
export type ToEnvironment =
  | { readonly kind: 'answer'; readonly id: number; readonly version: number }
  | { readonly kind: 'names'; readonly names: Names }
  | { readonly kind: 'age' | 'long-freeze'; readonly millis: number }
  | { readonly kind: 'burst' | 'stop' };

/** And back. `load` and `commit` ask the origin, which is the parent's. */
export type FromEnvironment =
  | { readonly kind: 'ready' | 'burst-over' }
  | { readonly kind: 'load' | 'commit'; readonly id: number; readonly key: string }
  | { readonly kind: 'acknowledged'; readonly key: string; readonly version: number; readonly at: number }
  | { readonly kind: 'calls'; readonly calls: readonly Call[] }
  | { readonly kind: 'topology'; readonly version: string; readonly nodes: readonly string[] }
  | { readonly kind: 'node-down'; readonly node: string; readonly at: number }
  /** After `close()`: calls that never came back, and sockets and timers that are still there. */
  | { readonly kind: 'ended'; readonly hanging: number; readonly left: readonly string[] };
