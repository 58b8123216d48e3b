import type { FetchOutcome } from '../base/outcome.ts';
import type { Millis } from '../base/units.ts';
import type { Route, Router } from '../smear/index.ts';
import type { CacheNode } from './cache-node.ts';
import { askMissingCopy, fallsThrough, itemOf, type Place, type ReadPlan, readPlace } from './dispatch.ts';

/** One key of a batch, from its route to its outcome. */
interface Item {
  readonly key: string;
  readonly storageKey: string;
  readonly route: Route<CacheNode>;
  readonly place: Place;
  outcome: FetchOutcome | undefined;
}

/**
 * Reads many keys: one batch a node, the nodes side by side; then the keys whose copies had nothing, from their
 * bases.
 */
export async function fetchMany(
  router: Router<CacheNode>,
  storageKeys: ReadonlyMap<string, string>,
  plan: ReadPlan,
): Promise<Map<string, FetchOutcome>> {
  const items = Array.from(storageKeys, ([key, storageKey]): Item => {
    const route = router.routeFor(key, storageKey);
    const place = readPlace(route, storageKey, plan);
    return { key, storageKey, route, place, outcome: undefined };
  });
  await fetchBatches(items, plan.endsAt);
  const secondRound = items.filter(
    (item) => item.outcome?.kind !== 'hit' && fallsThrough(item.route, item.place),
  );
  // One by one: these are the hot keys of the batch, a few, and their remaining time is needed for the copies.
  await Promise.all(secondRound.map((item) => fetchFromBase(item, plan)));
  return new Map(items.map(({ key, outcome }) => [key, outcome!]));
}

/** The copy is asked once more, for the right to fill it: a batch takes no leases. */
async function fetchFromBase(item: Item, plan: ReadPlan): Promise<void> {
  const { route, storageKey, place, outcome } = item;
  if (route.kind !== 'smeared') return;
  const copy = outcome?.kind === 'miss' ? await askMissingCopy(place, plan) : undefined;
  if (copy !== undefined && typeof copy !== 'function') {
    item.outcome = copy;
    return;
  }
  item.outcome = itemOf(await route.base.getWithTtl(storageKey, plan.endsAt));
  copy?.(item.outcome.kind === 'hit' ? item.outcome : undefined);
}

async function fetchBatches(items: readonly Item[], endsAt: Millis): Promise<void> {
  const batches = Map.groupBy(items, ({ place }) => place.node);
  await Promise.all(
    Array.from(batches, async ([node, batch]) => {
      const keys = batch.map(({ place }) => place.key);
      const outcomes = await node.getMany(keys, endsAt);
      batch.forEach((item, i) => {
        item.outcome = itemOf(outcomes[i]!);
      });
    }),
  );
}
