import type { Clock } from '../base/clock.ts';
import type { Millis } from '../base/units.ts';

/** So many are known by name. */
const MOST_KEYS = 1_000;

/** All others are known by a hash of their names. */
const SLOTS = 65_536;

/**
 * Keys that this process wrote a moment ago. It reads them from their bases until no copy of before the write can be
 * left, and so reads its own writes. Where there are too many, some that it did not write count as written, too: a read
 * of the base is never wrong.
 */
export class OwnWrites {
  readonly #clock: Clock;
  readonly #boundMillis: Millis;
  readonly #until = new Map<string, Millis>();
  /** Of those that are not known by name, by hash, in seconds: made when it is needed. */
  #untilOfSlot: Uint32Array | undefined;

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
    if (this.#until.size === 0 && this.#untilOfSlot === undefined) return false;
    const until = this.#until.get(storageKey);
    if (until === undefined) return this.#hasSlot(storageKey);
    if (this.#clock.wall() < until) return true;
    this.#until.delete(storageKey);
    return false;
  }

  #hasSlot(storageKey: string): boolean {
    const slots = this.#untilOfSlot;
    return slots !== undefined && this.#clock.wall() < slots[slotOf(storageKey)]! * 1_000;
  }

  /** They lie in the order of their age. Where there is no room the oldest loses its name. */
  #prune(now: Millis): void {
    for (const [key, until] of this.#until) {
      if (until > now) {
        if (this.#until.size < MOST_KEYS) return;
        this.#untilOfSlot ??= new Uint32Array(SLOTS);
        const slot = slotOf(key);
        this.#untilOfSlot[slot] = Math.max(this.#untilOfSlot[slot]!, Math.ceil(until / 1_000));
      }
      this.#until.delete(key);
    }
  }
}

/** FNV-1a over code units. */
function slotOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
  return (hash >>> 0) % SLOTS;
}
