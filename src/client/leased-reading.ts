import { type CacheError, reasonOf } from '../base/errors.ts';
import type { Hit, LeaseOutcome } from '../base/outcome.ts';
import { type Millis, NEVER, type Seconds } from '../base/units.ts';
import { type EncodedValue, encodeValue } from '../codec/value.ts';
import { bounded } from './bounded.ts';
import { boundedLoad } from './bounded-load.ts';
import type { Loader, ReadThroughResult } from './cache.ts';
import type { CacheNode } from './cache-node.ts';
import type { ClientCore } from './client-core.ts';
import { jittered } from './jitter.ts';
import type { OpenCalls } from './open-calls.ts';

/** A loader may take as long as it may; the lease outlasts it by this, so that its value is still taken. */
const LEASE_BEYOND_LOAD_SECONDS: Seconds = 1;

/** How often one who waits for another's load looks again: soon at first, then less often. */
const FIRST_LOOK_MILLIS: Millis = 5;
const LONGEST_LOOK_MILLIS: Millis = 100;

export interface LeasedReadingOptions<T> {
  readonly core: ClientCore;
  readonly open: OpenCalls;
  readonly held: Set<() => void>;
  /** Ends a wait for another's load. */
  readonly signal: AbortSignal | undefined;
  /** The caller's key, for messages; and the base's place. */
  readonly key: string;
  readonly storageKey: string;
  readonly base: CacheNode;
  readonly load: Loader<T>;
  readonly ttlSeconds: Seconds;
  readonly staleSeconds: Seconds;
  readonly endsAt: Millis;
  /** The value of an item; `undefined` where it cannot be read. */
  readonly decode: (hit: Hit) => { readonly value: unknown } | undefined;
  /** Told the fresh base item that was read, or that there is none to copy. */
  readonly copy: (base: Hit | undefined) => void;
}

/**
 * One read-through of a base under its lease: whoever finds the item missing first loads it, all others are served the
 * stale value or wait for the fresh one, for no longer than a load may take.
 *
 * Source: Nishtala et al., "Scaling Memcache at Facebook", NSDI 2013, section 3.2.1, with memcached's own leases.
 */
export class LeasedReading<T> {
  readonly #options: LeasedReadingOptions<T>;
  readonly #loadBy: Millis;
  readonly #waitUntil: Millis;
  readonly #leaseSeconds: Seconds;

  constructor(options: LeasedReadingOptions<T>) {
    const { core, endsAt } = options;
    this.#options = options;
    const now = core.clock.monotonic();
    const left = endsAt - now;
    // Some time is kept: to store what was loaded, or to give the lease back.
    const reserve = Math.min(core.operationTimeoutMillis, left / 5);
    this.#loadBy = Math.min(now + core.loadTimeoutMillis, endsAt - (left === NEVER ? 0 : reserve));
    // And who waits for another's load must still be able to load by itself.
    this.#waitUntil = Math.min(now + core.loadTimeoutMillis, now + left / 2);
    this.#leaseSeconds = Math.ceil((this.#loadBy - now) / 1000) + LEASE_BEYOND_LOAD_SECONDS;
  }

