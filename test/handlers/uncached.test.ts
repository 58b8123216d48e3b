import { afterEach, describe, expect, it, vi } from 'vitest';
import { freePort } from '../support/memcached.ts';
import { bodyOf, type EventName, loadCatalogue, type Route, readEvent } from './catalogue.ts';

const EVENTS: [EventName, Route, number, string | undefined][] = [
  ['get-item', 'getItem', 200, 'bypass'],
  ['get-item-rest', 'getItem', 200, 'bypass'],
  ['get-hot-item', 'getItem', 200, 'bypass'],
  ['list-items', 'listItems', 200, 'bypass'],
  ['list-items-rest', 'listItems', 200, 'bypass'],
  ['put-item', 'putItem', 200, undefined],
  ['put-item-rest', 'putItem', 200, undefined],
  ['delete-item', 'deleteItem', 204, undefined],
  ['delete-item-rest', 'deleteItem', 204, undefined],
];

afterEach(() => vi.unstubAllEnvs());

describe('the catalogue without a cache', () => {
  it('answers every recorded event while nothing listens at the configuration endpoint', async () => {
    const catalogue = await loadCatalogue({
      SMEARCACHE_CONFIGURATION_ENDPOINT: `127.0.0.1:${await freePort()}`,
      ITEMS_TABLE: '',
    });
    for (const [name, route, statusCode, xCache] of EVENTS) {
      const answer = await catalogue[route](readEvent(name));
      expect([name, answer.statusCode, answer.headers?.['x-cache']]).toEqual([name, statusCode, xCache]);
    }
  });

  it('answers the same with the cache disabled', async () => {
    const catalogue = await loadCatalogue({ SMEARCACHE_DISABLED: 'true', ITEMS_TABLE: '' });
    for (const [name, route, statusCode] of EVENTS) {
      expect((await catalogue[route](readEvent(name))).statusCode, name).toBe(statusCode);
    }
  });

  it('reads what it wrote', async () => {
    const catalogue = await loadCatalogue({ SMEARCACHE_DISABLED: 'true', ITEMS_TABLE: '' });
    expect(bodyOf(await catalogue.getItem(readEvent('get-item')))).toMatchObject({
      id: '7',
      priceCents: 1850,
    });
    await catalogue.putItem(readEvent('put-item'));
    expect(bodyOf(await catalogue.getItem(readEvent('get-item')))).toMatchObject({
      id: '7',
      priceCents: 1490,
    });
    await catalogue.deleteItem(readEvent('delete-item'));
    expect((await catalogue.getItem(readEvent('get-item'))).statusCode).toBe(404);
  });
});
