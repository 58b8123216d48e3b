import type { FetchOutcome } from '../base/outcome.ts';
import { LOCK_SUFFIX } from '../memcached/storage-key.ts';
import type { Route } from '../smear/index.ts';
import { boundedLoad } from './bounded-load.ts';
import type { ReadResult, ReadThroughResult } from './cache.ts';
import type { CacheNode } from './cache-node.ts';
import type { Calls } from './calls.ts';
import type { ClientCore } from './client-core.ts';
import { fetchItem, type Place, storeItem } from './dispatch.ts';
import { ABANDONED, type Abandoned, orNever } from './flights.ts';
import { patienceFrom } from './patience.ts';
import { acceptable } from './validation.ts';
import { encodedLoad, leaseSeconds, storedSeconds, type Wanted } from './wanted.ts';

const LOCK = Buffer.from('1');

type Result<T> = ReadThroughResult<T>;
type Absence = Extract<ReadResult<never>, { kind: 'miss' | 'unavailable' }>;
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

  constructor(
    core: ClientCore,
    calls: Calls,
    wanted: Wanted<T>,
    route: Route<CacheNode>,
    storageKey: string,
  ) {
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
    return node === undefined ? (outcome as Absence) : this.#judge(outcome, node, consistentRead);
  }

  async #judge(outcome: FetchOutcome, node: CacheNode, consistentRead: boolean): Promise<Found<T>> {
    if (outcome.kind !== 'hit') return { ...outcome, node: node.name };
    const accepted = await acceptable(this.#calls, this.#wanted, outcome);
    if (accepted !== undefined) return { kind: 'hit', value: accepted.value, node: node.name };
    // A copy that cannot be read is passed over, like one that has nothing.
    const isCopy = this.#route.kind === 'smeared' && !consistentRead;
    return isCopy ? this.#find(true) : { kind: 'miss', node: node.name };
  }

  async #underLock(missed: Absence, { node, key }: Place): Promise<Result<T> | Abandoned> {
    const { open, left, endsAt, pauses } = this.#calls;
    const { signal, waits } = this.#wanted;
    const lockItem = { value: LOCK, flags: 0, ttlSeconds: leaseSeconds(this.#core, endsAt) };
    /** `undefined` where another has it. A node that fails now holds up nobody. */
    const take = async (): Promise<'taken' | undefined> => {
      const outcome = await open.during(node.store('add', key, lockItem, endsAt));
      return outcome.kind === 'refused' ? undefined : 'taken';
    };
    let taken: 'taken' | Found<T> | 'late' | 'over' | undefined = await take();
    if (taken === undefined) {
      waits?.();
      const { waitUntil } = patienceFrom(this.#core, endsAt);
      taken = await pauses.lookAgain<'taken' | Found<T>>(waitUntil, signal, async () => {
        const found = await this.#find(false);
        return found.kind === 'miss' ? take() : found;
      });
    }
    if (taken === 'over') return ABANDONED;
    if (taken === 'late') return { ...missed, value: await load(this.#core, this.#calls, this.#wanted) };
    if (taken !== 'taken') return taken.kind === 'hit' ? taken : this.#loadAndStore(taken);
    let leftBehind = false;
    const release = (): Promise<unknown> => open.during(node.delete(key, endsAt));
    const leave = (): void => {
      leftBehind = true;
      void release();
    };
    left.add(leave);
    try {
      return await this.#loadAndStore(missed);
    } finally {
      left.delete(leave);
      if (!leftBehind) await release();
    }
  }

  async #loadAndStore(found: Absence): Promise<Result<T>> {
    const value = await load(this.#core, this.#calls, this.#wanted);
    // A value that cannot be stored is told on every miss, not only while the cache is up.
    const item = encodedLoad(this.#wanted, value);
    if (found.kind === 'miss' && item !== undefined) await this.#store(item);
    return { ...found, value };
  }

  async #store({ encoded, ttlSeconds }: NonNullable<ReturnType<typeof encodedLoad>>): Promise<void> {
    const { random, observe } = this.#core;
    const { open, endsAt } = this.#calls;
    const item = { ...encoded, ttlSeconds: storedSeconds(this.#core, ttlSeconds, 0) };
    const { outcome, node } = await open.during(
      storeItem(this.#route, this.#storageKey, item, random, endsAt),
    );
    if (outcome.kind !== 'too-large') return;
    const bytes = encoded.value.length;
    observe({ kind: 'value-skipped', key: this.#storageKey, node: node.name, bytes });
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
    const value = await load(core, calls, wanted);
    encodedLoad(wanted, value);
    return { ...absence, value };
  });
}

/** An aborted caller must not take others that share its flight along: it flies alone. */
function inFlight<T>(
  core: ClientCore,
  { endsAt, left }: Calls,
  { signal, waits }: Wanted<T>,
  storageKey: string,
  start: () => Promise<Result<T> | Abandoned>,
): Promise<Result<T>> {
  if (signal !== undefined) return orNever(start());
  return core.flights.share(storageKey, { endsAt, left, joined: waits }, start);
}

function load<T>(core: ClientCore, calls: Calls, { load, key }: Wanted<T>): Promise<T> {
  const { clock, loadTimeoutMillis } = core;
  calls.tally.originLoads++;
  const loadBy = Math.min(clock.monotonic() + loadTimeoutMillis, calls.endsAt);
  return boundedLoad(load, key, loadBy, clock, calls.left);
}
