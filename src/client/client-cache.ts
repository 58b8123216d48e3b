import { CacheError } from '../base/errors.ts';
import { type DeleteOutcome, type FetchOutcome, type StoreOutcome, unavailable } from '../base/outcome.ts';
import type { Millis, Seconds } from '../base/units.ts';
import { decodeValue, type EncodedValue, encodeValue } from '../codec/value.ts';
import { storageKey } from '../memcached/storage-key.ts';
import type { Router } from '../smear/index.ts';
import type { Topology } from '../topology/index.ts';
import { bounded } from './bounded.ts';
import type { GetOptions, Loader, ManyResult, ReadResult, ReadThroughResult, StoreOptions } from './cache.ts';
import type { CacheNode } from './cache-node.ts';
import type { InvocationCache } from './client.ts';
import type { ClientCore } from './client-core.ts';
import { deleteItem, fetchItem, inAll, itemOf, type Located, storeItem } from './dispatch.ts';
import { checkedKey, checkedTtl, keyProblem } from './misuse.ts';
import { OpenCalls } from './open-calls.ts';
import { fetchMany } from './read-many.ts';

/** What a read-through came to before its loader was asked. */
type Found = ReadResult<unknown>;

/** The cache as one invocation sees it: the environment's client, and the invocation's own end. */
export class ClientCache implements InvocationCache {
  readonly #core: ClientCore;
  readonly #endsAt: Millis;
  readonly #closesClient: boolean;
  readonly #calls = new OpenCalls();

