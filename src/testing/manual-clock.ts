import type { Clock } from '../base/clock.ts';
import type { Millis } from '../base/units.ts';

/** 2026-01-01T00:00:00Z: a whole second, so that `advance(1000)` crosses exactly one of memcached's ticks. */
const DEFAULT_WALL: Millis = 1_767_225_600_000;

/** A clock that stands still until a test moves it. Give one to `startNode` to let TTLs pass at once. */
export class ManualClock implements Clock {
  #monotonic: Millis = 0;
  #wall: Millis;

  /** @param wall time of day at the start, in milliseconds since 1970 */
  constructor(wall: Millis = DEFAULT_WALL) {
    this.#wall = wall;
  }

  /** Both readings move on by `millis`. */
  advance(millis: Millis): void {
    if (!(millis >= 0)) throw new RangeError(`a clock moves forward, not by ${millis} ms`);
    this.#monotonic += millis;
    this.#wall += millis;
  }

  /** Milliseconds since the start, by which deadlines are measured. */
  monotonic(): Millis {
    return this.#monotonic;
  }

  /** The time of day, in milliseconds since 1970. */
  wall(): Millis {
    return this.#wall;
  }
}
