import type { FetchOutcome } from '../base/outcome.ts';
import { LOCK_SUFFIX } from '../memcached/storage-key.ts';
import type { Route } from '../smear/index.ts';
import type { ReadResult, ReadThroughResult } from './cache.ts';
import type { CacheNode } from './cache-node.ts';
import type { Calls } from './calls.ts';
import type { ClientCore } from './client-core.ts';
import { fetchItem, mayStandIn, type Place, storeItem } from './dispatch.ts';
import { ABANDONED, type Abandoned, orNever } from './flights.ts';
import { leaseSeconds, loadUntil, waitUntil } from './patience.ts';
import { acceptable } from './validation.ts';
import { encodedLoad, type LoadedItem, passengerOf, storedSeconds, type Wanted } from './wanted.ts';
import { fetchMoved } from './warm-up.ts';

const LOCK = Buffer.from('1');

type Result<T> = ReadThroughResult<T>;
type Absence = Extract<ReadResult<never>, { kind: 'miss' | 'unavailable' }>;
/** What became of the lock. */
type Taken<T> =
  | { readonly kind: 'taken' | 'late' | 'over' }
  | { readonly kind: 'found'; readonly found: Found<T> };
type Found<T> = { readonly kind: 'hit'; readonly value: T; readonly node: string } | Absence;

/**
 * A read-through without leases: of those who miss, one adds a lock beside the item and loads, the others look again
 * until its value is there or the lock is gone. What it stores replaces whatever was written meanwhile: memcached is
 * not told that this is an older value.
 */
export class LockedReading<T> {
  readonly #core: ClientCore;
  readonly #calls: Calls;
  readonly #wanted: Wanted<T>;
  readonly #route: Route<CacheNode>;
  readonly #storageKey: string;
  /** Its key was never anybody's else: nothing has moved to it. */
  readonly #isGutter: boolean;
  /** There is an item, and it is to be replaced. */
  #unreadable = false;

  constructor(
    core: ClientCore,
    calls: Calls,
    wanted: Wanted<T>,
    route: Route<CacheNode>,
    storageKey: string,
    isGutter: boolean,
  ) {
    this.#isGutter = isGutter;
    this.#core = core;
    this.#calls = calls;
    this.#wanted = wanted;
    this.#route = route;
    this.#storageKey = storageKey;
  }

  /** `elsewhere`: the same over other nodes, where no node of this route answers and there are some. */
  async run(elsewhere: () => Promise<Result<T>> | undefined): Promise<Result<T>> {
    const found = await this.#find(false);
    if (found.kind === 'hit') return found;
    const other = found.kind === 'unavailable' ? elsewhere() : undefined;
    if (other !== undefined) return other;
    const route = this.#route;
    // Where no node answered there is nobody to hold a lock, or to give the value to.
    const start =
      found.kind === 'miss' && route.kind !== 'variants'
        ? () => this.#underLock(found, { node: route.base, key: this.#storageKey + LOCK_SUFFIX })
        : () => this.#loadAndStore(found);
    return inFlight(this.#core, this.#calls, this.#wanted, this.#storageKey, start);
  }

  async #find(consistentRead: boolean): Promise<Found<T>> {
    const { signal } = this.#wanted;
    const plan = this.#calls.plan({ consistentRead });
    const { outcome, node } = await this.#calls.unlessAborted(signal, () =>
      fetchItem(this.#route, this.#storageKey, plan),
    );
    if (node === undefined) return outcome as Absence;
    const route = this.#route;
    const moved =
      outcome.kind === 'miss' &&
      route.kind !== 'variants' &&
      !this.#isGutter &&
      mayStandIn(plan, this.#storageKey)
        ? await this.#calls.open.during(fetchMoved({ node: route.base, key: this.#storageKey }, plan))
        : outcome;
    return this.#judge(moved, node, consistentRead);
  }

  async #judge(outcome: FetchOutcome, node: CacheNode, consistentRead: boolean): Promise<Found<T>> {
    if (outcome.kind !== 'hit') return { ...outcome, node: node.name };
    const accepted = await acceptable(this.#calls, this.#wanted, outcome);
    if (accepted !== undefined) return { kind: 'hit', value: accepted.value, node: node.name };
    // A copy that cannot be read is passed over, like one that has nothing.
    const isCopy = this.#route.kind === 'smeared' && !consistentRead;
    if (isCopy) return this.#find(true);
    this.#unreadable = true;
    return { kind: 'miss', node: node.name };
  }

  async #underLock(missed: Absence, lock: Place): Promise<Result<T> | Abandoned> {
    const taken = (await this.#take(lock)) ?? (await this.#await(lock));
    if (taken.kind === 'over') return ABANDONED;
    if (taken.kind === 'late') return this.#loadOnly(missed);
    if (taken.kind === 'found') {
      return taken.found.kind === 'hit' ? taken.found : this.#loadOnly(taken.found);
    }
    const { open, endsAt } = this.#calls;
    const release = (): Promise<unknown> => open.during(lock.node.delete(lock.key, endsAt));
    return this.#calls.holding(
      () => void release(),
      async (isLeft) => {
        try {
          // Another may have stored the value and released the lock since this reader missed.
          const found = this.#unreadable ? missed : await this.#find(false);
          return found.kind === 'hit' ? found : await this.#loadAndStore(missed);
        } finally {
          if (!isLeft()) await release();
        }
      },
    );
  }

