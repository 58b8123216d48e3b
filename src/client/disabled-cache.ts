import {
  type CountOutcome,
  type DeleteOutcome,
  DISABLED,
  type StoreOutcome,
  type TouchOutcome,
  type UpdateOutcome,
} from '../base/outcome.ts';
import { Tally } from '../base/tally.ts';
import { encodeValue } from '../codec/value.ts';
import { BatchLoads } from './batch-loads.ts';
import type {
  BatchLoader,
  Change,
  CountOptions,
  Loader,
  ManyResult,
  ReadResult,
  ReadThroughResult,
  StoreOptions,
  UpdateOptions,
  WrapOptions,
} from './cache.ts';
import type { InvocationCache } from './client.ts';
import {
  checkedCounting,
  checkedEntries,
  checkedKey,
  checkedKeys,
  checkedTtl,
  checkedUpdating,
} from './misuse.ts';
import { checkedLoader, checkedWanted, checkedWrapOptions, encodedLoad, type Wanted } from './wanted.ts';

/** The cache that is switched off: every read a miss, every write a no-op. Misuse is told all the same. */
export class DisabledCache implements InvocationCache {
  readonly topology = undefined;
  /** Nothing is counted: there is no cache. */
  readonly tally = new Tally();
  readonly #fingerprint: () => string;

  constructor(fingerprint: () => string) {
    this.#fingerprint = fingerprint;
  }

  get fingerprint(): string {
    return this.#fingerprint();
  }

  async get<T>(key: string): Promise<T | undefined> {
    checkedKey(key);
    return undefined;
  }

  async getMany<T>(keys: Iterable<string>): Promise<ManyResult<T>> {
    return { hits: new Map(), misses: [...new Set(checkedKeys(keys))], unavailable: [] };
  }

  read<T>(key: string): Promise<ReadResult<T>>;
  read<T>(key: string, load: Loader<T>, options: WrapOptions<T>): Promise<ReadThroughResult<T>>;
  async read<T>(
    key: string,
    load?: unknown,
    options?: WrapOptions<T>,
  ): Promise<ReadResult<T> | ReadThroughResult<T>> {
    checkedKey(key);
    if (options === undefined && typeof load !== 'function') return { kind: 'miss' };
    return { kind: 'miss', value: await loaded(checkedWanted('read', key, load as Loader<T>, options)) };
  }

  async wrap<T>(key: string, load: Loader<T>, options: WrapOptions<T>): Promise<T> {
    return loaded(checkedWanted('wrap', key, load, options));
  }

  async wrapMany<T>(
    keys: Iterable<string>,
    load: BatchLoader<T>,
    options: WrapOptions<T>,
  ): Promise<Map<string, T>> {
    const distinct = new Set(checkedKeys(keys));
    checkedLoader('wrapMany', load);
    const wanted = checkedWrapOptions(options);
    const loads = new BatchLoads(distinct, load);
    const one = async (key: string) =>
      [key, await loaded({ ...wanted, key, load: () => loads.of(key) as Promise<T> })] as const;
    const values = await Promise.all(Array.from(distinct, one));
    return new Map(values.filter(([, value]) => value !== undefined));
  }

  async set(key: string, value: unknown, options: StoreOptions): Promise<StoreOutcome> {
    checkedKey(key);
    checkedTtl(options);
    encodeValue(value);
    return DISABLED;
  }

  async setMany(
    entries: Iterable<readonly [string, unknown]>,
    options: StoreOptions,
  ): Promise<Map<string, StoreOutcome>> {
    const ttl = checkedTtl(options);
    const outcomes = checkedEntries(entries).map(
      async ([key, value]) => [key, await this.set(key, value, { ttlSeconds: ttl })] as const,
    );
    return new Map(await Promise.all(outcomes));
  }

  add(key: string, value: unknown, options: StoreOptions): Promise<StoreOutcome> {
    return this.set(key, value, options);
  }

  replace(key: string, value: unknown, options: StoreOptions): Promise<StoreOutcome> {
    return this.set(key, value, options);
  }

  async increment(key: string, options?: CountOptions): Promise<CountOutcome> {
    checkedKey(key);
    checkedCounting('up', options);
    return DISABLED;
  }

  async decrement(key: string, options?: CountOptions): Promise<CountOutcome> {
    return this.increment(key, options);
  }

  async touch(key: string, options: StoreOptions): Promise<TouchOutcome> {
    checkedKey(key);
    checkedTtl(options);
    return DISABLED;
  }

  async update<T>(key: string, change: Change<T>, options: UpdateOptions): Promise<UpdateOutcome<T>> {
    checkedKey(key);
    checkedUpdating(change, options);
    return DISABLED;
  }

  async delete(key: string): Promise<DeleteOutcome> {
    checkedKey(key);
    return DISABLED;
  }

  async deleteMany(keys: Iterable<string>): Promise<Map<string, DeleteOutcome>> {
    return new Map(checkedKeys(keys).map((key) => [key, DISABLED]));
  }

  settle(): undefined {}

  async close(): Promise<void> {}
}

/** What the loader gives; a value that cannot be stored is told as if the cache were on. */
async function loaded<T>(wanted: Wanted<T>): Promise<T> {
  const value = await wanted.load();
  encodedLoad(wanted, value);
  return value;
}
