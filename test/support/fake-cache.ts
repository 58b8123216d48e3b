import type { ClientEvent } from '../../src/base/events.ts';
import { NEVER } from '../../src/base/units.ts';
import { ClientCache } from '../../src/client/client-cache.ts';
import { Cluster } from '../../src/client/cluster.ts';
import { Flights } from '../../src/client/flights.ts';
import { OwnWrites } from '../../src/client/own-writes.ts';
import { Routing } from '../../src/client/routing.ts';
import { StaleWatch } from '../../src/client/stale-watch.ts';
import { keyPrefix } from '../../src/memcached/storage-key.ts';
import type { RingDialect, RingNode } from '../../src/ring/index.ts';
import { type Placement, type SmearRule, SmearRules } from '../../src/smear/index.ts';
import { staticSource, type TopologySource, TopologyWatcher } from '../../src/topology/index.ts';
import { FakeNodes } from './fake-nodes.ts';
import { TestClock } from './test-clock.ts';

export interface FakeCacheOptions {
  readonly nodes?: readonly RingNode[];
  readonly source?: TopologySource;
  readonly rules?: readonly SmearRule[];
  readonly placement?: Placement;
  readonly dialect?: RingDialect;
  readonly namespace?: string;
  readonly schema?: string;
  readonly invalidates?: readonly string[];
  /** How long the cache reads a smeared key that it wrote from its base; not at all by default, to reach the copies. */
  readonly ownWriteMillis?: number;
  readonly endsAt?: number;
}

/** The whole client over nodes in memory, with the clock and chance in the test's hand. */
export class FakeCache {
  readonly nodes = new FakeNodes();
  readonly clock = new TestClock();
  readonly events: ClientEvent[] = [];
  readonly cluster: Cluster;
  readonly cache: ClientCache;
  /** What chance gives next, again and again: 0 draws the base, just below 1 the last copy. */
  chance = 0;

  constructor(options: FakeCacheOptions = {}) {
    const { nodes = namedNodes('a', 'b', 'c', 'd'), rules = [], placement = 'successors' } = options;
    const { dialect = 'libketama', source = staticSource(nodes), invalidates = [] } = options;
    const random = (): number => this.chance;
    const observe = (event: ClientEvent): void => void this.events.push(event);
    const routing = new Routing(new SmearRules(rules), placement);
    this.cluster = new Cluster(
      {
        dialect,
        routing,
        connectTimeoutMillis: 250,
        operationTimeoutMillis: 100,
      },
      new TopologyWatcher(source, this.clock, random),
      async () => this.nodes.open,
      this.clock,
      observe,
    );
    this.cache = new ClientCache(
      {
        cluster: this.cluster,
        routing,
        fingerprint: () => 'fingerprint',
        prefix: keyPrefix(options.namespace, options.schema),
        invalidatedPrefixes: invalidates.map((name) => keyPrefix(options.namespace, name)),
        copyTtlSeconds: 5,
        leases: true,
        loadTimeoutMillis: 10_000,
        flights: new Flights(this.clock),
        staleWatch: new StaleWatch(this.clock),
        operationTimeoutMillis: 100,
        ownWrites: new OwnWrites(this.clock, options.ownWriteMillis ?? 0),
        recentWrites: new OwnWrites(this.clock, options.ownWriteMillis ?? 0),
        clock: this.clock,
        random,
        observe,
      },
      options.endsAt ?? NEVER,
      true,
    );
  }

  /** Finds the nodes, which every first call does by itself. */
  async ready(): Promise<this> {
    await this.cluster.discover(Number.POSITIVE_INFINITY);
    return this;
  }

  /** Names of the nodes of a key, the owner first. */
  successors(storageKey: string, count: number): string[] {
    const { ring } = this.cluster.router()!;
    return ring.successors(storageKey, count).map(({ name }) => name);
  }
}

export function namedNodes(...names: string[]): RingNode[] {
  return names.map((name) => ({ host: name, port: 11_211 }));
}
