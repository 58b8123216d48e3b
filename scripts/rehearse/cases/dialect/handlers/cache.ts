import { type Cache, type ReadThroughResult, smearCache } from '../src/index.ts';
import { type Item, itemSchema } from './item.ts';
import { logger } from './logger.ts';
import { metrics } from './metrics.ts';
import { items } from './origin.ts';
import type { Headers } from './response.ts';

/**
 * The cache of every handler; shared, so that no two functions can disagree about where an item lies. The nodes come
 * from SMEARCACHE_CONFIGURATION_ENDPOINT, the hot keys from SMEARCACHE_SMEAR_KEYS (template.yaml sets both), and
 * SMEARCACHE_SELF_CHECK lets a release be checked.
 */
export const itemCache = smearCache({ schema: 'item-v1', dialect: 'twemproxy', logger, metrics });

export const itemKey = (id: string): string => `item:${id}`;

export const ITEM_TTL = { ttlSeconds: 300 };

/** The item by the cache, else by the origin; what the cache holds and is no such item counts as a miss. */
export const readItem = (cache: Cache, id: string): Promise<ReadThroughResult<Item | undefined>> =>
  cache.read<Item | undefined>(itemKey(id), () => items.get(id), { ...ITEM_TTL, validate: itemSchema(id) });

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