  /** `undefined` where the node turns out to have no leases. */
  async run(): Promise<ReadThroughResult<T> | undefined> {
    const { copy } = this.#options;
    const first = await this.#lease();
    if (first.kind !== 'hit') copy(undefined);
    const outcome = first.kind === 'leased' ? await this.#await() : first;
    switch (outcome.kind) {
      case 'hit':
        return this.#found(outcome, first === outcome);
      case 'won':
        return { kind: 'miss', value: await this.#loadAndFill(outcome.cas, false), node: this.#node };
      case 'leased':
        // The wait is over: load, and leave the filling to who has the lease.
        return { kind: 'miss', value: await this.#load(this.#options.endsAt), node: this.#node };
      case 'unavailable':
        return this.#without(outcome.error);
      case 'unsupported':
        return undefined;
      default:
        return outcome satisfies never;
    }
  }

  get #node(): string {
    return this.#options.base.name;
  }

  #lease(): Promise<LeaseOutcome> {
    const { base, storageKey, staleSeconds, endsAt, open } = this.#options;
    return open.during(base.lease(storageKey, this.#leaseSeconds, staleSeconds, endsAt));
  }

  /** Waits for what another loads. Whoever finds the lease free takes it over. */
  async #await(): Promise<LeaseOutcome> {
    const { core, signal } = this.#options;
    const { clock } = core;
    for (let pause = FIRST_LOOK_MILLIS; ; pause = Math.min(pause * 2, LONGEST_LOOK_MILLIS)) {
      const lookAt = clock.monotonic() + pause;
      if (lookAt >= this.#waitUntil || signal?.aborted) return { kind: 'leased' };
      await bounded(new Promise(() => {}), lookAt, clock);
      const outcome = await this.#lease();
      if (outcome.kind !== 'leased') return outcome;
    }
  }

  async #found(hit: Extract<LeaseOutcome, { kind: 'hit' }>, atOnce: boolean): Promise<ReadThroughResult<T>> {
    const { core, storageKey, decode, copy, open } = this.#options;
    const decoded = decode(hit);
    if (atOnce) copy(decoded === undefined || hit.stale ? undefined : hit);
    if (decoded === undefined) {
      // Another client's item, or a broken one: replaced, unless somebody does so first.
      return { kind: 'miss', value: await this.#loadAndFill(hit.cas, true), node: this.#node };
    }
    const renews = hit.won || (hit.stale && core.staleWatch.overdue(storageKey, hit.cas, this.#leaseSeconds));
    if (renews) void open.during(this.#refresh(hit.cas));
    return { kind: hit.stale ? 'stale' : 'hit', value: decoded.value as T, node: this.#node };
  }

  /** Renews a stale value beside the readers, who are served the old one meanwhile. */
  async #refresh(cas: string): Promise<void> {
    const { core, storageKey } = this.#options;
    try {
      await this.#loadAndFill(cas, true);
    } catch (error) {
      core.observe({ kind: 'refresh-failed', key: storageKey, reason: reasonOf(error) });
    }
  }

  /** `keepStale`: there is a value that goes on being served where the load fails. */
  async #loadAndFill(cas: string, keepStale: boolean): Promise<T> {
    const { open, held } = this.#options;
    const giveBack = (): void => {
      held.delete(giveBack);
      void open.during(this.#giveBack(cas, keepStale));
    };
    // A refresh is waited for at the invocation's end; any other load is then one that nobody awaits.
    if (!keepStale) held.add(giveBack);
    let encoded: EncodedValue | undefined;
    let value: T;
    try {
      value = await this.#load(this.#loadBy);
      encoded = value === undefined ? undefined : encodeValue(value);
    } catch (error) {
      await open.during(this.#giveBack(cas, keepStale));
      throw error;
    } finally {
      held.delete(giveBack);
    }
    await open.during(encoded === undefined ? this.#giveBack(cas, false) : this.#fill(encoded, cas));
    return value;
  }

  #giveBack(cas: string, keepStale: boolean): Promise<unknown> {
    const { base, storageKey, endsAt } = this.#options;
    return base.giveBack(storageKey, cas, keepStale, endsAt);
  }

  async #fill(encoded: EncodedValue, cas: string): Promise<void> {
    const { core, base, storageKey, ttlSeconds, staleSeconds, endsAt } = this.#options;
    const item = { ...encoded, ttlSeconds: jittered(ttlSeconds, core.random) + staleSeconds };
    const outcome = await base.fill(storageKey, item, cas, endsAt);
    if (outcome.kind !== 'too-large') return;
    core.observe({ kind: 'value-skipped', key: storageKey, node: base.name, bytes: encoded.value.length });
    await this.#giveBack(cas, false);
  }

  async #without(error: CacheError): Promise<ReadThroughResult<T>> {
    return { kind: 'unavailable', value: await this.#load(this.#options.endsAt), error, node: this.#node };
  }

  #load(by: Millis): Promise<T> {
    const { core, load, key } = this.#options;
    // From now: a wait for another's load has used up some of the time already.
    return boundedLoad(load, key, Math.min(core.clock.monotonic() + core.loadTimeoutMillis, by), core.clock);
  }
}
