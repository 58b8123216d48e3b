import { type Cache, type ReadThroughResult, smearCache } from '../src/index.ts';
import { type Item, isItem } from './item.ts';
import { logger } from './logger.ts';
import { metrics } from './metrics.ts';
import { items } from './origin.ts';
import type { Headers } from './response.ts';

/**
 * The cache of every handler; shared, so that no two functions can disagree about where an item lies. The nodes come
 * from SMEARCACHE_CONFIGURATION_ENDPOINT, the hot keys from SMEARCACHE_SMEAR_KEYS (template.yaml sets both).
 */
export const itemCache = smearCache({ schema: 'item-v1', dialect: 'twemproxy', logger, metrics });

export const itemKey = (id: string): string => `item:${id}`;

export const ITEM_TTL = { ttlSeconds: 300 };

/** The item by the cache, else by the origin; what the cache holds and is no such item counts as a miss. */
export async function readItem(cache: Cache, id: string): Promise<ReadThroughResult<Item | undefined>> {
  const result = await cache.read(itemKey(id), () => items.get(id), ITEM_TTL);
  if (result.kind !== 'hit' || isItem(result.value, id)) return result;
  const item = await items.get(id);
  await (item === undefined ? cache.delete(itemKey(id)) : cache.set(itemKey(id), item, ITEM_TTL));
  return { kind: 'miss', value: item, node: result.node };
}

/** No node answered, or the cache is disabled: `bypass`. */
export const cacheHeaders = ({ kind, node }: ReadThroughResult<unknown>): Headers => ({
  'x-cache': kind === 'unavailable' || node === undefined ? 'bypass' : kind,
  ...(node !== undefined && { 'x-cache-node': node }),
});

/**
 * After a write to the origin. Deleted, not set: of two writers at once, the slower one would leave its older item in
 * the cache.
 */
export async function invalidate(cache: Cache, id: string): Promise<void> {
  const { kind } = await cache.delete(itemKey(id));
  if (kind === 'unavailable') logger.warn('the old item may be served until its time is over', { id });
}
