import type { Clock } from '../base/clock.ts';
import type { Observer } from '../base/events.ts';
import type { Random } from '../base/random.ts';
import type { Millis, Seconds } from '../base/units.ts';
import type { Cluster } from './cluster.ts';
import type { Flights } from './flights.ts';
import type { HotDetection } from './hot-detection.ts';
import type { OwnWrites } from './own-writes.ts';
import type { Routing } from './routing.ts';
import type { StaleWatch } from './stale-watch.ts';

/** What all invocations of an environment share. */
export interface ClientCore {
  readonly cluster: Cluster;
  readonly routing: Routing;
  /** Computed when asked for. */
  readonly fingerprint: () => string;
  /** `[namespace:][schema:]`. */
  readonly prefix: string;
  /** Prefixes of the other schemas that a delete must reach. */
  readonly invalidatedPrefixes: readonly string[];
  readonly copyTtlSeconds: Seconds;
  /** Whether read-through and copies use leases, where the node has them. */
  readonly leases: boolean;
  readonly loadTimeoutMillis: Millis;
  readonly flights: Flights;
  readonly ownWrites: OwnWrites;
  /** The same for as long as the gutter keeps anything. */
  readonly recentWrites: OwnWrites;
  /** `undefined` where hot keys are not looked for. */
  readonly hotDetection?: HotDetection | undefined;
  readonly staleWatch: StaleWatch;
  readonly operationTimeoutMillis: Millis;
  readonly clock: Clock;
  readonly random: Random;
  readonly observe: Observer;
}
