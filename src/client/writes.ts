import type { DeleteOutcome, StoreOutcome } from '../base/outcome.ts';
import { storageKey } from '../memcached/storage-key.ts';
import type { WireItem } from '../memcached/transport.ts';
import type { Route, Router } from '../smear/index.ts';
import type { CacheNode } from './cache-node.ts';
import type { Calls } from './calls.ts';
import type { ClientCore } from './client-core.ts';
import { inAll } from './dispatch.ts';
import { deletePastOwner, storePastOwner } from './gutter.ts';

/** Stores the base and deletes all that could be taken for it: copies, what stands in for it, and what it was before it moved. */
export function storeOver(
  router: Router<CacheNode>,
  core: ClientCore,
  calls: Calls,
  key: string,
  item: WireItem,
): Promise<StoreOutcome> {
  const { prefix, random, cluster } = core;
  const stored = storageKey(prefix, key);
  const route = router.routeFor(key, stored);
  const { open, endsAt } = calls;
  calls.wrote(route, stored);
  cluster.former.lasts(item.ttlSeconds);
  open.begin();
  for (const deleting of deleteFormer(core, route, stored, calls)) void open.during(deleting);
  return storePastOwner(router, route, stored, item, random, endsAt).then(({ outcome, node, mended }) => {
    open.end();
    calls.wrote(route, stored, mended);
    calls.tally.wrote(outcome);
    if (outcome.kind === 'too-large') calls.skipped(stored, node, item.value.length);
    return outcome;
  });
}

/** Deletes the item wherever it could be read, under every schema that is to be reached. */
export async function deleteOver(
  router: Router<CacheNode>,
  core: ClientCore,
  calls: Calls,
  key: string,
): Promise<DeleteOutcome> {
  const { prefix, invalidatedPrefixes } = core;
  const outcomes = [prefix, ...invalidatedPrefixes].map(async (schemaPrefix) => {
    const stored = storageKey(schemaPrefix, key);
    const route = router.routeFor(key, stored);
    calls.wrote(route, stored);
    const [{ outcome, mended }, ...former] = await Promise.all([
      deletePastOwner(router, route, stored, calls.endsAt),
      ...deleteFormer(core, route, stored, calls),
    ]);
    calls.wrote(route, stored, mended);
    return inAll([outcome, ...former]);
  });
  return calls.tally.wrote(inAll(await Promise.all(outcomes)));
}

/** Former owners must not give it back, now or when the list changes again. */
function deleteFormer(
  { cluster }: ClientCore,
  route: Route<CacheNode>,
  stored: string,
  { endsAt }: Calls,
): readonly Promise<DeleteOutcome>[] {
  if (route.kind === 'variants') return [];
  return cluster.former.ownersOf(stored, route.base).map((node) => node.delete(stored, endsAt));
}
