import { CacheError } from '../base/errors.ts';
import type { Hit } from '../base/outcome.ts';
import { storageKey } from '../memcached/storage-key.ts';
import type { Route, SmearedRoute, VariantsRoute } from '../smear/index.ts';
import type { ReadThroughResult } from './cache.ts';
import type { CacheNode } from './cache-node.ts';
import type { Calls } from './calls.ts';
import type { ClientCore } from './client-core.ts';
import { askCopy, type FillCopy, fallsThrough, readPlace } from './dispatch.ts';
import { LeasedReading } from './leased-reading.ts';
import { lockedReadThrough } from './locked-reading.ts';
import { acceptable } from './validation.ts';
import { leaseSeconds, type Wanted } from './wanted.ts';

type BasedRoute = Exclude<Route<CacheNode>, VariantsRoute<CacheNode>>;

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
  if (route.kind !== 'single' || !leasable(core, route))
    return overRoute(core, calls, wanted, route, stored).then(shape);
  const { base } = route;
  const { open, endsAt } = calls;
  open.begin();
  return base.lease(stored, leaseSeconds(core, endsAt), staleSeconds, endsAt).then((outcome) => {
    open.end();
    if (outcome.kind === 'hit' && !outcome.stale && wanted.validate === undefined) {
      const read = calls.decoded(key, outcome);
      if (read.kind === 'hit') return shape({ kind: 'hit', value: read.value as T, node: base.name });
    }
    const reading = new LeasedReading(core, calls, wanted, base, stored);
    return reading
      .take(outcome)
      .then(async (result) => shape(result ?? (await lockedReadThrough(core, calls, wanted, route, stored))));
  });
}

async function slowly<T>(core: ClientCore, calls: Calls, wanted: Wanted<T>): Promise<ReadThroughResult<T>> {
  const router = await calls.router();
  const stored = storageKey(core.prefix, wanted.key);
  if (router instanceof CacheError) return lockedReadThrough(core, calls, wanted, undefined, stored);
  return overRoute(core, calls, wanted, router.routeFor(wanted.key, stored), stored);
}

async function overRoute<T>(
  core: ClientCore,
  calls: Calls,
  wanted: Wanted<T>,
  route: Route<CacheNode>,
  stored: string,
): Promise<ReadThroughResult<T>> {
  const leases = route.kind !== 'variants' && leasable(core, route) && !wanted.signal?.aborted;
  const result = leases ? await leasedReadThrough(core, calls, wanted, route, stored) : undefined;
  return result ?? lockedReadThrough(core, calls, wanted, route, stored);
}

const leasable = (core: ClientCore, route: BasedRoute): boolean => core.leases && route.base.leases;

async function leasedReadThrough<T>(
  core: ClientCore,
  calls: Calls,
  wanted: Wanted<T>,
  route: BasedRoute,
  stored: string,
): Promise<ReadThroughResult<T> | undefined> {
  let copy: FillCopy = () => {};
  if (route.kind === 'smeared') {
    const asked = await calls.open.during(askACopy(calls, route, stored));
    if (typeof asked === 'function') copy = asked;
    else {
      const accepted = await acceptable(calls, wanted, asked.hit);
      if (accepted !== undefined) return { kind: 'hit', value: accepted.value, node: asked.node.name };
    }
  }
  const reading = new LeasedReading(core, calls, wanted, route.base, stored);
  const outcome = await reading.lease();
  copy(outcome.kind === 'hit' && !outcome.stale ? outcome : undefined);
  return reading.take(outcome);
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