  /** No operation outlives `endsAt` (monotonic), `NEVER` outside of invocations. `closesClient`: it has no other user. */
  constructor(core: ClientCore, endsAt: Millis, closesClient: boolean) {
    this.#core = core;
    this.#endsAt = endsAt;
    this.#closesClient = closesClient;
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
    this.#calls.begin();
    const answered = (outcome: FetchOutcome): T | undefined => {
      this.#calls.end();
      const read = this.#decoded(key, outcome);
      return read.kind === 'hit' ? (read.value as T) : undefined;
    };
    const router = this.#core.cluster.router();
    if (router !== undefined) {
      const stored = storageKey(this.#core.prefix, key);
      const route = router.routeFor(key, stored);
      // The common read: one node, one promise on top of the transport's.
      if (route.kind === 'single') return route.base.get(stored, this.#endsAt).then(answered);
    }
    return this.#locate(key, options).then(({ outcome }) => answered(outcome));
  }

  getMany<T>(keys: Iterable<string>, options?: GetOptions): Promise<ManyResult<T>> {
    return this.#calls.during(this.#getMany(keys, options));
  }

  read<T>(key: string, options?: GetOptions): Promise<ReadResult<T>>;
  read<T>(key: string, load: Loader<T>, options: StoreOptions): Promise<ReadThroughResult<T>>;
  read<T>(
    key: string,
    loadOrOptions?: Loader<T> | GetOptions,
    storeOptions?: StoreOptions,
  ): Promise<ReadResult<T> | ReadThroughResult<T>> {
    return typeof loadOrOptions === 'function'
      ? this.#calls.during(this.#readThrough(key, loadOrOptions, storeOptions))
      : this.#calls.during(this.#find(key, loadOrOptions) as Promise<ReadResult<T>>);
  }

  async wrap<T>(key: string, load: Loader<T>, options: StoreOptions): Promise<T> {
    if (typeof load !== 'function') throw new TypeError('wrap needs a loader');
    return (await this.#calls.during(this.#readThrough(key, load, options))).value;
  }

  async set(key: string, value: unknown, options: StoreOptions): Promise<StoreOutcome> {
    const ttlSeconds = checkedTtl(options);
    return this.#calls.during(this.#store(checkedKey(key), encodeValue(value), ttlSeconds));
  }

  async setMany(
    entries: Iterable<readonly [string, unknown]>,
    options: StoreOptions,
  ): Promise<Map<string, StoreOutcome>> {
    const ttlSeconds = checkedTtl(options);
    // All are checked before the first is sent: misuse stores nothing.
    const encoded = Array.from(entries, ([key, value]) => [checkedKey(key), encodeValue(value)] as const);
    const stores = encoded.map(([key, value]) => this.#store(key, value, ttlSeconds));
    const outcomes = await this.#calls.during(Promise.all(stores));
    return byKey(
      encoded.map(([key]) => key),
      outcomes,
    );
  }

  delete(key: string): Promise<DeleteOutcome> {
    return this.#calls.during(this.#delete(key));
  }

  async deleteMany(keys: Iterable<string>): Promise<Map<string, DeleteOutcome>> {
    const distinct = [...new Set(Array.from(keys, checkedKey))];
    const outcomes = await Promise.all(distinct.map((key) => this.delete(key)));
    return byKey(distinct, outcomes);
  }

  settle(endsAt: Millis): Promise<void> | undefined {
    const { cluster, clock } = this.#core;
    const settled = this.#calls.settled();
    if (settled === undefined) return cluster.settle(endsAt);
    return bounded(settled, endsAt, clock).then(() => cluster.settle(endsAt));
  }

  async close(): Promise<void> {
    if (this.#closesClient) await this.#core.cluster.close();
    await this.#calls.settled();
  }

  async #getMany<T>(keys: Iterable<string>, options: GetOptions | undefined): Promise<ManyResult<T>> {
    const { prefix, copyTtlSeconds, random } = this.#core;
    const storageKeys = new Map<string, string>();
    for (const key of keys) storageKeys.set(checkedKey(key), storageKey(prefix, key));
    const result: ManyResult<T> = { hits: new Map(), misses: [], unavailable: [] };
    const router = await this.#router();
    if (router instanceof CacheError) return { ...result, unavailable: [...storageKeys.keys()] };
    const consistentRead = options?.consistentRead ?? false;
    const outcomes = await fetchMany(
      router,
      storageKeys,
      consistentRead,
      copyTtlSeconds,
      random,
      this.#endsAt,
    );
    for (const [key, outcome] of outcomes) {
      const read = this.#decoded(key, outcome);
      if (read.kind === 'hit') result.hits.set(key, read.value as T);
      else if (read.kind === 'miss') result.misses.push(key);
      else result.unavailable.push(key);
    }
    return result;
  }

  async #delete(key: string): Promise<DeleteOutcome> {
    checkedKey(key);
    const router = await this.#router();
    if (router instanceof CacheError) return unavailable(router);
    const { prefix, invalidatedPrefixes } = this.#core;
    return inAll(
      await Promise.all(
        [prefix, ...invalidatedPrefixes].map((schemaPrefix) => {
          const stored = storageKey(schemaPrefix, key);
          return deleteItem(router.routeFor(key, stored), stored, this.#endsAt);
        }),
      ),
    );
  }

  async #readThrough<T>(
    key: string,
    load: Loader<T>,
    options: StoreOptions | undefined,
  ): Promise<ReadThroughResult<T>> {
    const ttlSeconds = checkedTtl(options);
    const found: Found = await this.#find(key, undefined);
    if (found.kind === 'hit' || found.kind === 'stale') return found as ReadThroughResult<T>;
    const value = await load();
    // Where no node answered there is nobody to give the value to.
    if (found.kind === 'miss' && value !== undefined) await this.#store(key, encodeValue(value), ttlSeconds);
    return { ...found, value };
  }

  async #find(key: string, options: GetOptions | undefined): Promise<Found> {
    const { outcome, node } = await this.#locate(key, options);
    const read = this.#decoded(key, outcome);
    return (node === undefined ? read : { ...read, node: node.name }) as Found;
  }

  async #locate(
    key: string,
    options: GetOptions | undefined,
  ): Promise<Located | { outcome: FetchOutcome; node?: undefined }> {
    checkedKey(key);
    const { prefix, copyTtlSeconds, random } = this.#core;
    const router = await this.#router();
    if (router instanceof CacheError) return { outcome: unavailable(router) };
    const stored = storageKey(prefix, key);
    const route = router.routeFor(key, stored);
    return fetchItem(route, stored, options?.consistentRead ?? false, copyTtlSeconds, random, this.#endsAt);
  }

  async #store(key: string, encoded: EncodedValue, ttlSeconds: Seconds): Promise<StoreOutcome> {
    const { prefix, random, observe } = this.#core;
    const router = await this.#router();
    if (router instanceof CacheError) return unavailable(router);
    const stored = storageKey(prefix, key);
    const item = { ...encoded, ttlSeconds };
    const { outcome, node } = await storeItem(
      router.routeFor(key, stored),
      stored,
      item,
      random,
      this.#endsAt,
    );
    if (outcome.kind === 'too-large') {
      observe({ kind: 'value-skipped', key: stored, node: node.name, bytes: encoded.value.length });
    }
    return outcome;
  }

  #router(): Router<CacheNode> | Promise<Router<CacheNode> | CacheError> {
    return this.#core.cluster.router() ?? this.#core.cluster.discover(this.#endsAt);
  }

  /** What cannot be decoded is a miss that is told to the observer. */
  #decoded(
    key: string,
    answer: FetchOutcome,
  ): { kind: 'hit'; value: unknown } | Exclude<FetchOutcome, { kind: 'hit' }> {
    const outcome = itemOf(answer);
    if (outcome.kind !== 'hit') return outcome;
    const decoded = decodeValue(outcome.value, outcome.flags);
    if (decoded.kind === 'value') return { kind: 'hit', value: decoded.value };
    this.#core.observe({ kind: 'value-undecodable', key, reason: decoded.reason });
    return { kind: 'miss' };
  }
}

function byKey<T>(keys: readonly string[], outcomes: readonly T[]): Map<string, T> {
  return new Map(keys.map((key, i) => [key, outcomes[i]!]));
}
