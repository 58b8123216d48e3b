import type { Clock } from '../base/clock.ts';
import type { Millis } from '../base/units.ts';
import { boundedLoad } from './bounded-load.ts';

/** Nobody joins a flight that is older: a freeze, or a slow origin, must not hand out what was read long ago. */
const JOINABLE_MILLIS: Millis = 1_000;

/** What a flight comes to whose invocation ended while it waited: who joined it goes on alone. */
export const ABANDONED = Symbol('abandoned');
export type Abandoned = typeof ABANDONED;

/** Who asks for a flight. */
export interface Passenger {
  /** How long it may wait (monotonic). */
  readonly endsAt: Millis;
  /** Told when it joins another's flight. */
  readonly joined?: (() => void) | undefined;
  /** Takes what is to be done where its invocation is over before the flight is. */
  readonly left?: Set<() => void> | undefined;
}

interface Flight {
  readonly result: Promise<unknown>;
  /** When its own invocation is over, and the flight with it. */
  readonly endsAt: Millis;
  /** By both clocks: one of them goes on during a freeze. */
  readonly startedAt: Millis;
  readonly startedOn: Millis;
}

/**
 * Read-throughs of one process that found nothing share one flight, for a second and never across a write of its own.
 * All that a flight gives was read, or loaded, after it began.
 */
export class Flights {
  readonly #clock: Clock;
  readonly #flights = new Map<string, Flight>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `start`, or the flight of another that lasts as long as this caller may wait. Rejects as the flight does. */
  share<T>(key: string, passenger: Passenger, start: () => Promise<T | Abandoned>): Promise<T> {
    const { endsAt, joined, left } = passenger;
    const known = this.#flights.get(key);
    if (known === undefined || known.endsAt < endsAt || !this.#joinable(known)) {
      return this.lead(key, endsAt, start);
    }
    joined?.();
    const landing = (): Promise<T | Abandoned> => known.result as Promise<T | Abandoned>;
    return boundedLoad(landing, key, endsAt, this.#clock, left).then((result) =>
      result === ABANDONED ? this.share(key, passenger, start) : result,
    );
  }

  /** `start` as the flight that others join from now on. */
  lead<T>(key: string, endsAt: Millis, start: () => Promise<T | Abandoned>): Promise<T> {
    const result = start();
    const flight: Flight = {
      result,
      endsAt,
      startedAt: this.#clock.monotonic(),
      startedOn: this.#clock.wall(),
    };
    this.#flights.set(key, flight);
    // Only its owner releases a slot: another flight may have taken it.
    const release = (): void => {
      if (this.#flights.get(key) === flight) this.#flights.delete(key);
    };
    result.then(release, release);
    return orNever(result);
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

/** An abandoned call has nobody left to tell, and a rejection that nobody handles would end the process. */
export async function orNever<T>(result: Promise<T | Abandoned>): Promise<T> {
  const landed = await result;
  return landed === ABANDONED ? new Promise<never>(() => {}) : (landed as T);
}
