import type { Millis } from '../base/units.ts';
import type { Cache } from './cache.ts';

/** The cache as one invocation sees it. */
export interface InvocationCache extends Cache {
  /**
   * Waits for this invocation's calls and for what runs beside all of them, no longer than until `endsAt`, and puts the
   * timers away; `undefined` where nothing is to be awaited.
   */
  settle(endsAt: Millis): Promise<void> | undefined;
}

/** One environment's client. Each invocation gets its own view of it, bounded by its own end. */
export interface Client {
  /** A cache whose operations end by `endsAt` (monotonic milliseconds). Its `close` leaves the client open. */
  cacheFor(endsAt: Millis): InvocationCache;
  /** `undefined` where the nodes are known already; else waits for them, no longer than until `endsAt`. */
  connect(endsAt: Millis): Promise<void> | undefined;
}
