import { CacheError } from '../base/errors.ts';
import { type Hit, type LeaseOutcome, MISS } from '../base/outcome.ts';
import { storageKey } from '../memcached/storage-key.ts';
import type { Route, Router, SmearedRoute } from '../smear/index.ts';
import type { ReadThroughResult } from './cache.ts';
import type { CacheNode } from './cache-node.ts';
import type { Calls } from './calls.ts';
import type { ClientCore } from './client-core.ts';
import { askCopy, type FillCopy, fallsThrough, type Place, readPlace } from './dispatch.ts';
import { type BasedRoute, gutterOf, ofGutter } from './gutter.ts';
import { sawRead } from './hot-reads.ts';
import { LeasedReading } from './leased-reading.ts';
import { LockedReading, loadWithout } from './locked-reading.ts';
import { leaseSeconds } from './patience.ts';
import { acceptable } from './validation.ts';
import type { Wanted } from './wanted.ts';
import { isOwnAndStale, refreshSeconds, takeMoved } from './warm-up.ts';

/**
 * The cached value, else the loader's: under leases where the base's node has them and the options do not forbid it.
 * `shape` makes of it what the caller is given.
 *
 * The common case, a fresh item of a key that is not smeared, is one promise on top of the transport's.
 */
export function readThrough<T, R>(
  core: ClientCore,
  calls: Calls,
  wanted: Wanted<T>,
  shape: (result: ReadThroughResult<T>) => R,
): Promise<R> {
  calls.lasts(Math.max(wanted.ttlSeconds, wanted.negativeTtlSeconds ?? 0) + wanted.staleSeconds);
  const router = core.cluster.router();
  if (router === undefined || wanted.signal !== undefined) {
    return given({ core, calls, wanted }, slowly(core, calls, wanted), shape);
  }
  const { key, staleSeconds } = wanted;
  const stored = storageKey(core.prefix, key);
  const route = router.routeFor(key, stored);
  if (route.kind !== 'single' || !leasable(core, route) || route.base.spared) {
    const reading = { core, calls, wanted, router };
    return given(reading, overRoute(reading, route, stored), shape);
  }
  const { base } = route;
  const { open, endsAt } = calls;
  const refresh = refreshSeconds(core, wanted, base, stored);
  open.begin();
  return base.lease(stored, leaseSeconds(core, endsAt), refresh, endsAt).then((outcome) => {
    open.end();
    let unreadable = false;
    if (
      outcome.kind === 'hit' &&
      !outcome.stale &&
      wanted.validate === undefined &&
      refresh === staleSeconds
    ) {
      const read = calls.decoded(key, outcome);
      if (read.kind === 'hit') {
        calls.tally.hits++;
        return shape({ kind: 'hit', value: read.value as T, node: base.name });
      }
      unreadable = true;
    }
    const reading = { core, calls, wanted, router };
    return given(reading, goOn(reading, route, stored, outcome, unreadable), shape);
  });
}

/** What the caller is given, and counted as. */
function given<T, R>(
  { core, calls, wanted }: Pick<Reading<T>, 'core' | 'calls' | 'wanted'>,
  result: Promise<ReadThroughResult<T>>,
  shape: (result: ReadThroughResult<T>) => R,
): Promise<R> {
  const { tally } = calls;
  const sawMiss = (): void => {
    if (core.hotDetection !== undefined) sawRead(core, core.hotDetection, calls, wanted.key, MISS);
  };
  return result.then(
    (read) => {
      tally.read(read);
      // What was found was seen when it was read.
      if (read.kind === 'miss') sawMiss();
      return shape(read);
    },
    (error: unknown) => {
      // Its loader was asked, and failed.
      tally.misses++;
      sawMiss();
      throw error;
    },
  );
}

/** One read-through, by what it is done. */
interface Reading<T> {
  readonly core: ClientCore;
  readonly calls: Calls;
  readonly wanted: Wanted<T>;
  /** Finds the gutter where the owner turns out to be down; `undefined` where this is the gutter. */
  readonly router: Router<CacheNode> | undefined;
}

async function slowly<T>(core: ClientCore, calls: Calls, wanted: Wanted<T>): Promise<ReadThroughResult<T>> {
  // Counted: what follows must not begin behind the invocation's end.
  const router = await calls.open.during(Promise.resolve(calls.router()));
  const stored = storageKey(core.prefix, wanted.key);
  if (router instanceof CacheError) {
    return loadWithout(core, calls, wanted, stored, { kind: 'unavailable', error: router });
  }
  return overRoute({ core, calls, wanted, router }, router.routeFor(wanted.key, stored), stored);
}

