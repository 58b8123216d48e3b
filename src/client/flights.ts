import type { Clock } from '../base/clock.ts';
import type { Millis } from '../base/units.ts';
import { boundedLoad } from './bounded-load.ts';

/** Nobody joins a flight that is older: a freeze, or a slow origin, must not hand out what was read long ago. */
const JOINABLE_MILLIS: Millis = 1_000;

/** What a flight comes to whose invocation ended first: who joined it goes on alone. */
export const ABANDONED = Symbol('abandoned');
export type Abandoned = typeof ABANDONED;

/** Who asks for a flight. */
export interface Passenger {
  /** How long it may wait (monotonic). */
  readonly endsAt: Millis;
  /** What a value must pass. A flight gives what its own schema made of the item, which is for no other. */
  readonly schema?: unknown;
  /** Takes what is to be done where the passenger's invocation is over before the flight is. */
  readonly left?: Set<() => void> | undefined;
  /** Told when it joins another's flight. */
  readonly onWait?: (() => void) | undefined;
}

interface Flight {
  readonly result: Promise<unknown>;
  /** When its own invocation is over, and the flight with it. */
  readonly endsAt: Millis;
  readonly schema: unknown;
  /** By both clocks: one of them goes on during a freeze. */
  readonly startedMonotonic: Millis;
  readonly startedWall: Millis;
}

/**
 * Read-throughs of one process that found nothing share one flight, for a second and never across a write of its own.
 * Each asks the node by itself first, so that a fresh item costs no flight; all that a flight gives was read, or loaded,
 * after it began. Those who share it are given one and the same object.
 */
export class Flights {
  readonly #clock: Clock;
  readonly #flights = new Map<string, Flight>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `start`, or the flight of another that lasts as long as this caller may wait. Rejects as the flight does. */
  share<T>(key: string, passenger: Passenger, start: () => Promise<T | Abandoned>): Promise<T> {
    const known = this.#flights.get(key);
    if (known === undefined || !this.#joinable(known, passenger)) return this.lead(key, passenger, start);
    const { endsAt, left, onWait } = passenger;
    onWait?.();
    let gone = false;
    const leave = (): void => {
      gone = true;
    };
    left?.add(leave);
    const landing = (): Promise<T | Abandoned> => known.result as Promise<T | Abandoned>;
    return boundedLoad(landing, key, endsAt, this.#clock, left)
      .finally(() => left?.delete(leave))
      .then((result) => {
        if (result !== ABANDONED) return result;
        // Its own invocation may be over as well.
        return gone ? orNever(Promise.resolve<T | Abandoned>(ABANDONED)) : this.share(key, passenger, start);
      });
  }

  /** `start` as the flight that others join from now on. */
  lead<T>(key: string, passenger: Passenger, start: () => Promise<T | Abandoned>): Promise<T> {
    const own = start();
    const { left, endsAt, schema } = passenger;
    const { promise: result, resolve, reject } = Promise.withResolvers<T | Abandoned>();
    const flight: Flight = {
      result,
      endsAt,
      schema,
      startedMonotonic: this.#clock.monotonic(),
      startedWall: this.#clock.wall(),
    };
    this.#flights.set(key, flight);
    const land = (): void => {
      left?.delete(abandon);
      // Only its owner releases a slot: another flight may have taken it.
      if (this.#flights.get(key) === flight) this.#flights.delete(key);
    };
    const abandon = (): void => {
      land();
      resolve(ABANDONED);
    };
    left?.add(abandon);
    own.then(
      (landed) => {
        land();
        resolve(landed);
      },
      (error: unknown) => {
        land();
        reject(error);
      },
    );
    // Its owner is told by its own promise; there may be nobody else.
    result.catch(() => {});
    return orNever(own);
  }

  /** A write of our own: who reads from now on must not be given what was read before. */
  forget(key: string): void {
    this.#flights.delete(key);
  }

  #joinable(flight: Flight, { endsAt, schema }: Passenger): boolean {
    if (flight.endsAt < endsAt || flight.schema !== schema) return false;
    const { startedMonotonic, startedWall } = flight;
    const age = Math.max(this.#clock.monotonic() - startedMonotonic, this.#clock.wall() - startedWall);
    return age < JOINABLE_MILLIS;
  }
}

/** An abandoned call has nobody left to tell, and a rejection that nobody handles would end the process. */
export async function orNever<T>(result: Promise<T | Abandoned>): Promise<T> {
  const landed = await result;
  return landed === ABANDONED ? new Promise<never>(() => {}) : (landed as T);
}
