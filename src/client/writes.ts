import type { DeleteOutcome, StoreOutcome } from '../base/outcome.ts';
import { storageKey } from '../memcached/storage-key.ts';
import type { WireItem } from '../memcached/transport.ts';
import type { Router } from '../smear/index.ts';
import type { CacheNode } from './cache-node.ts';
import type { Calls } from './calls.ts';
import type { ClientCore } from './client-core.ts';
import { inAll } from './dispatch.ts';
import { deletePastOwner, storePastOwner } from './gutter.ts';

/** Stores the base and deletes all that could be taken for it: copies, stand-ins, and what it was before it moved. */
export function storeOver(
  router: Router<CacheNode>,
  core: ClientCore,
  calls: Calls,
  key: string,
  item: WireItem,
): Promise<StoreOutcome> {
  const { prefix, random } = core;
  const stored = storageKey(prefix, key);
  const route = router.routeFor(key, stored);
  const { open, endsAt } = calls;
  calls.wrote(route, stored);
  calls.lasts(item.ttlSeconds);
  open.begin();
  const former = calls.deleteFormer(route, stored);
  const store = () => storePastOwner(router, route, stored, item, random, endsAt);
  const storing = former === undefined ? store() : former.then(store);
  return storing.then(async ({ outcome, node, mended }) => {
    open.end();
    calls.wrote(route, stored, mended && isGone(await former));
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
    const former = (await calls.deleteFormer(route, stored)) ?? [];
    const { outcome, mended } = await deletePastOwner(router, route, stored, calls.endsAt);
    calls.wrote(route, stored, mended && isGone(former));
    return inAll([outcome, ...former]);
  });
  return calls.tally.wrote(inAll(await Promise.all(outcomes)));
}

const isGone = (outcomes: readonly DeleteOutcome[] = []): boolean =>
  outcomes.every(({ kind }) => kind !== 'unavailable');
