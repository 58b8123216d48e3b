import { AbortedError, CacheError, NodeRefusedError } from '../base/errors.ts';
import {
  type CasOutcome,
  type CountOutcome,
  type DeleteOutcome,
  type LookOutcome,
  type StoreOutcome,
  type Unavailable,
  unavailable,
} from '../base/outcome.ts';
import type { Seconds } from '../base/units.ts';
import { storageKey } from '../memcached/storage-key.ts';
import type { CountDirection, WireItem } from '../memcached/transport.ts';
import type { Route } from '../smear/index.ts';
import { abortable } from './abortable.ts';
import type { CacheNode } from './cache-node.ts';
import type { Calls } from './calls.ts';
import type { ClientCore } from './client-core.ts';

const aborted = (): Unavailable => unavailable(new AbortedError());

/** One key's base, for the length of one write that may take several commands. */
export class BaseItem {
  readonly storageKey: string;
  readonly node: CacheNode;
  readonly #calls: Calls;
  readonly #route: Route<CacheNode>;
  readonly #signal: AbortSignal | undefined;

  private constructor(
    calls: Calls,
    stored: string,
    route: Exclude<Route<CacheNode>, { kind: 'variants' }>,
    signal: AbortSignal | undefined,
  ) {
    this.#calls = calls;
    this.storageKey = stored;
    this.node = route.base;
    this.#route = route;
    this.#signal = signal;
  }

  /**
   * `work` at the base of `key`; `unavailable` where there is nobody to ask, and as soon as `signal` says so.
   *
   * @throws TypeError where the key has variants and no base; what `work` throws.
   */
  static async at<T>(
    core: ClientCore,
    calls: Calls,
    key: string,
    signal: AbortSignal | undefined,
    work: (base: BaseItem) => Promise<T>,
  ): Promise<T | Unavailable> {
    // Told whether or not there are nodes: a mistake must not depend on the weather.
    if (core.routing.hasVariants(key)) throw withoutBase(key);
    const locate = async (): Promise<T | Unavailable> => {
      const router = await calls.writeRouter();
      if (router instanceof CacheError) return unavailable(router);
      if (signal?.aborted) return aborted();
      const stored = storageKey(core.prefix, key);
      const route = router.routeFor(key, stored);
      if (route.kind === 'variants') throw withoutBase(key);
      return work(new BaseItem(calls, stored, route, signal));
    };
    return abortable<T | Unavailable>(signal, () => calls.open.during(locate()), aborted);
  }

  look(): Promise<LookOutcome> {
    return this.node.look(this.storageKey, undefined, this.#calls.endsAt);
  }

  /** What is done with its answer is the caller's: who has given up gets none. */
  async getWithCas(): Promise<CasOutcome> {
    const found = await this.node.getWithCas(this.storageKey, this.#calls.endsAt);
    return this.#signal?.aborted ? aborted() : found;
  }

  touch(ttlSeconds: Seconds): Promise<LookOutcome> {
    return this.#write(() => this.node.look(this.storageKey, ttlSeconds, this.#calls.endsAt));
  }

  count(direction: CountDirection, by: number): Promise<CountOutcome> {
    return this.#write(() => this.node.count(this.storageKey, direction, by, this.#calls.endsAt));
  }

  store(mode: 'add' | 'replace', item: WireItem): Promise<StoreOutcome> {
    return this.#store(item, () => this.node.store(mode, this.storageKey, item, this.#calls.endsAt));
  }

  /** In the place of the item that had this number, and of no other. */
  async swap(cas: string | undefined, item: WireItem): Promise<StoreOutcome> {
    if (cas === undefined) {
      return unavailable(new NodeRefusedError(this.node.name, 'it runs without compare-and-swap'));
    }
    return this.#store(item, () => this.node.fill(this.storageKey, item, cas, this.#calls.endsAt));
  }

  giveBack(cas: string): Promise<DeleteOutcome> {
    return this.node.giveBack(this.storageKey, cas, false, this.#calls.endsAt);
  }

  async #store(item: WireItem, send: () => Promise<StoreOutcome>): Promise<StoreOutcome> {
    this.#calls.lasts(item.ttlSeconds);
    const outcome = await this.#write(send);
    if (outcome.kind === 'too-large') this.#calls.skipped(this.storageKey, this.node, item.value.length);
    return outcome;
  }

  /** What changes the item, unless the caller has given up meanwhile. */
  async #write<T>(send: () => Promise<T>): Promise<T | Unavailable> {
    if (this.#signal?.aborted) return aborted();
    this.#calls.wrote(this.#route, this.storageKey);
    await this.#calls.deleteFormer(this.#route, this.storageKey);
    const outcome = await send();
    this.#calls.wrote(this.#route, this.storageKey);
    return outcome;
  }
}

const withoutBase = (key: string): TypeError =>
  new TypeError(
    `${JSON.stringify(key)} has variants and no base, which this write needs: ` +
      "under smear.placement 'suffix' a smeared key has get, set, delete and wrap",
  );
