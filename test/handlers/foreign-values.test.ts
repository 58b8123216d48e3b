import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createCache } from '../../src/index.ts';
import { type Memcached, memcachedAvailable, startMemcached } from '../support/memcached.ts';
import { bodyOf, loadCatalogue, readEvent } from './catalogue.ts';

describe.skipIf(!memcachedAvailable)(
  'values that somebody else wrote under our keys (needs memcached)',
  () => {
    let node: Memcached;
    beforeAll(async () => {
      node = await startMemcached();
    });
    afterAll(async () => {
      vi.unstubAllEnvs();
      await node.close();
    });

    it.each([[null], [{}], [[1]], [5], ['hi'], [{ id: '2', name: 'another', priceCents: 1 }]])(
      '%j is a miss for one item and for a list',
      async (value) => {
        const other = createCache({ discovery: { nodes: [node.name] }, schema: 'item-v1' });
        const { getItem, listItems } = await loadCatalogue({ SMEARCACHE_NODES: node.name });
        const requests = [
          () => getItem(readEvent('get-item', { id: '1' })),
          () => listItems(readEvent('list-items')),
        ];
        for (const request of requests) {
          await other.set('item:1', value, { ttlSeconds: 60 });
          const response = await request();
          expect(response.statusCode).toBe(200);
          expect(response.headers?.['x-cache']).toBe('miss');
          expect(JSON.stringify(bodyOf(response))).toContain('"id":"1"');
        }
        await other.close();
      },
    );
  },
);
