import { type Clock, systemClock } from '../../src/base/clock.ts';
import type { ClientEvent } from '../../src/base/events.ts';
import type { Random } from '../../src/base/random.ts';
import { type Millis, NEVER } from '../../src/base/units.ts';
import type { CacheNode } from '../../src/client/cache-node.ts';
import { ClientCache } from '../../src/client/client-cache.ts';
import type { ClientCore } from '../../src/client/client-core.ts';
import { Cluster } from '../../src/client/cluster.ts';
import { COPY_LEASE_SECONDS } from '../../src/client/dispatch.ts';
import { Flights } from '../../src/client/flights.ts';
import { gutterBoundMillis } from '../../src/client/gutter.ts';
import { HotDetection } from '../../src/client/hot-detection.ts';
import { HotKeys } from '../../src/client/hot-keys.ts';
import { OwnWrites } from '../../src/client/own-writes.ts';
import { Routing } from '../../src/client/routing.ts';
import { StaleWatch } from '../../src/client/stale-watch.ts';
import type { HotRules } from '../../src/hotkeys/index.ts';
import { tcpDial } from '../../src/memcached/dial.ts';
import { MetaTransport } from '../../src/memcached/meta-transport.ts';
import type { NodeTransport } from '../../src/memcached/transport.ts';
import type { RingNode } from '../../src/ring/index.ts';
import { type Route, type SmearRule, SmearRules } from '../../src/smear/index.ts';
import { staticSource, type TopologySource, TopologyWatcher } from '../../src/topology/index.ts';

export interface LeasedCacheOptions {
  readonly rules?: readonly SmearRule[];
  readonly clock?: Clock;
  readonly loadTimeoutMillis?: Millis;
  readonly copyTtlSeconds?: number;
  readonly leases?: boolean;
  /** Where the nodes come from; by default the list that is given. */
  readonly source?: TopologySource;
  /** Looks for hot keys, by these rules. */
  readonly auto?: HotRules;
  /** What chance gives, instead of always `chance`. */
  readonly random?: Random;
}

type Held = 'lease' | 'fill' | 'giveBack' | 'store' | 'get' | 'getWithTtl' | 'look' | 'getWithCas' | 'sample';

/** The whole client over real sockets, as one process has it, with chance and the moment of each call in the test's hand. */
export class LeasedCache {
  readonly events: ClientEvent[] = [];
  readonly cache: ClientCache;
  /** What chance gives next, again and again: 0 draws the base and no jitter, just below 1 the last copy. */
  chance = 0;
  /** What it knows of hot keys, where it looks for them. */
  readonly hotKeys: HotKeys | undefined;
  readonly #core: ClientCore;
  readonly #gates = new Map<
    Held,
    { readonly open: Promise<void>; readonly met: () => void; skip: number; key: string | undefined }
  >();

  constructor(nodes: readonly RingNode[], options: LeasedCacheOptions = {}) {
    const { rules = [], clock = systemClock, copyTtlSeconds = 5 } = options;
    const timeouts = { connectTimeoutMillis: 2_000, operationTimeoutMillis: 2_000 };
    const { auto, leases = true, random = () => this.chance } = options;
    const observe = (event: ClientEvent): void => void this.events.push(event);
    this.hotKeys = auto && new HotKeys(leases);
    const hot = this.hotKeys && auto && { keys: this.hotKeys, rules: auto };
    const routing = new Routing(new SmearRules(rules), 'successors', hot);
    const cluster = new Cluster(
      { dialect: 'libketama', routing, ...timeouts },
      new TopologyWatcher(options.source ?? staticSource(nodes), clock, random),
      async () => (host, port, listener) =>
        this.#held(new MetaTransport(`${host}:${port}`, tcpDial(host, port), timeouts, clock, listener)),
      clock,
      observe,
    );
    this.#core = {
      cluster,
      routing,
      fingerprint: () => '',
      prefix: '',
      invalidatedPrefixes: [],
      copyTtlSeconds,
      hotDetection: hot && new HotDetection(hot.keys, hot.rules, clock, random, observe),
      leases,
      loadTimeoutMillis: options.loadTimeoutMillis ?? 10_000,
      flights: new Flights(clock),
      staleWatch: new StaleWatch(clock),
      operationTimeoutMillis: 100,
      ownWrites: new OwnWrites(clock, (copyTtlSeconds + COPY_LEASE_SECONDS) * 1000),
      recentWrites: new OwnWrites(
        clock,
        gutterBoundMillis(options.loadTimeoutMillis ?? 10_000, copyTtlSeconds),
      ),
      clock,
      random,
      observe,
    };
    this.cache = new ClientCache(this.#core, NEVER, true);
  }

  /** The same process in an invocation that has so much time left. */
  invocation(remainingMillis: Millis): ClientCache {
    return new ClientCache(this.#core, this.#core.clock.monotonic() + remainingMillis, false);
  }

  /**
   * Calls of this kind stop before they are sent, as those of a frozen process do. `reached` resolves when the first
   * one has; `thaw` lets them go. The first `skip` of them pass; with `key` only those of this key stop.
   */
  hold(what: Held, skip = 0, key?: string): { readonly reached: Promise<void>; readonly thaw: () => void } {
    const reached = Promise.withResolvers<void>();
    const thawed = Promise.withResolvers<void>();
    this.#gates.set(what, { open: thawed.promise, met: reached.resolve, skip, key });
    const thaw = (): void => {
      this.#gates.delete(what);
      thawed.resolve();
    };
    return { reached: reached.promise, thaw };
  }

  /** Names of the nodes of a key, the owner first. */
  async successors(storageKey: string, count: number): Promise<string[]> {
    const router = await this.#core.cluster.discover(NEVER);
    if (!('ring' in router)) throw router;
    return router.ring.successors(storageKey, count).map(({ name }) => name);
  }

  /** Where reads of `key` go now, and how often. */
  routeFor(key: string): Route<CacheNode> | undefined {
    return this.#core.cluster.router()?.routeFor(key, key);
  }

  close(): Promise<void> {
    return this.cache.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #held(transport: NodeTransport): NodeTransport {
    return new Proxy(transport, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== 'function') return member;
        return (...args: unknown[]): unknown => {
          const gate = this.#gates.get(name as Held);
          if (gate === undefined || (gate.key ?? args[0]) !== args[0] || gate.skip-- > 0)
            return member.apply(target, args);
          gate.met();
          return gate.open.then(() => member.apply(target, args));
        };
      },
    });
  }
}
