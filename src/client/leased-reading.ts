import { type CacheError, reasonOf } from '../base/errors.ts';
import type { LeaseOutcome } from '../base/outcome.ts';
import type { Seconds } from '../base/units.ts';
import type { ReadThroughResult } from './cache.ts';
import type { CacheNode } from './cache-node.ts';
import type { Calls } from './calls.ts';
import type { ClientCore } from './client-core.ts';
import { ABANDONED, type Abandoned, orNever } from './flights.ts';
import { leaseSeconds, loadUntil, waitUntil } from './patience.ts';
import { acceptable } from './validation.ts';
import { encodedLoad, type LoadedItem, passengerOf, storedSeconds, type Wanted } from './wanted.ts';
import { refreshSeconds } from './warm-up.ts';

type LeasedHit = Extract<LeaseOutcome, { kind: 'hit' }>;
type Result<T> = ReadThroughResult<T>;

/**
 * One read-through of a base under its lease: whoever finds the item missing first loads it, all others are served the
 * stale value or wait for the fresh one, for no longer than a load may take.
 *
 * Source: Nishtala et al., "Scaling Memcache at Facebook", NSDI 2013, section 3.2.1, with memcached's own leases.
 */
export class LeasedReading<T> {
  readonly #core: ClientCore;
  readonly #calls: Calls;
  readonly #wanted: Wanted<T>;
  readonly #base: CacheNode;
  readonly #storageKey: string;
  readonly #leaseSeconds: Seconds;
  readonly #refreshSeconds: Seconds;

  constructor(core: ClientCore, calls: Calls, wanted: Wanted<T>, base: CacheNode, storageKey: string) {
    this.#core = core;
    this.#calls = calls;
    this.#wanted = wanted;
    this.#base = base;
    this.#storageKey = storageKey;
    this.#leaseSeconds = leaseSeconds(core, calls.endsAt);
    this.#refreshSeconds = refreshSeconds(core, wanted, base, storageKey);
  }

  lease(): Promise<LeaseOutcome> {
    const { open, endsAt } = this.#calls;
    return open.during(this.#base.lease(this.#storageKey, this.#leaseSeconds, this.#refreshSeconds, endsAt));
  }

  /**
   * Goes on from what the first `lease` said; `undefined` where the node turns out to have none. `unreadable`: an item
   * that was tried already, and told to the observer.
   */
  async take(outcome: LeaseOutcome, unreadable = false): Promise<Result<T> | undefined> {
    switch (outcome.kind) {
      case 'hit': {
        const found = unreadable ? undefined : await this.#found(outcome);
        if (found !== undefined) return found;
        return outcome.won
          ? this.#lead(() => this.#fillInstead(outcome.cas))
          : this.#share(() => this.#replace(outcome));
      }
      case 'won':
        return this.#lead(() => this.#fillMissing(outcome.cas));
      case 'leased':
        this.#wanted.onWait?.();
        return this.#share(() => this.#await());
      case 'unavailable':
        return this.#share(() => this.#without(outcome.error));
      case 'unsupported':
        return undefined;
      default:
        return outcome satisfies never;
    }
  }

  get #node(): string {
    return this.#base.name;
  }

  /** An aborted caller must not take others that share its flight along: it flies alone. */
  #share(start: () => Promise<Result<T> | Abandoned>): Promise<Result<T>> {
    if (this.#wanted.signal !== undefined) return orNever(start());
    return this.#core.flights.share(this.#storageKey, passengerOf(this.#calls, this.#wanted), start);
  }

  /** A lease that was won is for this reader to use, whatever else is under way. */
  #lead(start: () => Promise<Result<T> | Abandoned>): Promise<Result<T>> {
    if (this.#wanted.signal !== undefined) return orNever(start());
    return this.#core.flights.lead(this.#storageKey, passengerOf(this.#calls, this.#wanted), start);
  }