  /** `undefined` where another has it. A node that fails now holds up nobody. */
  async #take({ node, key }: Place): Promise<{ readonly kind: 'taken' } | undefined> {
    const { open, endsAt } = this.#calls;
    const item = { value: LOCK, flags: 0, ttlSeconds: leaseSeconds(this.#core, endsAt) };
    const outcome = await open.during(node.store('add', key, item, endsAt));
    return outcome.kind === 'refused' ? undefined : { kind: 'taken' };
  }

  async #await(lock: Place): Promise<Taken<T>> {
    this.#wanted.onWait?.();
    const { pauses, endsAt } = this.#calls;
    const until = waitUntil(this.#core, endsAt);
    const looked = await pauses.lookAgain<Taken<T>>(until, this.#wanted.signal, async () => {
      const found = await this.#find(false);
      return found.kind === 'miss' ? this.#take(lock) : { kind: 'found', found };
    });
    return looked === 'late' || looked === 'over' ? { kind: looked } : looked;
  }

  async #loadAndStore(found: Absence): Promise<Result<T>> {
    const { load, key } = this.#wanted;
    const value = await this.#calls.load(key, load, loadUntil(this.#core, this.#calls.endsAt));
    // A value that cannot be stored is told on every miss, not only while the cache is up.
    const item = encodedLoad(this.#wanted, value);
    if (found.kind === 'miss' && item !== undefined) await this.#store(item);
    return { ...found, value };
  }

  async #loadOnly(found: Absence): Promise<Result<T>> {
    const { load, key } = this.#wanted;
    return { ...found, value: await this.#calls.load(key, load, this.#calls.endsAt) };
  }

  async #store({ encoded, ttlSeconds }: LoadedItem): Promise<void> {
    const { open, endsAt } = this.#calls;
    const item = { ...encoded, ttlSeconds: storedSeconds(this.#core, ttlSeconds, 0) };
    const storing = storeItem(this.#route, this.#storageKey, item, this.#core.random, endsAt);
    const { outcome, node } = await open.during(storing);
    if (outcome.kind === 'too-large') this.#calls.skipped(this.#storageKey, node, encoded.value.length);
  }
}

/** The loader alone, where there is no node to ask. */
export function loadWithout<T>(
  core: ClientCore,
  calls: Calls,
  wanted: Wanted<T>,
  storageKey: string,
  absence: Absence,
): Promise<Result<T>> {
  return inFlight(core, calls, wanted, storageKey, async () => {
    const value = await calls.load(wanted.key, wanted.load, calls.endsAt);
    encodedLoad(wanted, value);
    return { ...absence, value };
  });
}

/** An aborted caller must not take others that share its flight along: it flies alone. */
function inFlight<T>(
  core: ClientCore,
  calls: Calls,
  wanted: Wanted<T>,
  storageKey: string,
  start: () => Promise<Result<T> | Abandoned>,
): Promise<Result<T>> {
  if (wanted.signal !== undefined) return orNever(start());
  return core.flights.share(storageKey, passengerOf(calls, wanted), start);
}
