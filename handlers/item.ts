import type { StandardSchemaV1 } from '@standard-schema/spec';
import { HttpError } from './http-error.ts';

/** One product. The cache holds this shape under the schema in cache.ts: change both together. */
export interface Item {
  readonly id: string;
  readonly name: string;
  readonly priceCents: number;
}

const MAX_NAME_LENGTH = 200;

/** Whether `value` is the item `id`. The cache is shared: what lies under a key of ours, somebody else may have written. */
export function isItem(value: unknown, id: string): value is Item {
  const { id: itsId, name, priceCents } = (value ?? {}) as Partial<Record<keyof Item, unknown>>;
  return itsId === id && typeof name === 'string' && Number.isSafeInteger(priceCents);
}

/** The same as a schema for the cache, which counts what does not validate: a release is refused for it. */
export const itemSchema = (id: string): StandardSchemaV1<unknown, Item> => ({
  '~standard': {
    version: 1,
    vendor: 'catalogue',
    validate: (value) =>
      isItem(value, id) ? { value } : { issues: [{ message: `it is not the item ${id}` }] },
  },
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
  return { id, name: name as string, priceCents: priceCents as number };
}
