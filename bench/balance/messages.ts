import type { SmearOptions } from '../../src/client/options.ts';
import type { StreamName } from './streams.ts';
import type { WatchedRead, WireCounts } from './wire-tap.ts';

/** What one process of the fleet is to do. */
export interface Orders {
  readonly names: readonly string[];
  readonly addresses: readonly string[];
  readonly smear: SmearOptions;
  readonly stream: StreamName;
  /** Environments that are alive at any time. */
  readonly environments: number;
  /** The mean life of one. */
  readonly lifeSeconds: number;
  /** Requests per second, whether answers come or not. */
  readonly rate: number;
  /** Of the requests for the hottest key, the share that deletes it. */
  readonly deletes: number;
  readonly seed: number;
}

export type ToWorker =
  | { readonly kind: 'start'; readonly orders: Orders }
  /** From now on this share of the requests is for `key`, in place of what was drawn; its reads are watched. */
  | { readonly kind: 'surge'; readonly key: string; readonly share: number }
  | { readonly kind: 'count' }
  | { readonly kind: 'stop' };

/** Totals since the start. */
export interface WorkerCounts {
  readonly requests: number;
  /** Requests that were not made, since too many were under way. */
  readonly shed: number;
  /** What clients warned of: nodes that they took for dead, above all. */
  readonly warnings: number;
  readonly births: number;
  readonly sockets: number;
  readonly cpuSeconds: number;
  readonly wire: WireCounts;
}

export type FromWorker =
  | { readonly kind: 'done'; readonly counts: WorkerCounts; readonly watchedReads: readonly WatchedRead[] }
  | { readonly kind: 'failed'; readonly reason: string };