  /** The value, fresh or stale; `undefined` where it cannot be read. */
  async #found(hit: LeasedHit): Promise<Result<T> | undefined> {
    const accepted = await acceptable(this.#calls, this.#wanted, hit);
    if (accepted === undefined) return undefined;
    const { staleWatch } = this.#core;
    const renews =
      hit.won || (hit.stale && staleWatch.overdue(this.#storageKey, hit.cas, this.#leaseSeconds));
    if (renews) void this.#calls.open.during(this.#refresh(hit.cas));
    return { kind: hit.stale ? 'stale' : 'hit', value: accepted.value, node: this.#node };
  }

  /**
   * Another client's item, a broken one, or one of another shape. It is marked as stale, unless somebody was faster, so
   * that of all who cannot read it one is asked to renew it; it stays for others until then.
   */
  async #replace({ cas, stale }: LeasedHit): Promise<Result<T> | Abandoned> {
    // Somebody renews it already.
    if (stale) return this.#await(cas);
    await this.#giveBack(cas, true);
    const outcome = await this.lease();
    if (outcome.kind === 'leased') return this.#await();
    if (outcome.kind !== 'hit' || !outcome.stale) return this.#settle(outcome);
    return outcome.won ? this.#fillInstead(outcome.cas) : this.#await(outcome.cas);
  }

  /** In the place of an item that stays where the load fails. */
  async #fillInstead(cas: string): Promise<Result<T>> {
    return { kind: 'miss', value: await this.#loadAndFill(cas, true), node: this.#node };
  }

  async #fillMissing(cas: string): Promise<Result<T>> {
    return { kind: 'miss', value: await this.#loadAndFill(cas, false), node: this.#node };
  }

  /** Waits for what another loads. Whoever finds the lease free takes it over. `unreadable`: the item to be renewed. */
  async #await(unreadable?: string): Promise<Result<T> | Abandoned> {
    const until = waitUntil(this.#core, this.#calls.endsAt);
    const outcome = await this.#calls.pauses.lookAgain(until, this.#wanted.signal, async () => {
      const found = await this.lease();
      const waits = found.kind === 'hit' && found.cas === unreadable && !found.won;
      return found.kind === 'leased' || waits ? undefined : found;
    });
    if (outcome === 'over') return ABANDONED;
    // The wait is over: load, and leave the filling to who has the lease.
    if (outcome === 'late') return this.#loadOnly();
    if (outcome.kind === 'hit' && outcome.cas === unreadable) return this.#fillInstead(outcome.cas);
    return this.#settle(outcome);
  }

  /** A second time nothing is replaced: others keep storing what this reader cannot use. */
  async #settle(outcome: Exclude<LeaseOutcome, { kind: 'leased' }>): Promise<Result<T>> {
    switch (outcome.kind) {
      case 'hit':
        return (await this.#found(outcome)) ?? this.#loadOnly();
      case 'won':
        return this.#fillMissing(outcome.cas);
      case 'unavailable':
        return this.#without(outcome.error);
      case 'unsupported':
        return this.#loadOnly();
      default:
        return outcome satisfies never;
    }
  }

  /** Renews a stale value beside the readers, who are served the old one meanwhile. */
  async #refresh(cas: string): Promise<void> {
    try {
      await this.#loadUnderLease(cas, true, () => false, true);
    } catch (error) {
      this.#core.observe({ kind: 'refresh-failed', key: this.#storageKey, reason: reasonOf(error) });
    }
  }

  /** `keepStale`: there is an item that stays where the load fails. */
  #loadAndFill(cas: string, keepStale: boolean): Promise<T> {
    const giveBack = (): void => void this.#giveBack(cas, keepStale);
    return this.#calls.holding(giveBack, (isLeft) => this.#loadUnderLease(cas, keepStale, isLeft));
  }

  /** `beside`: the invocation's end waits for it. */
  async #loadUnderLease(cas: string, keepStale: boolean, isLeft: () => boolean, beside = false): Promise<T> {
    const by = loadUntil(this.#core, this.#calls.endsAt);
    let value: T;
    let item: LoadedItem | undefined;
    try {
      value = await this.#calls.load(this.#wanted.key, this.#wanted.load, by, beside);
      item = encodedLoad(this.#wanted, value);
    } catch (error) {
      if (!isLeft()) await this.#giveBack(cas, keepStale);
      throw error;
    }
    if (!isLeft()) await (item === undefined ? this.#giveBack(cas, false) : this.#fill(item, cas, keepStale));
    return value;
  }

  #giveBack(cas: string, keepStale: boolean): Promise<unknown> {
    const { open, endsAt } = this.#calls;
    return open.during(this.#base.giveBack(this.#storageKey, cas, keepStale, endsAt));
  }

  async #fill({ encoded, ttlSeconds }: LoadedItem, cas: string, keepStale: boolean): Promise<void> {
    const { open, endsAt } = this.#calls;
    const item = { ...encoded, ttlSeconds: storedSeconds(this.#core, ttlSeconds, this.#wanted.staleSeconds) };
    const outcome = await open.during(this.#base.fill(this.#storageKey, item, cas, endsAt));
    // Its reply may be lost with the connection, and the lease with it: others need not wait for that to run out.
    if (outcome.kind === 'unavailable') await this.#giveBack(cas, keepStale);
    if (outcome.kind !== 'too-large') return;
    this.#calls.skipped(this.#storageKey, this.#base, encoded.value.length);
    await this.#giveBack(cas, false);
  }

  async #without(error: CacheError): Promise<Result<T>> {
    return { ...(await this.#loadOnly()), kind: 'unavailable', error };
  }

  async #loadOnly(): Promise<Extract<Result<T>, { kind: 'miss' }>> {
    const { load, key } = this.#wanted;
    const value = await this.#calls.load(key, load, this.#calls.endsAt);
    // A value that cannot be stored is told on every miss, not only to who has the lease.
    encodedLoad(this.#wanted, value);
    return { kind: 'miss', value, node: this.#node };
  }
}
