import type { Seconds } from '../base/units.ts';
import type { Counters, Direction } from './counters.ts';
import { parseUint64 } from './integers.ts';
import { type Item, itemBytes, type NewItem } from './item.ts';

export type StoreMode = 'set' | 'add' | 'replace' | 'append' | 'prepend' | 'cas';

export type StoreResult =
  | { readonly kind: 'stored'; readonly cas: bigint }
  | { readonly kind: 'not-stored' | 'exists' | 'not-found' };

export type DeltaResult =
  | { readonly kind: 'ok'; readonly value: bigint; readonly item: Item }
  | { readonly kind: 'not-found' | 'exists' | 'non-numeric' | 'out-of-memory' };

export type Allocation = 'ok' | 'too-large' | 'out-of-memory';

export interface ItemStoreOptions {
  /** The node's own clock. */
  readonly now: () => Seconds;
  readonly counters: Counters;
  /** The largest item, with key and overhead. */
  readonly itemSizeMaxBytes: number;
  /** Asked before room is made for an item: true to say that there is none. */
  readonly outOfMemory?: () => boolean;
}

/** The items of one node: TTLs, CAS, staleness and leases as memcached 1.6.18 has them, and no I/O. */
export class ItemStore {
  readonly #items = new Map<string, Item>();
  readonly #options: ItemStoreOptions;
  #lastCas = 0n;
  /** Items of `live` and before are flushed once that second has come; those below `cas` at that time too. */
  #flushed: { readonly live: Seconds; readonly cas: bigint } | undefined;

  constructor(options: ItemStoreOptions) {
    this.#options = options;
  }

  /** Items, counting those that have expired and were not looked at since, as memcached does. */
  get size(): number {
    return this.#items.size;
  }

