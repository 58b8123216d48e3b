import type { SelfCheckReport } from '../base/self-check-report.ts';
import type { Tally } from '../base/tally.ts';
import type { Millis } from '../base/units.ts';
import type { Cache } from './cache.ts';
import type { SelfCheck } from './self-check.ts';

/** The cache as one invocation sees it. */
export interface InvocationCache extends Cache {
  /** What this invocation's calls came to. */
  readonly tally: Tally;
  /**
   * Waits for this invocation's calls and for what runs beside all of them, no longer than until `endsAt`, and puts the
   * timers away; `undefined` where nothing is to be awaited.
   */
  settle(endsAt: Millis): Promise<void> | undefined;
}

/** One environment's client. Each invocation gets its own view of it, bounded by its own end. */
export interface Client {
  /**
   * A cache whose operations end by `endsAt` (monotonic milliseconds). Its `close` leaves the client open. `namespace`
   * stands in the place of the options' own: nothing that lies there is read or written.
   */
  cacheFor(endsAt: Millis, namespace?: string): InvocationCache;
  /** `undefined` where the nodes are known already; else waits for them, no longer than until `endsAt`. */
  connect(endsAt: Millis): Promise<void> | undefined;
  /** Tells what this version is, and tries every node. */
  selfCheck(check: SelfCheck): Promise<SelfCheckReport>;
}
