import type { Clock } from '../base/clock.ts';
import type { Millis, Seconds } from '../base/units.ts';

const MOST_KEYS = 1_000;

/**
 * Stale items that another reader was asked to renew. memcached asks one, and asks no other for as long as the item
 * lives; where that one died, its item would stay stale. Who sees the same item wait for longer than a lease renews it
 * by the number it has seen: compare-and-swap lets one such fill through.
 */
export class StaleWatch {
  readonly #clock: Clock;
  readonly #seen = new Map<string, { readonly cas: string; readonly since: Millis }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether `storageKey` has waited for its renewal for longer than a lease. */
  overdue(storageKey: string, cas: string, leaseSeconds: Seconds): boolean {
    const now = this.#clock.wall();
    const seen = this.#seen.get(storageKey);
    if (seen?.cas === cas && now - seen.since <= leaseSeconds * 1000 && now >= seen.since) return false;
    this.#seen.delete(storageKey);
    if (this.#seen.size >= MOST_KEYS) this.#seen.delete(this.#seen.keys().next().value!);
    this.#seen.set(storageKey, { cas, since: now });
    return seen?.cas === cas;
  }
}
