import { CacheError } from '../base/errors.ts';
import type { Hit } from '../base/outcome.ts';
import type { Seconds } from '../base/units.ts';
import { encodeValue } from '../codec/value.ts';
import { storageKey } from '../memcached/storage-key.ts';
import type { Route, SmearedRoute } from '../smear/index.ts';
import { boundedLoad } from './bounded-load.ts';
import type { CallOptions, Loader, ReadThroughResult } from './cache.ts';
import type { CacheNode } from './cache-node.ts';
import type { Calls } from './calls.ts';
import type { ClientCore } from './client-core.ts';
import { askCopy, type FillCopy, fallsThrough, readPlace } from './dispatch.ts';
import { jittered } from './jitter.ts';
import { LeasedReading } from './leased-reading.ts';

/** What a read-through is asked for. */
export interface Wanted<T> {
  readonly key: string;
  readonly load: Loader<T>;
  readonly ttlSeconds: Seconds;
  readonly staleSeconds: Seconds;
  readonly options: CallOptions | undefined;
}

/** The cached value, else the loader's: under leases where the base's node has them and the options do not forbid it. */
export async function readThrough<T>(
  core: ClientCore,
  calls: Calls,
  wanted: Wanted<T>,
): Promise<ReadThroughResult<T>> {
  const { key, options } = wanted;
  const router = await calls.router();
  if (router instanceof CacheError) return plainReadThrough(core, calls, wanted);
  const stored = storageKey(core.prefix, key);
  const route = router.routeFor(key, stored);
  const read = async (): Promise<ReadThroughResult<T>> => {
    const leasable =
      route.kind !== 'variants' && core.leases && route.base.leases && !options?.signal?.aborted;
    const result = leasable ? await leasedReadThrough(core, calls, wanted, route, stored) : undefined;
    return result ?? plainReadThrough(core, calls, wanted);
  };
  // An aborted caller must not take others that share its flight along.
  return options?.signal === undefined ? core.flights.share(stored, calls.endsAt, read) : read();
}

async function leasedReadThrough<T>(
  core: ClientCore,
  calls: Calls,
  { key, load, ttlSeconds, staleSeconds, options }: Wanted<T>,
  route: Exclude<Route<CacheNode>, { kind: 'variants' }>,
  stored: string,
): Promise<ReadThroughResult<T> | undefined> {
  const { open, held, endsAt } = calls;
  let copy: FillCopy = () => {};
  if (route.kind === 'smeared') {
    const asked = await open.during(askACopy(calls, route, stored));
    if (typeof asked === 'function') copy = asked;
    else {
      const read = calls.decoded(key, asked.hit);
      if (read.kind === 'hit') return { kind: 'hit', value: read.value as T, node: asked.node.name };
    }
  }
  const decode = (hit: Hit) => {
    const read = calls.decoded(key, hit);
    return read.kind === 'hit' ? read : undefined;
  };
  const { base } = route;
  return new LeasedReading<T>({
    core,
    open,
    held,
    signal: options?.signal,
    key,
    storageKey: stored,
    base,
    load,
    ttlSeconds,
    staleSeconds,
    endsAt,
    decode,
    copy,
  }).run();
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

/** Without leases: whoever misses loads, and stores what it got. */
async function plainReadThrough<T>(
  { clock, random, loadTimeoutMillis }: ClientCore,
  calls: Calls,
  { key, load, ttlSeconds, options }: Wanted<T>,
): Promise<ReadThroughResult<T>> {
  const found = await calls.find(key, options);
  if (found.kind === 'hit' || found.kind === 'stale') return found as ReadThroughResult<T>;
  const loadBy = Math.min(clock.monotonic() + loadTimeoutMillis, calls.endsAt);
  const value = await boundedLoad(load, key, loadBy, clock);
  if (value === undefined) return { ...found, value };
  // A value that cannot be stored is told on every miss, not only while the cache is up.
  const encoded = encodeValue(value);
  // Where no node answered there is nobody to give the value to.
  if (found.kind === 'miss') await calls.store(key, encoded, jittered(ttlSeconds, random), options?.signal);
  return { ...found, value };
}
