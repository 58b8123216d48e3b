import type { FetchOutcome } from '../base/outcome.ts';
import type { Random } from '../base/random.ts';
import type { Millis, Seconds } from '../base/units.ts';
import type { Route, Router } from '../smear/index.ts';
import type { CacheNode } from './cache-node.ts';
import { copyOf, fallsThrough, itemOf, type Place, readPlace } from './dispatch.ts';

/** One key of a batch, from its route to its outcome. */
interface Item {
  readonly key: string;
  readonly storageKey: string;
  readonly route: Route<CacheNode>;
  place: Place;
  outcome: FetchOutcome | undefined;
}

/**
 * Reads many keys: one batch a node, the nodes side by side; then the keys whose copies had nothing, from their
 * bases in the same manner.
 */
export async function fetchMany(
  router: Router<CacheNode>,
  storageKeys: ReadonlyMap<string, string>,
  consistentRead: boolean,
  copyTtlSeconds: Seconds,
  random: Random,
  endsAt: Millis,
): Promise<Map<string, FetchOutcome>> {
  const items = Array.from(storageKeys, ([key, storageKey]): Item => {
    const route = router.routeFor(key, storageKey);
    return {
      key,
      storageKey,
      route,
      place: readPlace(route, storageKey, consistentRead, random),
      outcome: undefined,
    };
  });
  await fetchBatches(items, endsAt);
  const secondRound = items.filter(
    (item) => item.outcome?.kind !== 'hit' && fallsThrough(item.route, item.place),
  );
  if (secondRound.length > 0) await fetchFromBases(secondRound, copyTtlSeconds, endsAt);
  return new Map(items.map(({ key, outcome }) => [key, outcome!]));
}

async function fetchFromBases(
  items: readonly Item[],
  copyTtlSeconds: Seconds,
  endsAt: Millis,
): Promise<void> {
  const copies = items.map(({ place, outcome }) => ({ place, missed: outcome?.kind === 'miss' }));
  for (const item of items) {
    if (item.route.kind === 'smeared') item.place = { node: item.route.base, key: item.storageKey };
  }
  await fetchBatches(items, endsAt);
  await Promise.all(
    items.map(({ outcome }, i) => {
      const { place, missed } = copies[i]!;
      if (outcome?.kind !== 'hit' || !missed) return undefined;
      return place.node.store('add', place.key, copyOf(outcome, copyTtlSeconds), endsAt);
    }),
  );
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
