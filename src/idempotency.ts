/**
 * What `CachePersistenceLayer` of Powertools needs of a cache. Its client port is taken by its shape: nothing of Powertools
 * is imported here.
 *
 * @module smearcache/idempotency
 */

import { type CacheError, IdempotencyStoreError, OptionsError } from './base/errors.ts';
import { MAX_TTL_SECONDS, type Seconds } from './base/units.ts';
import type { Cache } from './client/cache.ts';
import type { CacheOptions } from './client/options.ts';
import { createCache } from './create-cache.ts';

export { IdempotencyStoreError } from './base/errors.ts';

/** Records outlive releases, which rename the schema of values: under another name each would execute once more. */
const SCHEMA = 'idempotency';

/** What decides where records lie is not for the caller to vary. */
const FIXED = ['schema', 'invalidates', 'smear'] as const;

/** Those of `createCache`, but for what decides where records lie: they are never smeared, and have a schema of their own. */
export type IdempotencyClientOptions = Omit<CacheOptions, (typeof FIXED)[number]>;

/**
 * A client for `CachePersistenceLayer`, of the shape of a Redis client. Unlike the cache, it fails where it cannot know: what
 * is not certain of a record is an `IdempotencyStoreError`, so that nothing is executed on a guess.
 */
export interface IdempotencyClient {
  /**
   * The record, or `null` where its node says that there is none.
   *
   * @throws IdempotencyStoreError (rejects) where no node answered.
   */
  get(name: string): Promise<string | null>;
  /**
   * `'OK'` once the record's own node has acknowledged it; with `NX: true`, `null` where there is a record already. `EX` is
   * its time to live, in seconds from 1 to 30 days.
   *
   * @throws IdempotencyStoreError (rejects) where it was not acknowledged, is too large, or the cache is disabled.
   * @throws TypeError (rejects) for other options, another time to live, or a value that is no string.
   */
  set(name: string | Uint8Array, value: unknown, options?: unknown): Promise<'OK' | null>;
  /**
   * How many of the records were there.
   *
   * @throws IdempotencyStoreError (rejects) where a delete was not acknowledged: the record may still be there.
   */
  del(keys: string[]): Promise<number>;
  /** Settles what is in flight and gives the sockets back. A handler need not call it. */
  close(): Promise<void>;
}

/**
 * A client of its own for idempotency records, to be made once, outside of the handler. It connects on first use.
 *
 * @throws OptionsError (a TypeError) that lists every unknown or wrong option.
 */
export function idempotencyClient(options: IdempotencyClientOptions = {}): IdempotencyClient {
  const fixed = FIXED.filter((name) => Object.hasOwn(options, name));
  if (fixed.length > 0) throw new OptionsError(fixed.map((name) => `${name} is fixed for records`));
  const cache = createCache({
    ...options,
    schema: SCHEMA,
    invalidates: [],
    smear: { keys: [], placement: 'successors', auto: false },
  });
  return new RecordClient(cache);
}

class RecordClient implements IdempotencyClient {
  readonly #cache: Cache;

  constructor(cache: Cache) {
    this.#cache = cache;
  }

  async get(name: string): Promise<string | null> {
    const atOwner = await this.#cache.read(name, { consistentRead: true });
    // The owner may be a new one, that has not been given the record yet.
    const found = atOwner.kind === 'miss' ? await this.#cache.read(name) : atOwner;
    if (found.kind === 'unavailable') throw uncertain('read', found.error);
    if (found.kind !== 'miss') return recordOf(found.value);
    // A disabled cache finds nothing, and has asked nobody.
    if (found.node === undefined) throw new IdempotencyStoreError(DISABLED);
    return null;
  }

  async set(name: string | Uint8Array, value: unknown, options?: unknown): Promise<'OK' | null> {
    const key = typeof name === 'string' ? name : Buffer.from(name).toString();
    const { ttlSeconds, onlyNew } = checkedSetting(options);
    if (typeof value !== 'string') throw new TypeError(`a record is a string, not ${typeof value}`);
    // Bytes, unlike strings, are packed where that pays: a response that is near the node's limit may still fit.
    const bytes = Buffer.from(value);
    if (!onlyNew) return this.#stored(await this.#cache.set(key, bytes, { ttlSeconds }));
    // `add` asks the owner alone, and after a change of the node list the record may lie with the former one.
    const found = await this.#cache.read(key);
    if (found.kind === 'unavailable') throw uncertain('read', found.error);
    if (found.kind !== 'miss') return null;
    return this.#stored(await this.#cache.add(key, bytes, { ttlSeconds }));
  }

  async del(keys: string[]): Promise<number> {
    const outcomes = [...(await this.#cache.deleteMany(keys)).values()];
    let deleted = 0;
    for (const outcome of outcomes) {
      if (outcome.kind === 'unavailable') throw uncertain('deleted', outcome.error);
      if (outcome.kind === 'disabled') throw new IdempotencyStoreError(DISABLED);
      if (outcome.kind === 'deleted') deleted++;
    }
    return deleted;
  }

  close(): Promise<void> {
    return this.#cache.close();
  }

  #stored(outcome: Awaited<ReturnType<Cache['add']>>): 'OK' | null {
    switch (outcome.kind) {
      case 'stored':
        return 'OK';
      case 'refused':
        return null;
      case 'too-large':
        throw new IdempotencyStoreError('the record is larger than its node takes');
      case 'disabled':
        throw new IdempotencyStoreError(DISABLED);
      case 'unavailable':
        throw uncertain('stored', outcome.error);
      default:
        return outcome satisfies never;
    }
  }
}

const DISABLED = 'the cache is disabled, and without one nothing is idempotent';

const uncertain = (deed: string, error: CacheError): IdempotencyStoreError =>
  new IdempotencyStoreError(`it is not certain that the record was ${deed}: ${error.message}`, error);

function recordOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value instanceof Uint8Array) return Buffer.from(value).toString();
  throw new IdempotencyStoreError('what lies under the key is no record');
}

/** What Powertools says of a record: `{ EX }` or `{ EX, NX: true }`. What else there may be must not be passed over. */
function checkedSetting(options: unknown): { readonly ttlSeconds: Seconds; readonly onlyNew: boolean } {
  const { EX, NX = false, ...others } = (options ?? {}) as Record<string, unknown>;
  const unknown = Object.keys(others);
  if (unknown.length > 0) throw new TypeError(`a record is set with EX and NX, not with ${unknown.join()}`);
  if (typeof NX !== 'boolean') throw new TypeError(`NX is true or false, not ${String(NX)}`);
  if (typeof EX !== 'number' || !(EX > 0 && EX <= MAX_TTL_SECONDS)) {
    throw new TypeError(
      `EX is a number of seconds above 0 and up to ${MAX_TTL_SECONDS}, the 30 days that memcached keeps an item, ` +
        `not ${String(EX)}`,
    );
  }
  // An item ends with a tick of the node's clock, up to a second early; the record itself says when it is over.
  return { ttlSeconds: Math.min(EX + 1, MAX_TTL_SECONDS), onlyNew: NX };
}
