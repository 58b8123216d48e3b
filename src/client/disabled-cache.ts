import { type DeleteOutcome, NOT_FOUND, REFUSED, type StoreOutcome } from '../base/outcome.ts';
import type { Loader, ManyResult, ReadResult, ReadThroughResult, StoreOptions } from './cache.ts';
import type { InvocationCache } from './client.ts';

/** The cache that is switched off: every read a miss, every write a no-op. */
export class DisabledCache implements InvocationCache {
  readonly topology = undefined;
  readonly #fingerprint: () => string;

  constructor(fingerprint: () => string) {
    this.#fingerprint = fingerprint;
  }

  get fingerprint(): string {
    return this.#fingerprint();
  }

  async get<T>(): Promise<T | undefined> {
    return undefined;
  }

  async getMany<T>(keys: Iterable<string>): Promise<ManyResult<T>> {
    return { hits: new Map(), misses: [...new Set(keys)], unavailable: [] };
  }

  read<T>(key: string): Promise<ReadResult<T>>;
  read<T>(key: string, load: Loader<T>, options: StoreOptions): Promise<ReadThroughResult<T>>;
  async read<T>(_key: string, load?: unknown): Promise<ReadResult<T> | ReadThroughResult<T>> {
    return typeof load === 'function'
      ? { kind: 'miss', value: await (load as Loader<T>)() }
      : { kind: 'miss' };
  }

  async wrap<T>(_key: string, load: Loader<T>): Promise<T> {
    return await load();
  }

  async set(): Promise<StoreOutcome> {
    return REFUSED;
  }

  async setMany(entries: Iterable<readonly [string, unknown]>): Promise<Map<string, StoreOutcome>> {
    return new Map(Array.from(entries, ([key]) => [key, REFUSED]));
  }

  async delete(): Promise<DeleteOutcome> {
    return NOT_FOUND;
  }

  async deleteMany(keys: Iterable<string>): Promise<Map<string, DeleteOutcome>> {
    return new Map(Array.from(keys, (key) => [key, NOT_FOUND]));
  }

  settle(): undefined {}

  async close(): Promise<void> {}
}
