import type { DeleteOutcome, StoreOutcome } from '../base/outcome.ts';
import type { Random } from '../base/random.ts';
import type { Millis, Seconds } from '../base/units.ts';
import { COPY_SUFFIX, GUTTER_SUFFIX } from '../memcached/storage-key.ts';
import type { WireItem } from '../memcached/transport.ts';
import type { Route, Router, SingleRoute, SmearedRoute } from '../smear/index.ts';
import type { CacheNode } from './cache-node.ts';
import {
  COPY_LEASE_SECONDS,
  deleteItem,
  fetchItem,
  type Located,
  mayStandIn,
  type ReadPlan,
  storeItem,
} from './dispatch.ts';
import { LEASE_BEYOND_LOAD_SECONDS } from './patience.ts';
import type { Wanted } from './wanted.ts';
import { fetchMoved } from './warm-up.ts';

/**
 * How long an item lives in the gutter. Those who see the owner up do not delete there, so this is how old a value can be
 * that is read while the owner is down.
 */
export const GUTTER_TTL_SECONDS: Seconds = 60;

/**
 * How long after a write the gutter may give what was before it: it is filled within a lease, lives for its time, and so
 * do copies of it.
 */
export function gutterBoundMillis(loadTimeoutMillis: Millis, copyTtlSeconds: Seconds): Millis {
  const leaseSeconds = Math.ceil(loadTimeoutMillis / 1_000) + LEASE_BEYOND_LOAD_SECONDS;
  return (leaseSeconds + GUTTER_TTL_SECONDS + COPY_LEASE_SECONDS + copyTtlSeconds) * 1_000;
}

/** So many nodes after the owner are looked at for one that is up. */
const MOST_LOOKED_AT = 3;

/** A route with a base of its own. */
export type BasedRoute = SingleRoute<CacheNode> | SmearedRoute<CacheNode>;

/** Where a key's items are while its owner is down: a route as any other, and the key of its base. */
export interface Gutter {
  readonly route: BasedRoute;
  readonly key: string;
}

/**
 * Where the gutter of `key` may be, depending on who is taken for down. At least so many nodes, however few copies there
 * are: those who do not know that the key is hot look there, too.
 */
function neighbours(router: Router<CacheNode>, route: BasedRoute, key: string): readonly CacheNode[] {
  if (route.kind === 'smeared' && route.copyNodes.length >= MOST_LOOKED_AT) return route.copyNodes;
  return router.ring.successors(key, MOST_LOOKED_AT + 1).slice(1);
}

/**
 * The route of `key` without its owner: the next node that is up takes the base's part, under a key of its own that is
 * never mistaken for a base; of a smeared key the copies go on beside it. `undefined` where there is no such node.
 *
 * Source: Nishtala et al., "Scaling Memcache at Facebook", NSDI 2013, section 3.3.
 */
export function gutterOf(router: Router<CacheNode>, route: BasedRoute, key: string): Gutter | undefined {
  const base = neighbours(router, route, key).find((node) => !node.spared);
  if (base === undefined) return undefined;
  const gutterKey = key + GUTTER_SUFFIX;
  const copyNodes = route.kind === 'smeared' ? route.copyNodes.filter((node) => node !== base) : [];
  if (copyNodes.length === 0) return { route: { kind: 'single', base }, key: gutterKey };
  // Copies of its own: those who see the owner up must not read what may be older than they are promised.
  return { route: { kind: 'smeared', base, copyNodes, copyKey: gutterKey + COPY_SUFFIX }, key: gutterKey };
}

/** What is wanted of the gutter: nothing lives there for longer than its time, or is served past it. */
export function ofGutter<T>(wanted: Wanted<T>): Wanted<T> {
  const { ttlSeconds, negativeTtlSeconds } = wanted;
  return {
    ...wanted,
    ttlSeconds: Math.min(ttlSeconds, GUTTER_TTL_SECONDS),
    staleSeconds: 0,
    negativeTtlSeconds: negativeTtlSeconds && Math.min(negativeTtlSeconds, GUTTER_TTL_SECONDS),
  };
}

