import { type FetchOutcome, MISS } from '../base/outcome.ts';
import type { Millis } from '../base/units.ts';
import { storageKey } from '../memcached/storage-key.ts';
import type { Route, Router } from '../smear/index.ts';
import type { CacheNode } from './cache-node.ts';
import { askMissingCopy, fallsThrough, itemOf, type Place, type ReadPlan, readPlace } from './dispatch.ts';

/** One key of a batch, from its route to its outcome. */
export interface Item {
  readonly key: string;
  readonly storageKey: string;
  readonly route: Route<CacheNode>;
  readonly place: Place;
  outcome: FetchOutcome;
}

/** What goes to one node in one round trip. */
interface Batch {
  readonly items: Item[];
  readonly keys: string[];
}

/**
 * Reads many keys: one batch a node, the nodes side by side; then the keys whose copies had nothing, from their
 * bases.
 */
export async function fetchMany(
  router: Router<CacheNode>,
  prefix: string,
  keys: Iterable<string>,
  plan: ReadPlan,
): Promise<readonly Item[]> {
  const items: Item[] = [];
  const batches = new Map<CacheNode, Batch>();
  for (const key of keys) {
    const stored = storageKey(prefix, key);
    const route = router.routeFor(key, stored);
    const place = readPlace(route, stored, plan);
    const item: Item = { key, storageKey: stored, route, place, outcome: MISS };
    items.push(item);
    const batch = batches.get(place.node);
    if (batch === undefined) batches.set(place.node, { items: [item], keys: [place.key] });
    else {
      batch.items.push(item);
      batch.keys.push(place.key);
    }
  }
  await Promise.all(Array.from(batches, ([node, batch]) => fetchBatch(node, batch, plan.endsAt)));
  const secondRound = items.filter(
    ({ outcome, route, place }) =>
      route.kind === 'smeared' && outcome.kind !== 'hit' && fallsThrough(route, place),
  );
  // One by one: these are the hot keys of the batch, a few, and their remaining time is needed for the copies.
  if (secondRound.length > 0) await Promise.all(secondRound.map((item) => fetchFromBase(item, plan)));
  return items;
}

async function fetchBatch(node: CacheNode, { items, keys }: Batch, endsAt: Millis): Promise<void> {
  const outcomes = await node.getMany(keys, endsAt);
  for (let i = 0; i < items.length; i++) items[i]!.outcome = itemOf(outcomes[i]!);
}

/** The copy is asked once more, for the right to fill it: a batch takes no leases. */
async function fetchFromBase(item: Item, plan: ReadPlan): Promise<void> {
  const { route, storageKey, place, outcome } = item;
  if (route.kind !== 'smeared') return;
  const copy = outcome.kind === 'miss' ? await askMissingCopy(place, plan) : undefined;
  if (copy !== undefined && typeof copy !== 'function') {
    item.outcome = copy;
    return;
  }
  item.outcome = itemOf(await route.base.getWithTtl(storageKey, plan.endsAt));
  copy?.(item.outcome.kind === 'hit' ? item.outcome : undefined);
}