  /** Bytes of all items with their overhead. */
  get bytes(): number {
    let bytes = 0;
    for (const item of this.#items.values()) bytes += itemBytes(item.key, item.flags, item.value.length);
    return bytes;
  }

  /** Living items; looks without counting, as a test does from outside. */
  *live(): IterableIterator<Item> {
    for (const item of this.#items.values()) {
      if (!this.#hasExpired(item) && !this.#isFlushed(item)) yield item;
    }
  }

  /** Whether there is room for an item of this size; counts a refusal. */
  allocate(key: string, flags: number, valueBytes: number): Allocation {
    const { counters, itemSizeMaxBytes, outOfMemory } = this.#options;
    if (itemBytes(key, flags, valueBytes) > itemSizeMaxBytes) {
      counters.store_too_large++;
      return 'too-large';
    }
    if (outOfMemory?.() === true) {
      counters.store_no_memory++;
      return 'out-of-memory';
    }
    return 'ok';
  }

  find(key: string): Item | undefined {
    const item = this.#items.get(key);
    if (item === undefined) return undefined;
    if (this.#isFlushed(item)) this.#options.counters.get_flushed++;
    else if (this.#hasExpired(item)) this.#options.counters.get_expired++;
    else return item;
    this.#items.delete(key);
    return undefined;
  }

  /** Notes a read. The time moves with the second read only: one read may be a scan. */
  bump(item: Item): void {
    if (!item.fetched) {
      item.fetched = true;
    } else if (!item.active) {
      item.active = true;
      item.accessedAt = this.#options.now();
    }
  }

  /** Stores without asking what was there. Gives the item its cas unique. */
  put({ binaryKey = false, ...parts }: NewItem): Item {
    const item: Item = {
      ...parts,
      binaryKey,
      cas: ++this.#lastCas,
      accessedAt: this.#options.now(),
      fetched: false,
      active: false,
      stale: false,
      leased: false,
    };
    this.#items.set(item.key, item);
    this.#options.counters.total_items++;
    return item;
  }

  /**
   * Stores under a condition. `cas` 0 is no condition. `lateIsStale`: in mode `cas`, a cas unique older than
   * the item's still stores, but keeps the item's TTL and leaves it stale.
   */
  store(mode: StoreMode, fresh: NewItem, cas = 0n, { lateIsStale = false } = {}): StoreResult {
    const old = this.find(fresh.key);
    if (old === undefined) {
      if (mode === 'cas') {
        this.#options.counters.cas_misses++;
        return { kind: 'not-found' };
      }
      return mode === 'set' || mode === 'add' ? this.#stored(fresh) : { kind: 'not-stored' };
    }
    switch (mode) {
      case 'set':
      case 'replace':
        return this.#stored(fresh);
      case 'add':
        old.accessedAt = this.#options.now();
        return { kind: 'not-stored' };
      case 'append':
      case 'prepend':
        if (cas !== 0n && cas !== old.cas) return { kind: 'exists' };
        return this.#extend(old, mode === 'append' ? [old.value, fresh.value] : [fresh.value, old.value]);
      case 'cas':
        return this.#compareAndSwap(old, fresh, cas, lateIsStale);
      default:
        return mode satisfies never;
    }
  }

  /** Adds, wrapping at 2^64, or subtracts, stopping at 0. `cas` 0 is no condition. */
  addDelta(key: string, direction: Direction, delta: bigint, cas = 0n): DeltaResult {
    const { counters } = this.#options;
    const item = this.find(key);
    if (item === undefined) return { kind: 'not-found' };
    if (item.value.length === 0) return { kind: 'non-numeric' };
    if (cas !== 0n && cas !== item.cas) return { kind: 'exists' };
    const before = parseUint64(item.value.toString('latin1'));
    if (before === undefined) return { kind: 'non-numeric' };

    const sum = before + direction * delta;
    const value = sum < 0n ? 0n : BigInt.asUintN(64, sum);
    if (direction === 1n) counters.incr_hits++;
    else counters.decr_hits++;
    const digits = value.toString();
    if (digits.length <= item.value.length) {
      item.value = Buffer.from(digits.padEnd(item.value.length), 'latin1');
      item.cas = ++this.#lastCas;
      item.accessedAt = this.#options.now();
      return { kind: 'ok', value, item };
    }
    if (this.allocate(key, item.flags, digits.length) !== 'ok') return { kind: 'out-of-memory' };
    const longer = this.put({ ...item, value: Buffer.from(digits, 'latin1'), binaryKey: false });
    // The replaced item is returned, as memcached does: a new TTL that `ma` then writes onto it is lost.
    item.cas = longer.cas;
    return { kind: 'ok', value, item };
  }

  /** A new cas unique and the mark `stale`; the next reader may win the right to fill it. */
  invalidate(item: Item): void {
    item.stale = true;
    item.leased = false;
    item.cas = ++this.#lastCas;
  }

  delete(key: string): void {
    this.#items.delete(key);
  }

  /** Forgets all items that are older than `at`, on the node's own clock; without `at`, all there are now. */
  flush(at?: Seconds): void {
    const now = this.#options.now();
    const live = (at ?? now) - 1;
    const cas = live <= now ? ++this.#lastCas : (this.#flushed?.cas ?? 0n);
    this.#flushed = { live, cas };
  }

  /** Empties the store at once, as a restart does. */
  clear(): void {
    this.#items.clear();
    this.#lastCas = 0n;
    this.#flushed = undefined;
  }

  #stored(fresh: NewItem): StoreResult {
    return { kind: 'stored', cas: this.put(fresh).cas };
  }

  #extend(old: Item, parts: Buffer[]): StoreResult {
    const value = Buffer.concat(parts);
    if (this.allocate(old.key, old.flags, value.length) !== 'ok') return { kind: 'not-stored' };
    return this.#stored({ key: old.key, flags: old.flags, value, expiresAt: old.expiresAt });
  }

  #compareAndSwap(old: Item, fresh: NewItem, cas: bigint, lateIsStale: boolean): StoreResult {
    const { counters } = this.#options;
    if (cas !== 0n && cas === old.cas) {
      counters.cas_hits++;
      return this.#stored(fresh);
    }
    if (lateIsStale && cas !== 0n && cas < old.cas) {
      counters.cas_hits++;
      const item = this.put({ ...fresh, expiresAt: old.expiresAt });
      item.stale = true;
      item.leased = old.leased;
      return { kind: 'stored', cas: item.cas };
    }
    counters.cas_badval++;
    return { kind: 'exists' };
  }

  #hasExpired({ expiresAt }: Item): boolean {
    return expiresAt !== 0 && expiresAt <= this.#options.now();
  }

  #isFlushed({ accessedAt, cas }: Item): boolean {
    if (this.#flushed === undefined || this.#flushed.live > this.#options.now()) return false;
    return accessedAt <= this.#flushed.live || cas < this.#flushed.cas;
  }
}