/** Whether there may be something in the gutter that this process should know of. */
export function wasGuttered(route: Route<CacheNode>): route is BasedRoute {
  return route.kind !== 'variants' && route.base.wasDownWithin(GUTTER_TTL_SECONDS * 1_000);
}

/**
 * `fetchItem`; what moved is asked of its former owner; where the owner is down, or turns out to be, over the gutter. What is not there either is not a miss: the
 * owner may have it.
 */
export async function fetchPastOwner(
  router: Router<CacheNode>,
  route: Route<CacheNode>,
  key: string,
  plan: ReadPlan,
): Promise<Located> {
  const located = await fetchItem(route, key, plan);
  // Neither a consistent read nor one of a write of our own may be given what others keep elsewhere.
  if (!mayStandIn(plan, key)) return located;
  if (located.outcome.kind === 'miss' && route.kind !== 'variants') {
    return { outcome: await fetchMoved({ node: route.base, key }, plan), node: located.node };
  }
  if (located.outcome.kind !== 'unavailable' || route.kind === 'variants' || !route.base.spared)
    return located;
  const gutter = gutterOf(router, route, key);
  if (gutter === undefined) return located;
  const beside = await fetchItem(gutter.route, gutter.key, plan);
  return beside.outcome.kind === 'hit' ? beside : located;
}

/** What a write came to, by the owner's word; `mended`: what stands in for the owner is as new as the write. */
export interface Written<Outcome> {
  readonly outcome: Outcome;
  readonly mended: boolean;
}

/**
 * `storeItem`, which the owner alone acknowledges. While it is down what stands in for it is replaced, too; for a while
 * after that, or where this write finds it down, deleted.
 */
export async function storePastOwner(
  router: Router<CacheNode>,
  route: Route<CacheNode>,
  key: string,
  item: WireItem,
  random: Random,
  endsAt: Millis,
): Promise<Written<StoreOutcome> & { readonly node: CacheNode }> {
  const guttered = wasGuttered(route);
  const gutter = guttered && route.base.spared ? gutterOf(router, route, key) : undefined;
  const storing = storeItem(route, key, item, random, endsAt);
  const mended = await mend(router, route, key, guttered, storing, endsAt);
  if (gutter !== undefined && mended) {
    const ttlSeconds = Math.min(item.ttlSeconds, GUTTER_TTL_SECONDS);
    await storeItem(gutter.route, gutter.key, { ...item, ttlSeconds }, random, endsAt);
  }
  return { ...(await storing), mended };
}

/** `deleteItem`, and of what stands in for an owner that is down, or was a while ago. The owner alone acknowledges. */
export async function deletePastOwner(
  router: Router<CacheNode>,
  route: Route<CacheNode>,
  key: string,
  endsAt: Millis,
): Promise<Written<DeleteOutcome>> {
  const deleting = deleteItem(route, key, endsAt).then((outcome) => ({ outcome }));
  const mended = await mend(router, route, key, wasGuttered(route), deleting, endsAt);
  return { ...(await deleting), mended };
}

/**
 * Deletes what stands in for an owner that this process has seen down, which it may be by this write, wherever it may
 * stand. Whether none of it is left.
 */
async function mend(
  router: Router<CacheNode>,
  route: Route<CacheNode>,
  key: string,
  guttered: boolean,
  writing: Promise<{ readonly outcome: StoreOutcome | DeleteOutcome }>,
  endsAt: Millis,
): Promise<boolean> {
  if (route.kind === 'variants') return false;
  if (!guttered && (await writing).outcome.kind !== 'unavailable') return false;
  const gutterKey = key + GUTTER_SUFFIX;
  const keys = route.kind === 'smeared' ? [gutterKey, gutterKey + COPY_SUFFIX] : [gutterKey];
  const outcomes = await Promise.all(
    neighbours(router, route, key).flatMap((node) => keys.map((stale) => node.delete(stale, endsAt))),
  );
  return outcomes.every(({ kind }) => kind !== 'unavailable');
}
