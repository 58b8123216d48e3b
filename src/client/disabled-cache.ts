import {
  type CountOutcome,
  type DeleteOutcome,
  DISABLED,
  type StoreOutcome,
  type TouchOutcome,
  type UpdateOutcome,
} from '../base/outcome.ts';
import { encodeValue } from '../codec/value.ts';
import type {
  Change,
  CountOptions,
  Loader,
  ManyResult,
  ReadResult,
  ReadThroughResult,
  StoreOptions,
  UpdateOptions,
} from './cache.ts';
import type { InvocationCache } from './client.ts';
import { checkedCounting, checkedKey, checkedKeys, checkedTtl, checkedUpdating } from './misuse.ts';

/** The cache that is switched off: every read a miss, every write a no-op. Misuse is told all the same. */
export class DisabledCache implements InvocationCache {
  readonly topology = undefined;
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
  read<T>(key: string, load: Loader<T>, options: StoreOptions): Promise<ReadThroughResult<T>>;
  async read<T>(
    key: string,
    load?: unknown,
    options?: StoreOptions,
  ): Promise<ReadResult<T> | ReadThroughResult<T>> {
    if (typeof load === 'function')
      return { kind: 'miss', value: await this.wrap(key, load as Loader<T>, options) };
    checkedKey(key);
    return { kind: 'miss' };
  }

  async wrap<T>(key: string, load: Loader<T>, options: StoreOptions | undefined): Promise<T> {
    checkedKey(key);
    checkedTtl(options);
    const value = await load();
    if (value !== undefined) encodeValue(value);
    return value;
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
    const outcomes = Array.from(
      entries,
      async ([key, value]) => [key, await this.set(key, value, options)] as const,
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
