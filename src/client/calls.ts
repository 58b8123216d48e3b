import { AbortedError, CacheError } from '../base/errors.ts';
import { type DeleteOutcome, type FetchOutcome, type StoreOutcome, unavailable } from '../base/outcome.ts';
import type { Millis, Seconds } from '../base/units.ts';
import { decodeValue, type EncodedValue } from '../codec/value.ts';
import { GUTTER_SUFFIX, storageKey } from '../memcached/storage-key.ts';
import type { WireItem } from '../memcached/transport.ts';
import type { Route, Router } from '../smear/index.ts';
import { abortable } from './abortable.ts';
import type { GetOptions, ManyResult, ReadResult } from './cache.ts';
import type { CacheNode } from './cache-node.ts';
import type { ClientCore } from './client-core.ts';
import { itemOf, type Located, type ReadPlan } from './dispatch.ts';
import { fetchPastOwner } from './gutter.ts';
import { sawRead } from './hot-reads.ts';
import { InvocationWork } from './invocation-work.ts';
import { fetchMany, type Item } from './read-many.ts';
import { deleteOver, storeOver } from './writes.ts';

/** There was nobody to ask. */
interface Unlocated {
  readonly outcome: FetchOutcome;
  readonly node?: undefined;
  readonly isCopy?: undefined;
}

/** An answer with its value read. */
type ReadAnswer = { readonly kind: 'hit'; readonly value: unknown } | Exclude<FetchOutcome, { kind: 'hit' }>;

const aborted = () => unavailable(new AbortedError());

/**
 * One invocation's calls, carried out: from a checked key by its storage key and route to an outcome and a value. None
 * of them rejects.
 */
export class Calls extends InvocationWork {
  readonly #core: ClientCore;
  constructor(core: ClientCore, endsAt: Millis) {
    super(core.clock, core.loadTimeoutMillis, endsAt);
    this.#core = core;
  }

