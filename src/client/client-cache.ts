import type {
  CountOutcome,
  DeleteOutcome,
  FetchOutcome,
  StoreOutcome,
  TouchOutcome,
  Unavailable,
  UpdateOutcome,
} from '../base/outcome.ts';
import type { Tally } from '../base/tally.ts';
import type { Millis } from '../base/units.ts';
import { encodeValue } from '../codec/value.ts';
import type { Topology } from '../topology/index.ts';
import { BaseItem } from './base-item.ts';
import { addItem, countItem, replaceItem, touchItem, updateItem } from './base-writes.ts';
import { bounded } from './bounded.ts';
import type {
  BatchLoader,
  CallOptions,
  Change,
  CountOptions,
  GetOptions,
  Loader,
  ManyResult,
  ReadResult,
  ReadThroughResult,
  StoreOptions,
  UpdateOptions,
  WrapOptions,
} from './cache.ts';
import { Calls } from './calls.ts';
import type { InvocationCache } from './client.ts';
import type { ClientCore } from './client-core.ts';
import {
  checkedCounting,
  checkedEntries,
  checkedKey,
  checkedKeys,
  checkedTtl,
  checkedUpdating,
  keyProblem,
} from './misuse.ts';
import { readThrough } from './read-through.ts';
import { readThroughMany } from './read-through-many.ts';
import { checkedLoader, checkedWanted, checkedWrapOptions } from './wanted.ts';

/**
 * The cache as one invocation sees it. Here arguments are checked; `Calls` carries them out, and counts
 * them, so that those nobody awaited can be settled.
 */
export class ClientCache implements InvocationCache {
  readonly #core: ClientCore;
  readonly #calls: Calls;
  readonly #closesClient: boolean;

  /** No operation outlives `endsAt` (monotonic), `NEVER` outside of invocations. `closesClient`: it has no other user. */
  constructor(core: ClientCore, endsAt: Millis, closesClient: boolean) {
    this.#core = core;
    this.#calls = new Calls(core, endsAt);
    this.#closesClient = closesClient;
  }

  get tally(): Tally {
    return this.#calls.tally;
  }

  get fingerprint(): string {
    return this.#core.fingerprint();
  }

  get topology(): Topology | undefined {
    return this.#core.cluster.topology;
  }

  get<T>(key: string, options?: GetOptions): Promise<T | undefined> {
    const problem = keyProblem(key);
    if (problem !== undefined) return Promise.reject(problem);
    const fetching = this.#calls.fetchPlain(key, options);
    if (fetching === undefined) return this.#calls.find(key, options).then(valueFound<T>);
    const { open } = this.#calls;
    open.begin();
    return fetching.then((outcome) => {
      open.end();
      const read = this.#calls.decoded(key, outcome);
      if (read.kind === 'hit') {
        this.#calls.tally.hits++;
        return read.value as T;
      }
      if (this.#calls.mayBeElsewhere(key, read.kind)) {
        return this.#calls.find(key, options).then(valueFound<T>);
      }
      this.#calls.tally.read(read);
      return undefined;
    });
  }

  async getMany<T>(keys: Iterable<string>, options?: GetOptions): Promise<ManyResult<T>> {
    const distinct = new Set(checkedKeys(keys));
    return this.#calls.findMany<T>(distinct, options);
  }

