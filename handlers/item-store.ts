import type { Item } from './item.ts';

/** Where the items live; the cache only remembers what it said. */
export interface ItemStore {
  get(id: string): Promise<Item | undefined>;
  /** The items that exist, in any order. */
  getMany(ids: readonly string[]): Promise<Item[]>;
  put(item: Item): Promise<void>;
  delete(id: string): Promise<void>;
}
