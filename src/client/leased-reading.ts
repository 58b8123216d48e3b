import { type CacheError, reasonOf } from '../base/errors.ts';
import type { LeaseOutcome } from '../base/outcome.ts';
import type { Millis, Seconds } from '../base/units.ts';
import type { EncodedValue } from '../codec/value.ts';
import { boundedLoad } from './bounded-load.ts';
import type { ReadThroughResult } from './cache.ts';
import type { CacheNode } from './cache-node.ts';
import type { Calls } from './calls.ts';
import type { ClientCore } from './client-core.ts';
import { ABANDONED, type Abandoned, orNever } from './flights.ts';
import { type Patience, patienceFrom } from './patience.ts';
import { acceptable } from './validation.ts';
import { encodedLoad, leaseSeconds, storedSeconds, type Wanted } from './wanted.ts';
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
  readonly #patience: Patience;

  constructor(core: ClientCore, calls: Calls, wanted: Wanted<T>, base: CacheNode, storageKey: string) {
    this.#core = core;
    this.#calls = calls;
    this.#wanted = wanted;
    this.#base = base;
    this.#storageKey = storageKey;
    this.#leaseSeconds = leaseSeconds(core, calls.endsAt);
    this.#refreshSeconds = refreshSeconds(core, wanted, base, storageKey);
    this.#patience = patienceFrom(core, calls.endsAt);
  }

  lease(): Promise<LeaseOutcome> {
    const { open, endsAt } = this.#calls;
    return open.during(this.#base.lease(this.#storageKey, this.#leaseSeconds, this.#refreshSeconds, endsAt));
  }

  /** Goes on from what the first `lease` said; `undefined` where the node turns out to have none. */
  async take(outcome: LeaseOutcome): Promise<Result<T> | undefined> {
    switch (outcome.kind) {
      case 'hit':
        return (await this.#found(outcome)) ?? this.#share(() => this.#replace(outcome.cas));
      case 'won':
        return this.#lead(() => this.#fillMissing(outcome.cas));
      case 'leased':
        this.#wanted.waits?.();
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
    const { signal, waits } = this.#wanted;
    if (signal !== undefined) return orNever(start());
    const { endsAt, left } = this.#calls;
    return this.#core.flights.share(this.#storageKey, { endsAt, left, joined: waits }, start);
  }

  /** A lease that was won is for this reader to use, whatever else is under way. */
  #lead(start: () => Promise<Result<T> | Abandoned>): Promise<Result<T>> {
    if (this.#wanted.signal !== undefined) return orNever(start());
    return this.#core.flights.lead(this.#storageKey, this.#calls.endsAt, start);
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

  /** Another client's item, or a broken one: replaced, unless somebody does so first. */
  #replace(cas: string): Promise<Result<T>> {
    return this.#fillMissing(cas, true);
  }

  async #fillMissing(cas: string, keepStale = false): Promise<Result<T>> {
    return { kind: 'miss', value: await this.#loadAndFill(cas, keepStale), node: this.#node };
  }

  /** Waits for what another loads. Whoever finds the lease free takes it over. */
  async #await(): Promise<Result<T> | Abandoned> {
    const { waitUntil } = this.#patience;
    const outcome = await this.#calls.pauses.lookAgain(waitUntil, this.#wanted.signal, async () => {
      const found = await this.lease();
      return found.kind === 'leased' ? undefined : found;
    });
    if (outcome === 'over') return ABANDONED;
    // The wait is over: load, and leave the filling to who has the lease.
    if (outcome === 'late') return { kind: 'miss', value: await this.#loadAlone(), node: this.#node };
    switch (outcome.kind) {
      case 'hit':
        return (await this.#found(outcome)) ?? this.#replace(outcome.cas);
      case 'won':
        return this.#fillMissing(outcome.cas);
      case 'unavailable':
        return this.#without(outcome.error);
      case 'unsupported':
        return { kind: 'miss', value: await this.#loadAlone(), node: this.#node };
      default:
        return outcome satisfies never;
    }
  }

  /** Renews a stale value beside the readers, who are served the old one meanwhile. */
  async #refresh(cas: string): Promise<void> {
    try {
      await this.#loadAndFill(cas, true);
    } catch (error) {
      this.#core.observe({ kind: 'refresh-failed', key: this.#storageKey, reason: reasonOf(error) });
    }
  }

  /** `keepStale`: there is a value that goes on being served where the load fails. */
  async #loadAndFill(cas: string, keepStale: boolean): Promise<T> {
    const { open, left } = this.#calls;
    let leftBehind = false;
    const giveBack = (): void => {
      leftBehind = true;
      void open.during(this.#giveBack(cas, keepStale));
    };
    // A refresh is waited for at the invocation's end; any other load is then one that nobody awaits.
    if (!keepStale) left.add(giveBack);
    let item: ReturnType<typeof encodedLoad>;
    let value: T;
    try {
      value = await this.#load(this.#patience.loadBy, keepStale ? undefined : left);
      item = encodedLoad(this.#wanted, value);
    } catch (error) {
      if (!leftBehind) await open.during(this.#giveBack(cas, keepStale));
      throw error;
    } finally {
      left.delete(giveBack);
    }
    if (leftBehind) return value;
    await open.during(
      item === undefined
        ? this.#giveBack(cas, false)
        : this.#fill(
            item.encoded,
            storedSeconds(this.#core, item.ttlSeconds, this.#wanted.staleSeconds),
            cas,
          ),
    );
    return value;
  }

  #giveBack(cas: string, keepStale: boolean): Promise<unknown> {
    return this.#base.giveBack(this.#storageKey, cas, keepStale, this.#calls.endsAt);
  }

  async #fill(encoded: EncodedValue, ttlSeconds: Seconds, cas: string): Promise<void> {
    const outcome = await this.#base.fill(
      this.#storageKey,
      { ...encoded, ttlSeconds },
      cas,
      this.#calls.endsAt,
    );
    if (outcome.kind !== 'too-large') return;
    const bytes = encoded.value.length;
    this.#core.observe({ kind: 'value-skipped', key: this.#storageKey, node: this.#node, bytes });
    await this.#giveBack(cas, false);
  }

  async #without(error: CacheError): Promise<Result<T>> {
    return { kind: 'unavailable', value: await this.#loadAlone(), error, node: this.#node };
  }

  #loadAlone(): Promise<T> {
    const { endsAt, left } = this.#calls;
    return this.#load(endsAt, left);
  }

  #load(by: Millis, left: Set<() => void> | undefined): Promise<T> {
    const { clock, loadTimeoutMillis } = this.#core;
    const { load, key } = this.#wanted;
    this.#calls.tally.originLoads++;
    // From now: a wait for another's load has used up some of the time already.
    return boundedLoad(load, key, Math.min(clock.monotonic() + loadTimeoutMillis, by), clock, left);
  }
}
