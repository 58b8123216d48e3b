import { CacheError } from '../base/errors.ts';
import type { Hit, LeaseOutcome } from '../base/outcome.ts';
import { storageKey } from '../memcached/storage-key.ts';
import type { Route, Router, SmearedRoute } from '../smear/index.ts';
import type { ReadThroughResult } from './cache.ts';
import type { CacheNode } from './cache-node.ts';
import type { Calls } from './calls.ts';
import type { ClientCore } from './client-core.ts';
import { askCopy, type FillCopy, fallsThrough, readPlace } from './dispatch.ts';
import { type BasedRoute, gutterOf, ofGutter } from './gutter.ts';
import { LeasedReading } from './leased-reading.ts';
import { LockedReading, loadWithout } from './locked-reading.ts';
import { acceptable } from './validation.ts';
import { leaseSeconds, type Wanted } from './wanted.ts';

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
  const router = core.cluster.router();
  if (router === undefined || wanted.signal !== undefined) return slowly(core, calls, wanted).then(shape);
  const { key, staleSeconds } = wanted;
  const stored = storageKey(core.prefix, key);
  const route = router.routeFor(key, stored);
  if (route.kind !== 'single' || !leasable(core, route) || route.base.spared) {
    return overRoute({ core, calls, wanted, router }, route, stored).then(shape);
  }
  const { base } = route;
  const { open, endsAt } = calls;
  open.begin();
  return base.lease(stored, leaseSeconds(core, endsAt), staleSeconds, endsAt).then((outcome) => {
    open.end();
    if (outcome.kind === 'hit' && !outcome.stale && wanted.validate === undefined) {
      const read = calls.decoded(key, outcome);
      if (read.kind === 'hit') return shape({ kind: 'hit', value: read.value as T, node: base.name });
    }
    return goOn({ core, calls, wanted, router }, route, stored, outcome).then(shape);
  });
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
  const router = await calls.router();
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
  const lease = leaseSeconds(core, endsAt);
  const outcome = await open.during(route.base.lease(stored, lease, wanted.staleSeconds, endsAt));
  copy(outcome.kind === 'hit' && !outcome.stale ? outcome : undefined);
  return goOn(reading, route, stored, outcome);
}

const leasable = (core: ClientCore, route: BasedRoute): boolean => core.leases && route.base.leases;

/** From what the base said. */
async function goOn<T>(
  reading: Reading<T>,
  route: BasedRoute,
  stored: string,
  outcome: LeaseOutcome,
): Promise<ReadThroughResult<T>> {
  const gutter = outcome.kind === 'unavailable' ? overGutter(reading, route, stored) : undefined;
  if (gutter !== undefined) return gutter;
  const { core, calls, wanted } = reading;
  const result = await new LeasedReading(core, calls, wanted, route.base, stored).take(outcome);
  return result ?? locked(reading, route, stored);
}

function locked<T>(
  reading: Reading<T>,
  route: Route<CacheNode>,
  stored: string,
): Promise<ReadThroughResult<T>> {
  const { core, calls, wanted } = reading;
  return new LockedReading(core, calls, wanted, route, stored).run(() => overGutter(reading, route, stored));
}

/** The same over the key's gutter, where its owner is known to be down by now, and there is one. */
function overGutter<T>(
  reading: Reading<T>,
  route: Route<CacheNode>,
  stored: string,
): Promise<ReadThroughResult<T>> | undefined {
  const { router, wanted } = reading;
  if (router === undefined || route.kind === 'variants' || !route.base.spared) return undefined;
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
