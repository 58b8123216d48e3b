import type { Clock } from '../base/clock.ts';
import { MAX_TTL_SECONDS, type Seconds } from '../base/units.ts';

/** memcached's own clock starts here, so that its stamps are never 0, which means "never". */
const FIRST_SECOND: Seconds = 62;
/** A stamp that has always passed. */
const LONG_AGO: Seconds = 1;

/**
 * A node's seconds, counted from its start on the wall clock; memcached keeps no finer time. The second of a
 * node turns when a whole second has passed since its start, so a TTL of 1 lasts between 0 and 1 s.
 */
export class ServerTime {
  readonly #clock: Clock;
  readonly #startedAt: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#startedAt = clock.wall();
  }

  now(): Seconds {
    return FIRST_SECOND + this.uptime();
  }

  uptime(): Seconds {
    return Math.floor((this.#clock.wall() - this.#startedAt) / 1000);
  }

  /** Time of day, in seconds since 1970. */
  unix(): Seconds {
    return Math.floor(this.#clock.wall() / 1000);
  }

  /**
   * When an item with this time to live ends: 0 never, a negative one has ended, up to 30 days counts from
   * now, and more is a date in seconds since 1970.
   */
  expiry(ttl: Seconds): Seconds {
    if (ttl === 0) return 0;
    if (ttl < 0) return LONG_AGO;
    if (ttl <= MAX_TTL_SECONDS) return this.now() + ttl;
    const secondZero = Math.floor(this.#startedAt / 1000) - FIRST_SECOND;
    return Math.max(LONG_AGO, ttl - secondZero);
  }
}
