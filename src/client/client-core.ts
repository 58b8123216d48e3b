import type { Clock } from '../base/clock.ts';
import type { Observer } from '../base/events.ts';
import type { Random } from '../base/random.ts';
import type { Seconds } from '../base/units.ts';
import type { Cluster } from './cluster.ts';

/** What all invocations of an environment share. */
export interface ClientCore {
  readonly cluster: Cluster;
  /** Computed when asked for. */
  readonly fingerprint: () => string;
  /** `[namespace:][schema:]`. */
  readonly prefix: string;
  /** Prefixes of the other schemas that a delete must reach. */
  readonly invalidatedPrefixes: readonly string[];
  readonly copyTtlSeconds: Seconds;
  readonly clock: Clock;
  readonly random: Random;
  readonly observe: Observer;
}
