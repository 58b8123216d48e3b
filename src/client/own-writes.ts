import type { Clock } from '../base/clock.ts';
import type { Millis } from '../base/units.ts';

const MOST_KEYS = 1_000;

/**
 * Smeared keys that this process wrote a moment ago. It reads them from their bases until no copy of before the write
 * can be left, and so reads its own writes.
 */
export class OwnWrites {
  readonly #clock: Clock;
  readonly #boundMillis: Millis;
  readonly #until = new Map<string, Millis>();

  /** `boundMillis`: how long a copy may outlive a write. */
  constructor(clock: Clock, boundMillis: Millis) {
    this.#clock = clock;
    this.#boundMillis = boundMillis;
  }

  add(storageKey: string): void {
    const now = this.#clock.wall();
    // Written again, it is the youngest.
    this.#until.delete(storageKey);
    this.#prune(now);
    this.#until.set(storageKey, now + this.#boundMillis);
  }

  delete(storageKey: string): void {
    this.#until.delete(storageKey);
  }

  has(storageKey: string): boolean {
    if (this.#until.size === 0) return false;
    const until = this.#until.get(storageKey);
    if (until === undefined) return false;
    if (this.#clock.wall() < until) return true;
    this.#until.delete(storageKey);
    return false;
  }

  /** They lie in the order of their age. Where there is no room the oldest goes, and is read like any other key. */
  #prune(now: Millis): void {
    for (const [key, until] of this.#until) {
      if (until > now && this.#until.size < MOST_KEYS) return;
      this.#until.delete(key);
    }
  }
}
