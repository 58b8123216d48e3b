import { type FetchOutcome, MISS } from '../base/outcome.ts';
import type { Millis } from '../base/units.ts';
import { storageKey } from '../memcached/storage-key.ts';
import type { Route, Router } from '../smear/index.ts';
import type { CacheNode } from './cache-node.ts';
import {
  askMissingCopy,
  fallsThrough,
  itemOf,
  mayStandIn,
  type Place,
  type ReadPlan,
  readPlace,
} from './dispatch.ts';
import { gutterOf } from './gutter.ts';

/** One key of a batch, from its route to its outcome. */
export interface Item {
  readonly key: string;
  readonly storageKey: string;
  readonly route: Route<CacheNode>;
  readonly place: Place;
  outcome: FetchOutcome;
  /** The outcome is a copy's. */
  isCopy: boolean;
}

/** What is asked for in a batch. */
type Asked = Pick<Item, 'place' | 'outcome'>;

/** What goes to one node in one round trip. */
interface Batch {
  readonly items: Asked[];
  readonly keys: string[];
}

/**
 * Reads many keys: one batch a node, the nodes side by side; then the keys whose copies had nothing, from their bases;
 * then those that moved, from their former owners, and those of nodes that are down, from their gutters.
 */
export async function fetchMany(
  router: Router<CacheNode>,
  prefix: string,
  keys: Iterable<string>,
  plan: ReadPlan,
): Promise<readonly Item[]> {
  const items: Item[] = [];
  for (const key of keys) {
    const stored = storageKey(prefix, key);
    const route = router.routeFor(key, stored);
    const place = readPlace(route, stored, plan);
    items.push({ key, storageKey: stored, route, place, outcome: MISS, isCopy: fallsThrough(route, place) });
  }
  await fetchBatches(items, plan.endsAt);
  const secondRound = items.filter(
    ({ outcome, route, place }) =>
      route.kind === 'smeared' && outcome.kind !== 'hit' && fallsThrough(route, place),
  );
  // One by one: these are the hot keys of the batch, a few, and their remaining time is needed for the copies.
  if (secondRound.length > 0) await Promise.all(secondRound.map((item) => fetchFromBase(item, plan)));
  const missing = items.filter(({ outcome }) => outcome.kind === 'miss');
  if (missing.length > 0 && plan.former.active) await fetchFromFormer(missing, plan);
  const stranded = items.filter(({ outcome }) => outcome.kind === 'unavailable');
  if (stranded.length > 0) await fetchFromGutters(router, stranded, plan);
  return items;
}

function fetchFromGutters(router: Router<CacheNode>, items: readonly Item[], plan: ReadPlan): Promise<void> {
  // What is not there either is not a miss: the owner may have it.
  return fetchElsewhere(items, plan.endsAt, ({ route, storageKey: stored }) => {
    if (route.kind === 'variants' || !route.base.spared) return undefined;
    if (!mayStandIn(plan, stored)) return undefined;
    const gutter = gutterOf(router, route, stored);
    return gutter && { node: gutter.route.base, key: gutter.key };
  });
}

/** A batch takes no leases: what is found is given, and the new owner is filled by other reads. */
function fetchFromFormer(items: readonly Item[], plan: ReadPlan): Promise<void> {
  return fetchElsewhere(items, plan.endsAt, ({ route, storageKey: key }) => {
    if (route.kind === 'variants' || !mayStandIn(plan, key)) return undefined;
    const node = plan.former.sourceOf(key, route.base);
    return node && { node, key };
  });
}

/** Asks once more, somewhere else; what is not found there stays as it was. */
async function fetchElsewhere(
  items: readonly Item[],
  endsAt: Millis,
  placeOf: (item: Item) => Place | undefined,
): Promise<void> {
  const asked: { readonly item: Item; readonly place: Place; outcome: FetchOutcome }[] = [];
  for (const item of items) {
    const place = placeOf(item);
    if (place !== undefined) asked.push({ item, place, outcome: MISS });
  }
  await fetchBatches(asked, endsAt);
  for (const { item, outcome } of asked) if (outcome.kind === 'hit') item.outcome = outcome;
}

async function fetchBatches(asked: readonly Asked[], endsAt: Millis): Promise<void> {
  const batches = new Map<CacheNode, Batch>();
  for (const item of asked) {
    const { node, key } = item.place;
    const batch = batches.get(node);
    if (batch === undefined) batches.set(node, { items: [item], keys: [key] });
    else {
      batch.items.push(item);
      batch.keys.push(key);
    }
  }
  await Promise.all(Array.from(batches, ([node, batch]) => fetchBatch(node, batch, endsAt)));
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
  item.isCopy = false;
  copy?.(item.outcome.kind === 'hit' ? item.outcome : undefined);
}
