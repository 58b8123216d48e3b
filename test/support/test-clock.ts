import type { Clock } from '../../src/base/clock.ts';

/** A clock whose two readings a test moves, together or apart. */
export class TestClock implements Clock {
  #monotonic: number;
  #wall: number;

  constructor(monotonic = 1_000, wall = 1_767_225_600_000) {
    this.#monotonic = monotonic;
    this.#wall = wall;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  wall(): number {
    return this.#wall;
  }

  advance(millis: number): void {
    this.#monotonic += millis;
    this.#wall += millis;
  }

  /** Moves the time of day alone: a freeze on a host whose monotonic clock stands still, or a clock that is set. */
  moveWall(millis: number): void {
    this.#wall += millis;
  }
}