  read<T>(key: string, options?: GetOptions): Promise<ReadResult<T>>;
  read<T>(key: string, load: Loader<T>, options: WrapOptions<T>): Promise<ReadThroughResult<T>>;
  async read<T>(
    key: string,
    loadOrOptions?: Loader<T> | GetOptions,
    storeOptions?: WrapOptions<T>,
  ): Promise<ReadResult<T> | ReadThroughResult<T>> {
    checkedKey(key);
    if (storeOptions === undefined && typeof loadOrOptions !== 'function')
      return this.#calls.find(key, loadOrOptions) as Promise<ReadResult<T>>;
    const wanted = checkedWanted('read', key, loadOrOptions as Loader<T>, storeOptions);
    return readThrough(this.#core, this.#calls, wanted, (result) => result);
  }

  wrap<T>(key: string, load: Loader<T>, options: WrapOptions<T>): Promise<T> {
    try {
      const wanted = checkedWanted('wrap', key, load, options);
      return readThrough(this.#core, this.#calls, wanted, valueIn<T>);
    } catch (misuse) {
      return Promise.reject(misuse);
    }
  }

  async wrapMany<T>(
    keys: Iterable<string>,
    load: BatchLoader<T>,
    options: WrapOptions<T>,
  ): Promise<Map<string, T>> {
    const distinct = new Set(checkedKeys(keys));
    const wanted = checkedWrapOptions(options);
    return readThroughMany(this.#core, this.#calls, distinct, checkedLoader('wrapMany', load), wanted);
  }

  set(key: string, value: unknown, options: StoreOptions): Promise<StoreOutcome> {
    try {
      const ttlSeconds = checkedTtl(options);
      return this.#calls.store(checkedKey(key), encodeValue(value), ttlSeconds, options.signal);
    } catch (misuse) {
      return Promise.reject(misuse);
    }
  }

  async setMany(
    entries: Iterable<readonly [string, unknown]>,
    options: StoreOptions,
  ): Promise<Map<string, StoreOutcome>> {
    const ttlSeconds = checkedTtl(options);
    // All are checked before the first is sent: misuse stores nothing.
    const encoded = new Map(
      checkedEntries(entries).map(([key, value]) => [checkedKey(key), encodeValue(value)]),
    );
    const stores = Array.from(encoded, ([key, value]) =>
      this.#calls.store(key, value, ttlSeconds, options.signal),
    );
    return byKey([...encoded.keys()], await Promise.all(stores));
  }

  async add(key: string, value: unknown, options: StoreOptions): Promise<StoreOutcome> {
    checkedKey(key);
    const item = { ttlSeconds: checkedTtl(options), ...encodeValue(value) };
    return this.#atBase(key, options, (base) => addItem(base, item));
  }

  async replace(key: string, value: unknown, options: StoreOptions): Promise<StoreOutcome> {
    checkedKey(key);
    const item = { ttlSeconds: checkedTtl(options), ...encodeValue(value) };
    return this.#atBase(key, options, (base) => replaceItem(base, item));
  }

  async increment(key: string, options?: CountOptions): Promise<CountOutcome> {
    const counting = checkedCounting('up', options);
    return this.#atBase(checkedKey(key), options, (base) => countItem(base, counting));
  }

  async decrement(key: string, options?: CountOptions): Promise<CountOutcome> {
    const counting = checkedCounting('down', options);
    return this.#atBase(checkedKey(key), options, (base) => countItem(base, counting));
  }

  async touch(key: string, options: StoreOptions): Promise<TouchOutcome> {
    const ttlSeconds = checkedTtl(options);
    return this.#atBase(checkedKey(key), options, (base) => touchItem(base, ttlSeconds));
  }

  async update<T>(key: string, change: Change<T>, options: UpdateOptions): Promise<UpdateOutcome<T>> {
    const updating = checkedUpdating(change, options);
    return this.#atBase(checkedKey(key), options, (base) => {
      const read = (found: FetchOutcome): T | undefined => {
        const decoded = this.#calls.decoded(key, found);
        return decoded.kind === 'hit' ? (decoded.value as T) : undefined;
      };
      return updateItem(base, updating, read, (load) =>
        this.#calls.callersPart(this.#calls.within(key, load, this.#calls.endsAt)),
      );
    });
  }

  async delete(key: string, options?: CallOptions): Promise<DeleteOutcome> {
    return this.#calls.delete(checkedKey(key), options?.signal);
  }

  async deleteMany(keys: Iterable<string>, options?: CallOptions): Promise<Map<string, DeleteOutcome>> {
    const distinct = [...new Set(checkedKeys(keys))];
    return byKey(distinct, await Promise.all(distinct.map((key) => this.delete(key, options))));
  }

  settle(endsAt: Millis): Promise<void> | undefined {
    const { cluster, clock } = this.#core;
    // The handler is done: a load that goes on has nobody to load for, and must keep nobody waiting.
    this.#calls.leave(true);
    const settled = this.#calls.open.settled();
    if (settled === undefined || clock.monotonic() >= endsAt) return cluster.settle(endsAt);
    // A turn later: what a call ended with may be the beginning of something that must end, too.
    return bounded(settled, endsAt, clock)
      .then(turn)
      .then(() => this.settle(endsAt));
  }

  async close(): Promise<void> {
    // Leases go back while there are connections; what is loaded then is not stored.
    if (this.#closesClient) this.#calls.leave(false);
    const inFlight = this.#calls.open.settled();
    await (this.#closesClient ? this.#core.cluster.close(inFlight) : inFlight);
  }

  async #atBase<T extends { readonly kind: string }>(
    key: string,
    options: CallOptions | undefined,
    work: (base: BaseItem) => Promise<T>,
  ): Promise<T | Unavailable> {
    return this.#calls.tally.wrote(await BaseItem.at(this.#core, this.#calls, key, options?.signal, work));
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const valueFound = <T>(found: ReadResult<unknown>): T | undefined =>
  found.kind === 'hit' || found.kind === 'stale' ? (found.value as T) : undefined;

const valueIn = <T>({ value }: ReadThroughResult<T>): T => value;

function byKey<T>(keys: readonly string[], outcomes: readonly T[]): Map<string, T> {
  return new Map(keys.map((key, i) => [key, outcomes[i]!]));
}
