import { MISS } from '../base/outcome.ts';
import type { Millis } from '../base/units.ts';
import { LOCK_SUFFIX } from '../memcached/storage-key.ts';
import type { Route } from '../smear/index.ts';
import { boundedLoad } from './bounded-load.ts';
import type { ReadResult, ReadThroughResult } from './cache.ts';
import type { CacheNode } from './cache-node.ts';
import type { Calls } from './calls.ts';
import type { ClientCore } from './client-core.ts';
import { ABANDONED, type Abandoned, orNever } from './flights.ts';
import { patienceFrom } from './patience.ts';
import { acceptable } from './validation.ts';
import { encodedLoad, leaseSeconds, storedSeconds, type Wanted } from './wanted.ts';

const LOCK = Buffer.from('1');

/**
 * A read-through without leases: of those who miss, one adds a lock beside the item and loads, the others look again
 * until its value is there or the lock is gone. What it stores replaces whatever was written meanwhile: memcached is
 * not told that this is an older value.
 *
 * `route` is `undefined` where the nodes are not known.
 */
export async function lockedReadThrough<T>(
  core: ClientCore,
  calls: Calls,
  wanted: Wanted<T>,
  route: Route<CacheNode> | undefined,
  stored: string,
): Promise<ReadThroughResult<T>> {
  const found = await find(calls, wanted);
  if (found.kind === 'hit') return found;
  // Where no node answered there is nobody to hold a lock, or to give the value to.
  const start =
    found.kind === 'miss' && route !== undefined && route.kind !== 'variants'
      ? () => underLock(core, calls, wanted, found, { node: route.base, key: stored + LOCK_SUFFIX })
      : () => loadAndStore(core, calls, wanted, found);
  const { signal, waits } = wanted;
  const { endsAt, left } = calls;
  return signal === undefined
    ? core.flights.share(stored, { endsAt, left, joined: waits }, start)
    : orNever(start());
}

type Absence = Extract<ReadResult<never>, { kind: 'miss' | 'unavailable' }>;
type Found<T> = { readonly kind: 'hit'; readonly value: T; readonly node: string } | Absence;

async function find<T>(calls: Calls, wanted: Wanted<T>, consistentRead = false): Promise<Found<T>> {
  const { key, signal } = wanted;
  const { outcome, node } = await calls.locate(key, { signal, consistentRead });
  if (outcome.kind !== 'hit') return node === undefined ? outcome : { ...outcome, node: node.name };
  const accepted = await acceptable(calls, wanted, outcome);
  if (accepted !== undefined) return { kind: 'hit', value: accepted.value, node: node!.name };
  return calls.fallsToBase(key, { consistentRead }, outcome, MISS)
    ? find(calls, wanted, true)
    : { kind: 'miss', node: node!.name };
}

async function underLock<T>(
  core: ClientCore,
  calls: Calls,
  wanted: Wanted<T>,
  missed: Absence,
  lock: { readonly node: CacheNode; readonly key: string },
): Promise<ReadThroughResult<T> | Abandoned> {
  const { open, left, endsAt, pauses } = calls;
  const lockItem = { value: LOCK, flags: 0, ttlSeconds: leaseSeconds(core, endsAt) };
  /** `undefined` where another has it. A node that fails now holds up nobody. */
  const take = async (): Promise<'taken' | undefined> => {
    const outcome = await open.during(lock.node.store('add', lock.key, lockItem, endsAt));
    return outcome.kind === 'refused' ? undefined : 'taken';
  };
  let taken: 'taken' | Found<T> | 'late' | 'over' | undefined = await take();
  if (taken === undefined) {
    wanted.waits?.();
    const { waitUntil } = patienceFrom(core, endsAt);
    taken = await pauses.lookAgain<'taken' | Found<T>>(waitUntil, wanted.signal, async () => {
      const found = await find(calls, wanted);
      return found.kind === 'miss' ? take() : found;
    });
  }
  if (taken === 'over') return ABANDONED;
  if (taken === 'late') return { ...missed, value: await load(core, calls, wanted) };
  if (taken !== 'taken') return taken.kind === 'hit' ? taken : loadAndStore(core, calls, wanted, taken);
  let leftBehind = false;
  const release = (): Promise<unknown> => open.during(lock.node.delete(lock.key, endsAt));
  const leave = (): void => {
    leftBehind = true;
    void release();
  };
  left.add(leave);
  try {
    return await loadAndStore(core, calls, wanted, missed);
  } finally {
    left.delete(leave);
    if (!leftBehind) await release();
  }
}

async function loadAndStore<T>(
  core: ClientCore,
  calls: Calls,
  wanted: Wanted<T>,
  found: Absence,
): Promise<ReadThroughResult<T>> {
  const value = await load(core, calls, wanted);
  // A value that cannot be stored is told on every miss, not only while the cache is up.
  const item = encodedLoad(wanted, value);
  if (found.kind === 'miss' && item !== undefined) {
    await calls.store(wanted.key, item.encoded, storedSeconds(core, item.ttlSeconds, 0), wanted.signal);
  }
  return { ...found, value };
}

function load<T>(core: ClientCore, calls: Calls, wanted: Wanted<T>): Promise<T> {
  const { clock, loadTimeoutMillis } = core;
  const loadBy: Millis = Math.min(clock.monotonic() + loadTimeoutMillis, calls.endsAt);
  return boundedLoad(wanted.load, wanted.key, loadBy, clock, calls.left);
}
