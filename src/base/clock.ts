import type { Millis } from './units.ts';

/**
 * Time comes in as an argument, so that tests own it.
 *
 * `monotonic` never goes back and measures deadlines. `wall` is the time of day: it also moves while an
 * environment is frozen on a host whose monotonic clock stands still, so a thaw shows there.
 */
export interface Clock {
  monotonic(): Millis;
  wall(): Millis;
}

export const systemClock: Clock = {
  monotonic: () => performance.now(),
  wall: () => Date.now(),
};
