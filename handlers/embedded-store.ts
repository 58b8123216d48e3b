import { setTimeout as sleep } from 'node:timers/promises';
import catalogue from './catalogue.json' with { type: 'json' };
import type { Item } from './item.ts';
import type { ItemStore } from './item-store.ts';

/** What a query to a database nearby takes. */
const DELAY_MILLIS = 15;

/** The catalogue that comes with the code, in memory. Writes stay in this environment and end with it. */
export function openEmbeddedStore(): ItemStore {
  const items = new Map<string, Item>(catalogue.map((item) => [item.id, item]));
  const answer = <T>(value: T): Promise<T> => sleep(DELAY_MILLIS, value);

  return {
    get: (id) => answer(items.get(id)),
    getMany: (ids) => answer(ids.flatMap((id) => items.get(id) ?? [])),
    put: (item) => answer(void items.set(item.id, item)),
    delete: (id) => answer(void items.delete(id)),
  };
}