  /** The common read, of a key that is not smeared while the nodes are known: the transport's own promise. */
  fetchPlain(key: string, options: GetOptions | undefined): Promise<FetchOutcome> | undefined {
    const router = this.#core.cluster.router();
    if (router === undefined || options?.signal !== undefined) return undefined;
    const stored = storageKey(this.#core.prefix, key);
    const route = router.routeFor(key, stored);
    return route.kind === 'single' && !route.base.spared ? route.base.get(stored, this.endsAt) : undefined;
  }

  /**
   * Whether something may lie elsewhere that the owner did not give: in its gutter, where it is known to be down by now,
   * or at its former owner.
   */
  mayBeElsewhere(key: string, kind: 'miss' | 'unavailable'): boolean {
    const { cluster, prefix } = this.#core;
    if (kind === 'miss' && !cluster.former.active) return false;
    const stored = storageKey(prefix, key);
    const route = cluster.router()?.routeFor(key, stored);
    if (route?.kind !== 'single') return false;
    return kind === 'miss' ? cluster.former.sourceOf(stored, route.base) !== undefined : route.base.spared;
  }

  async find(key: string, options: GetOptions | undefined): Promise<ReadResult<unknown>> {
    const { outcome, node, isCopy } = await this.unlessAborted(options?.signal, () =>
      this.#locate(key, options),
    );
    const read = this.decoded(key, outcome);
    // A copy that cannot be read is passed over, like one that has nothing.
    if (isCopy && read.kind === 'miss') return this.find(key, { ...options, consistentRead: true });
    this.tally.read(read);
    return (node === undefined ? read : { ...read, node: node.name }) as ReadResult<unknown>;
  }

  async findMany<T>(keys: ReadonlySet<string>, options: GetOptions | undefined): Promise<ManyResult<T>> {
    const items = await abortable(
      options?.signal,
      () => this.open.during(this.#fetchMany(keys, options)),
      () => undefined,
    );
    const result: ManyResult<T> = { hits: new Map(), misses: [], unavailable: [] };
    if (items === undefined) {
      result.unavailable.push(...keys);
      if (options?.signal?.aborted !== true) this.tally.unanswered(keys.size);
    }
    const sort = (key: string, read: ReadAnswer | ReadResult<unknown>): void => {
      if (read.kind === 'hit' || read.kind === 'stale') result.hits.set(key, read.value as T);
      else if (read.kind === 'miss') result.misses.push(key);
      else result.unavailable.push(key);
    };
    const again: string[] = [];
    for (const { key, outcome, isCopy } of items ?? []) {
      const read = this.decoded(key, outcome);
      if (isCopy && read.kind === 'miss') again.push(key);
      else {
        this.tally.read(read);
        sort(key, read);
      }
    }
    const ofBase = again.map(async (key) =>
      sort(key, await this.find(key, { ...options, consistentRead: true })),
    );
    await Promise.all(ofBase);
    return result;
  }

  /** Like a read, a write of a key that is not smeared takes no detour. */
  store(
    key: string,
    encoded: EncodedValue,
    ttlSeconds: Seconds,
    signal: AbortSignal | undefined,
  ): Promise<StoreOutcome> {
    const item = { value: encoded.value, flags: encoded.flags, ttlSeconds };
    const router = this.#core.cluster.writeRouter();
    if (router !== undefined && signal === undefined) return storeOver(router, this.#core, this, key, item);
    return abortable(signal, () => this.open.during(this.#store(key, item, signal)), aborted);
  }

  delete(key: string, signal: AbortSignal | undefined): Promise<DeleteOutcome> {
    return abortable(signal, () => this.open.during(this.#delete(key, signal)), aborted);
  }

  /** What cannot be decoded is a miss that is told to the observer. */
  decoded(key: string, answer: FetchOutcome): ReadAnswer {
    const outcome = itemOf(answer);
    const { hotDetection } = this.#core;
    if (hotDetection !== undefined) sawRead(this.#core, hotDetection, this, key, outcome);
    if (outcome.kind !== 'hit') return outcome;
    const decoded = decodeValue(outcome.value, outcome.flags);
    if (decoded.kind === 'value') return { kind: 'hit', value: decoded.value };
    this.undecodable(key, decoded.reason);
    return { kind: 'miss' };
  }

  undecodable(key: string, reason: string): void {
    this.tally.undecodable++;
    const stored = storageKey(this.#core.prefix, key);
    this.#core.observe({ kind: 'value-undecodable', key: stored, reason });
  }

  /** Counts a call as one that is under way; once `signal` aborts, nobody was asked. */
  unlessAborted<T extends Located | Unlocated>(
    signal: AbortSignal | undefined,
    call: () => Promise<T>,
  ): Promise<T | Unlocated> {
    return abortable<T | Unlocated>(
      signal,
      () => this.open.during(call()),
      () => ({ outcome: aborted() }),
    );
  }

  async #locate(key: string, options: GetOptions | undefined): Promise<Located | Unlocated> {
    const router = await this.router();
    if (router instanceof CacheError) return { outcome: unavailable(router) };
    if (options?.signal?.aborted) return { outcome: aborted() };
    return this.#fetchBy(router, key, options);
  }

  #fetchBy(router: Router<CacheNode>, key: string, options: GetOptions | undefined): Promise<Located> {
    const stored = storageKey(this.#core.prefix, key);
    return fetchPastOwner(router, router.routeFor(key, stored), stored, this.plan(options));
  }

  /** A value that is too large for its node. */
  skipped(storageKey: string, node: CacheNode, bytes: number): void {
    this.#core.observe({ kind: 'value-skipped', key: storageKey, node: node.name, bytes });
  }

  plan(options: GetOptions | undefined): ReadPlan {
    const { copyTtlSeconds, leases, random, ownWrites, recentWrites, cluster } = this.#core;
    return {
      consistentRead: options?.consistentRead ?? false,
      ownWrites,
      recentWrites,
      former: cluster.former,
      copyTtlSeconds,
      leases,
      random,
      endsAt: this.endsAt,
      beside: (work) => void this.open.during(work),
    };
  }

  async #fetchMany(
    keys: ReadonlySet<string>,
    options: GetOptions | undefined,
  ): Promise<readonly Item[] | undefined> {
    const router = await this.router();
    if (router instanceof CacheError || options?.signal?.aborted) return undefined;
    return fetchMany(router, this.#core.prefix, keys, this.plan(options));
  }

  async #store(key: string, item: WireItem, signal: AbortSignal | undefined): Promise<StoreOutcome> {
    const router = await this.writeRouter();
    if (router instanceof CacheError) return this.tally.wrote(unavailable(router));
    return signal?.aborted ? aborted() : storeOver(router, this.#core, this, key, item);
  }

  async #delete(key: string, signal: AbortSignal | undefined): Promise<DeleteOutcome> {
    const router = await this.#core.cluster.routerForWrites(this.endsAt);
    if (router instanceof CacheError) return this.tally.wrote(unavailable(router));
    if (signal?.aborted) return aborted();
    return deleteOver(router, this.#core, this, key);
  }

  /**
   * Deletes what former owners must not give back, now or when the list changes again; `undefined` where there are none.
   * To be awaited before the owner is written: who fills it from a former one meanwhile then loses its lease.
   */
  deleteFormer(route: Route<CacheNode>, stored: string): Promise<readonly DeleteOutcome[]> | undefined {
    const { former } = this.#core.cluster;
    const owners = route.kind === 'variants' ? [] : former.ownersOf(stored, route.base);
    if (owners.length === 0) return undefined;
    return this.open.during(Promise.all(owners.map((node) => node.delete(stored, this.endsAt))));
  }

  /** An item is to live so long at its owner. */
  lasts(seconds: Seconds): void {
    this.#core.cluster.former.lasts(seconds);
  }

  /**
   * Before a write is sent and once more when it was answered, which a freeze may part: what is read from then on must
   * not be older than it. `mended`: nor is what stands in for the base.
   */
  wrote(route: Route<CacheNode>, stored: string, mended = false): void {
    const { flights, ownWrites, recentWrites, hotDetection } = this.#core;
    flights.forget(stored);
    flights.forget(stored + GUTTER_SUFFIX);
    // Others may know by now that a key is hot.
    if (route.kind === 'smeared' || (hotDetection !== undefined && route.kind === 'single')) {
      ownWrites.add(stored);
      ownWrites.add(stored + GUTTER_SUFFIX);
    }
    if (mended) recentWrites.delete(stored);
    else if (route.kind !== 'variants') recentWrites.add(stored);
  }

  /** For writes: the owner that others read must be the one that is reached. */
  writeRouter(): Router<CacheNode> | Promise<Router<CacheNode> | CacheError> {
    const { cluster } = this.#core;
    return cluster.writeRouter() ?? cluster.routerForWrites(this.endsAt);
  }

  router(): Router<CacheNode> | Promise<Router<CacheNode> | CacheError> {
    return this.#core.cluster.router() ?? this.#core.cluster.discover(this.endsAt);
  }
}
