import { HttpError } from './http-error.ts';
import type { Item, StoredItem } from './item.ts';
import type { ItemStore } from './item-store.ts';

/** The items of this environment. What the store throws goes to the log; the client gets a bare 502. */
export const items: ItemStore = {
  get: (id) => ask((store) => store.get(id)).then(priced),
  getMany: (ids) => ask((store) => store.getMany(ids)).then((found) => found.map(priced)),
  put: (item) => ask((store) => store.put(unpriced(item))),
  delete: (id) => ask((store) => store.delete(id)),
};

/** The table still holds the older shape; the store's types do not know. */
const priced = <T extends Item | undefined>(found: T): T => {
  if (found === undefined) return found;
  const { id, name, priceCents } = found as unknown as StoredItem;
  return { id, name, price: { cents: priceCents, currency: 'EUR' } } as T;
};
const unpriced = ({ id, name, price }: Item): Item =>
  ({ id, name, priceCents: price.cents }) satisfies StoredItem as unknown as Item;

let opened: Promise<ItemStore> | undefined;

async function ask<T>(question: (store: ItemStore) => Promise<T>): Promise<T> {
  try {
    opened ??= open();
    return await question(await opened);
  } catch (cause) {
    throw new HttpError(502, 'the item store failed', { cause });
  }
}

/** Opened by the first question, so that an environment which only ever hits the cache never loads the AWS SDK. */
async function open(): Promise<ItemStore> {
  const { ITEMS_TABLE } = process.env;
  if (ITEMS_TABLE) return (await import('./dynamo-store.ts')).openDynamoStore(ITEMS_TABLE);
  return (await import('./embedded-store.ts')).openEmbeddedStore();
}
