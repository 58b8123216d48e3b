import type { DeleteOutcome, StoreOutcome } from '../base/outcome.ts';
import type { Random } from '../base/random.ts';
import type { Millis, Seconds } from '../base/units.ts';
import { GUTTER_SUFFIX } from '../memcached/storage-key.ts';
import type { WireItem } from '../memcached/transport.ts';
import type { Route, Router, SingleRoute, SmearedRoute } from '../smear/index.ts';
import type { CacheNode } from './cache-node.ts';
import { deleteItem, fetchItem, type Located, type ReadPlan, storeItem } from './dispatch.ts';
import type { Wanted } from './wanted.ts';

/**
 * How long an item lives in the gutter. Those who see the owner up do not delete there, so this is how old a value can be
 * that is read while the owner is down.
 */
export const GUTTER_TTL_SECONDS: Seconds = 60;

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
 * The route of `key` without its owner: the next node that is up takes the base's part, under a key of its own that is
 * never mistaken for a base; of a smeared key the copies go on beside it. `undefined` where there is no such node.
 *
 * Source: Nishtala et al., "Scaling Memcache at Facebook", NSDI 2013, section 3.3.
 */
export function gutterOf(router: Router<CacheNode>, route: BasedRoute, key: string): Gutter | undefined {
  const others =
    route.kind === 'smeared' ? route.copyNodes : router.ring.successors(key, MOST_LOOKED_AT + 1).slice(1);
  const at = others.findIndex((node) => !node.spared);
  if (at < 0) return undefined;
  const base = others[at]!;
  const gutterKey = key + GUTTER_SUFFIX;
  const copyNodes = route.kind === 'smeared' ? route.copyNodes.filter((node) => node !== base) : [];
  if (route.kind === 'single' || copyNodes.length === 0) {
    return { route: { kind: 'single', base }, key: gutterKey };
  }
  return { route: { kind: 'smeared', base, copyNodes, copyKey: route.copyKey }, key: gutterKey };
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
 * `fetchItem`; where the owner is down, or turns out to be, over the gutter. What is not there either is not a miss: the
 * owner may have it.
 */
export async function fetchPastOwner(
  router: Router<CacheNode>,
  route: Route<CacheNode>,
  key: string,
  plan: ReadPlan,
): Promise<Located> {
  const located = await fetchItem(route, key, plan);
  if (located.outcome.kind !== 'unavailable' || route.kind === 'variants' || !route.base.spared)
    return located;
  const gutter = gutterOf(router, route, key);
  if (gutter === undefined) return located;
  const beside = await fetchItem(gutter.route, gutter.key, plan);
  return beside.outcome.kind === 'hit' ? beside : located;
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
): Promise<{ readonly outcome: StoreOutcome; readonly node: CacheNode }> {
  const guttered = wasGuttered(route);
  const isDown = guttered && route.base.spared;
  const storing = storeItem(route, key, item, random, endsAt);
  const gutter = await gutterToMend(router, route, key, guttered, storing);
  if (gutter === undefined) return storing;
  const ttlSeconds = Math.min(item.ttlSeconds, GUTTER_TTL_SECONDS);
  if (isDown) await storeItem(gutter.route, gutter.key, { ...item, ttlSeconds }, random, endsAt);
  else await deleteItem(gutter.route, gutter.key, endsAt);
  return storing;
}

/** `deleteItem`, and of what stands in for an owner that is down, or was a while ago. The owner alone acknowledges. */
export async function deletePastOwner(
  router: Router<CacheNode>,
  route: Route<CacheNode>,
  key: string,
  endsAt: Millis,
): Promise<DeleteOutcome> {
  const deleting = deleteItem(route, key, endsAt).then((outcome) => ({ outcome }));
  const gutter = await gutterToMend(router, route, key, wasGuttered(route), deleting);
  if (gutter !== undefined) await deleteItem(gutter.route, gutter.key, endsAt);
  return (await deleting).outcome;
}

/** The gutter that a write must reach, at once where the owner is known to have been down; it may be the write that finds it so. */
async function gutterToMend(
  router: Router<CacheNode>,
  route: Route<CacheNode>,
  key: string,
  guttered: boolean,
  writing: Promise<{ readonly outcome: StoreOutcome | DeleteOutcome }>,
): Promise<Gutter | undefined> {
  if (route.kind === 'variants') return undefined;
  if (!guttered && (await writing).outcome.kind !== 'unavailable') return undefined;
  return gutterOf(router, route, key);
}
