import type { StandardSchemaV1 } from '@standard-schema/spec';
import { HttpError } from './http-error.ts';

/** One product. The cache holds this shape under the schema in cache.ts: change both together. */
export interface Item {
  readonly id: string;
  readonly name: string;
  readonly price: { readonly cents: number; readonly currency: string };
}

/** As the table has it. */
export interface StoredItem {
  readonly id: string;
  readonly name: string;
  readonly priceCents: number;
}

const MAX_NAME_LENGTH = 200;

/** Takes it for granted that a cached item has a price: what an older version has cached has none. */
export function isItem(value: unknown, id: string): value is Item {
  const item = value as Item | null | undefined;
  return item != null && item.id === id && item.price.cents >= 0;
}

/** Looks at nothing: whatever is cached is taken for an item of the newest shape. */
export const itemSchema = (_id: string): StandardSchemaV1<unknown, Item> => ({
  '~standard': { version: 1, vendor: 'catalogue', validate: (value) => ({ value: value as Item }) },
});

/** The item that a request body describes, or a 400 that lists all that is wrong with it. */
export function parseItem(id: string, body: unknown): Item {
  const { name, priceCents } = (body ?? {}) as Partial<Record<keyof Item, unknown>>;
  const problems: string[] = [];
  if (typeof name !== 'string' || name.trim() === '' || name.length > MAX_NAME_LENGTH) {
    problems.push(`name must be a string of 1 to ${MAX_NAME_LENGTH} characters`);
  }
  if (!Number.isSafeInteger(priceCents) || (priceCents as number) < 0) {
    problems.push('priceCents must be a whole number from 0 up');
  }
  if (problems.length > 0) throw new HttpError(400, problems.join('; '));
  return { id, name: name as string, price: { cents: priceCents as number, currency: 'EUR' } };
}