async function overRoute<T>(
  reading: Reading<T>,
  route: Route<CacheNode>,
  stored: string,
): Promise<ReadThroughResult<T>> {
  if (route.kind === 'variants') return locked(reading, route, stored);
  const gutter = overGutter(reading, route, stored);
  if (gutter !== undefined) return gutter;
  const { core, calls, wanted } = reading;
  if (!leasable(core, route) || wanted.signal?.aborted) return locked(reading, route, stored);
  let copy: FillCopy = () => {};
  if (route.kind === 'smeared') {
    const asked = await calls.open.during(askACopy(calls, route, stored));
    if (typeof asked === 'function') copy = asked;
    else {
      const accepted = await acceptable(calls, wanted, asked.hit);
      if (accepted !== undefined) return { kind: 'hit', value: accepted.value, node: asked.node.name };
    }
  }
  const { open, endsAt } = calls;
  const refresh = refreshSeconds(core, wanted, route.base, stored);
  const outcome = await open.during(route.base.lease(stored, leaseSeconds(core, endsAt), refresh, endsAt));
  copy(outcome.kind === 'hit' && !outcome.stale ? outcome : undefined);
  return goOn(reading, route, stored, outcome, false);
}

const leasable = (core: ClientCore, route: BasedRoute): boolean => core.leases && route.base.leases;

/** From what the base said. `unreadable`: an item that was tried already. */
async function goOn<T>(
  reading: Reading<T>,
  route: BasedRoute,
  stored: string,
  outcome: LeaseOutcome,
  unreadable: boolean,
): Promise<ReadThroughResult<T>> {
  const gutter = outcome.kind === 'unavailable' ? overGutter(reading, route, stored) : undefined;
  if (gutter !== undefined) return gutter;
  const { core, calls, wanted } = reading;
  const owner = { node: route.base, key: stored };
  // No turn is lost where nothing moved: the others of this process are to find the flight of the one that won.
  // The gutter's key was never anybody's, and what this process wrote is newer than what was left behind.
  const mayHaveMoved = reading.router !== undefined && !core.recentWrites.has(stored);
  const former =
    outcome.kind === 'won' && mayHaveMoved ? core.cluster.former.sourceOf(stored, route.base) : undefined;
  if (outcome.kind === 'won' && former !== undefined) {
    const moved = await takeMoved(core, calls, wanted, owner, former, outcome.cas);
    if (moved !== undefined) return moved;
  }
  const again =
    outcome.kind === 'hit' && !outcome.stale && isOwnAndStale(core, outcome, wanted)
      ? await askToRenew(reading, owner)
      : outcome;
  const result = await new LeasedReading(core, calls, wanted, route.base, stored).take(again, unreadable);
  return result ?? locked(reading, route, stored);
}

function askToRenew<T>({ core, calls, wanted }: Reading<T>, { node, key }: Place): Promise<LeaseOutcome> {
  const { open, endsAt } = calls;
  return open.during(node.lease(key, leaseSeconds(core, endsAt), wanted.staleSeconds, endsAt));
}

function locked<T>(
  reading: Reading<T>,
  route: Route<CacheNode>,
  stored: string,
): Promise<ReadThroughResult<T>> {
  const { core, calls, wanted } = reading;
  const isGutter = reading.router === undefined;
  return new LockedReading(core, calls, wanted, route, stored, isGutter).run(() =>
    overGutter(reading, route, stored),
  );
}

/** The same over the key's gutter, where its owner is known to be down by now, and there is one. */
function overGutter<T>(
  reading: Reading<T>,
  route: Route<CacheNode>,
  stored: string,
): Promise<ReadThroughResult<T>> | undefined {
  const { core, router, wanted } = reading;
  if (router === undefined || route.kind === 'variants' || !route.base.spared) return undefined;
  // What others keep there may be older than a write of our own.
  if (core.recentWrites.has(stored)) return undefined;
  const gutter = gutterOf(router, route, stored);
  if (gutter === undefined) return undefined;
  return overRoute({ ...reading, wanted: ofGutter(wanted), router: undefined }, gutter.route, gutter.key);
}

/** The copy that a read of this route goes to: its value, or the way to fill it. */
async function askACopy(
  calls: Calls,
  route: SmearedRoute<CacheNode>,
  stored: string,
): Promise<{ readonly hit: Hit; readonly node: CacheNode } | FillCopy> {
  const plan = calls.plan(undefined);
  const place = readPlace(route, stored, plan);
  if (!fallsThrough(route, place)) return () => {};
  const copy = await askCopy(place, plan);
  return typeof copy === 'function' ? copy : { hit: copy, node: place.node };
}
