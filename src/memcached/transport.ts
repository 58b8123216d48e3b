import { type CacheError, NodeTimeoutError } from '../base/errors.ts';
import type {
  CasOutcome,
  CountOutcome,
  DeleteOutcome,
  FetchOutcome,
  LeaseOutcome,
  LookOutcome,
  SampleOutcome,
  StoreOutcome,
} from '../base/outcome.ts';
import type { Millis, Seconds } from '../base/units.ts';

/** Longer idle than this by the time of day, and a connection may have been dropped without a word. */
export const STALE_AFTER_MILLIS: Millis = 30_000;

/** What a transport can do. The client plans by these, and never asks which transport it has. */
export interface Capabilities {
  /** Leases: one reader of a missing item is told to fill it. */
  readonly leases: boolean;
  /** A read can tell the item's remaining time to live. */
  readonly remainingTtl: boolean;
  /** Sampled counters can ride on the same connection. */
  readonly counters: boolean;
  readonly tls: boolean;
  /** Several keys in one round trip and one write. */
  readonly multiGet: boolean;
}

/** An item as it goes on the wire: bytes, client flags, whole seconds to live. */
export interface WireItem {
  readonly value: Buffer;
  readonly flags: number;
  readonly ttlSeconds: Seconds;
}

export type StoreMode = 'set' | 'add' | 'replace';

export type CountDirection = 'up' | 'down';

/**
 * One memcached node. Every call settles with an outcome and never rejects, whatever the node, the network
 * or a freeze does; none outlives `endsAt` (monotonic milliseconds, `NEVER` for no bound beside the
 * transport's own timeouts), and none is sent after it. Keys have passed `storageKey`.
 */
export interface NodeTransport {
  readonly capabilities: Capabilities;
  get(key: string, endsAt: Millis): Promise<FetchOutcome>;
  /** `get` that also tells the item's remaining time, where the transport can. */
  getWithTtl(key: string, endsAt: Millis): Promise<FetchOutcome>;
  /** Outcomes in the order of `keys`. */
  getMany(keys: readonly string[], endsAt: Millis): Promise<readonly FetchOutcome[]>;
  store(mode: StoreMode, key: string, item: WireItem, endsAt: Millis): Promise<StoreOutcome>;
  delete(key: string, endsAt: Millis): Promise<DeleteOutcome>;
  /**
   * Reads, and takes the lease of an absent item for `leaseSeconds`, or of one with less than `refreshSeconds` to live.
   * With the capability `leases` only.
   */
  lease(key: string, leaseSeconds: Seconds, refreshSeconds: Seconds, endsAt: Millis): Promise<LeaseOutcome>;
  /** `get` with the right to replace the item, which `fill` takes. */
  getWithCas(key: string, endsAt: Millis): Promise<CasOutcome>;
  /** Looks at an item without reading it, and where `touchSeconds` are given, makes them its time to live. */
  look(key: string, touchSeconds: Seconds | undefined, endsAt: Millis): Promise<LookOutcome>;
  /**
   * Adds to the number that an item is, in 64 bits without a sign, or takes from it, which ends at 0. Makes no item.
   * Like `add` and `fill`, it is never sent a second time.
   */
  count(key: string, direction: CountDirection, by: number, endsAt: Millis): Promise<CountOutcome>;
  /**
   * Adds to a counter that begins at nothing with its first sample and is forgotten `windowSeconds` after that, and tells
   * what it has come to. `by` 0 only looks, and begins one that is not there. With the capability `counters` only; never
   * sent a second time.
   */
  sample(key: string, windowSeconds: Seconds, by: number, endsAt: Millis): Promise<SampleOutcome>;
  /**
   * Stores by a lease or by the `cas` of a read: `refused` where the item was deleted, stored or leased again meanwhile,
   * or where the connection that told the `cas` is gone.
   */
  fill(key: string, item: WireItem, cas: string, endsAt: Millis): Promise<StoreOutcome>;
  /**
   * Gives a lease back unused, so that the next reader wins it; with `keepStale` a stale value stays where there is one,
   * else the item goes.
   */
  giveBack(key: string, cas: string, keepStale: boolean, endsAt: Millis): Promise<DeleteOutcome>;
  /** Puts the deadline timer away. Called when an invocation ends, so that nothing ticks while frozen. */
  rest(): void;
  /** Takes no more calls, and gives the socket back once those in flight have settled, each within its deadline. */
  retire(): Promise<void>;
  /** Settles what is in flight as unavailable and gives the socket back. The transport is not used again. */
  close(): Promise<void>;
}

/** What a transport tells its owner about the node's health. */
export interface TransportListener {
  /** The node answered on a fresh connection. */
  answered(): void;
  /** The node refused a connection or let a deadline pass. Freezes and late timers are not reported. */
  failed(error: CacheError): void;
  /** Which transport the node's engine gets. */
  chose?(transport: 'meta' | 'memjs', version: string): void;
}

export interface TransportOptions {
  readonly connectTimeoutMillis: Millis;
  readonly operationTimeoutMillis: Millis;
}

/** Of a node that left a reply owing, or before that a connection. */
export function timeoutOf(node: string, sent: boolean, options: TransportOptions): NodeTimeoutError {
  return sent
    ? new NodeTimeoutError(node, 'reply', options.operationTimeoutMillis)
    : new NodeTimeoutError(node, 'connect', options.connectTimeoutMillis);
}
