import type { Clock } from '../base/clock.ts';
import type { Millis } from '../base/units.ts';
import { boundedLoad } from './bounded-load.ts';

/** Nobody joins a flight that is older: a freeze, or a slow origin, must not hand out what was read long ago. */
const JOINABLE_MILLIS: Millis = 1_000;

interface Flight {
  readonly result: Promise<unknown>;
  /** When its own invocation is over, and the flight with it. */
  readonly endsAt: Millis;
  /** By both clocks: one of them goes on during a freeze. */
  readonly startedAt: Millis;
  readonly startedOn: Millis;
}

/** Equal read-throughs of one process share one flight, for a second and never across a write of its own. */
export class Flights {
  readonly #clock: Clock;
  readonly #flights = new Map<string, Flight>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `start`, or the flight of another that lasts as long as this caller may wait. Rejects as the flight does. */
  share<T>(key: string, endsAt: Millis, start: () => Promise<T>): Promise<T> {
    const known = this.#flights.get(key);
    if (known !== undefined && known.endsAt >= endsAt && this.#joinable(known)) {
      return boundedLoad(() => known.result as Promise<T>, key, endsAt, this.#clock);
    }
    const flight: Flight = {
      result: start().finally(() => {
        // Only its owner releases a slot: another flight may have taken it.
        if (this.#flights.get(key) === flight) this.#flights.delete(key);
      }),
      endsAt,
      startedAt: this.#clock.monotonic(),
      startedOn: this.#clock.wall(),
    };
    this.#flights.set(key, flight);
    return flight.result as Promise<T>;
  }

  /** A write of our own: who reads from now on must not be given what was read before. */
  forget(key: string): void {
    this.#flights.delete(key);
  }

  #joinable({ startedAt, startedOn }: Flight): boolean {
    const age = Math.max(this.#clock.monotonic() - startedAt, this.#clock.wall() - startedOn);
    return age < JOINABLE_MILLIS;
  }
}
