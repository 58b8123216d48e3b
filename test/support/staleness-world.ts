import type { Clock } from '../../src/base/clock.ts';
import { type Millis, NEVER, type Seconds } from '../../src/base/units.ts';
import type { OpenTransport } from '../../src/client/cache-node.ts';
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
import { DEFAULT_HOT_RULES } from '../../src/hotkeys/index.ts';
import type { NodeTransport, TransportListener } from '../../src/memcached/transport.ts';
import { nodeName } from '../../src/ring/index.ts';
import { type Placement, SmearRules } from '../../src/smear/index.ts';
import { staticSource, TopologyWatcher } from '../../src/topology/index.ts';
import { namedNodes } from './fake-cache.ts';
import { Course, HeldTransport, SharedNode } from './staleness-node.ts';
import { SimulatedTime } from './staleness-time.ts';

export const KEY = 'hot';
export const PROCESSES = ['p', 'q', 'r'] as const;
export type ProcessName = (typeof PROCESSES)[number];

export const COPY_TTL_SECONDS: Seconds = 5;
export const BOUND_MILLIS: Millis = (COPY_TTL_SECONDS + COPY_LEASE_SECONDS) * 1_000;
/** Short, so that a wait for another's load takes few looks. The lease of a base is a second longer. */
const LOAD_TIMEOUT_MILLIS: Millis = 2_000;
const OPERATION_TIMEOUT_MILLIS: Millis = 100;
/** While the owner is down for a reader. */
export const DOWN_BOUND_MILLIS: Millis = gutterBoundMillis(LOAD_TIMEOUT_MILLIS, COPY_TTL_SECONDS);

const NODES = namedNodes('a', 'b', 'c');
export const NODE_COUNT = NODES.length;

/** How the clients of a world are made: ours, or a naive design. */
export interface Design {
  readonly placement?: Placement;
  /** Whether a process remembers its writes of keys that it does not know as hot; by default it does. */
  readonly remembersAllWrites?: boolean;
  readonly transport?: (node: SharedNode, time: SimulatedTime, listener: TransportListener) => NodeTransport;
}

/** One process that runs one version of the code: what it wrote and what it is reading are its own. */
export class Environment {
  readonly #core: ClientCore;
  readonly #hotKeys = new HotKeys(true);
  #invocation: ClientCache | undefined;

  constructor(nodes: readonly SharedNode[], smeared: boolean, time: SimulatedTime, design: Design) {
    const { placement = 'successors', transport = (...parts) => new HeldTransport(...parts) } = design;
    const random = Course.chance;
    const observe = (): void => {};
    const open: OpenTransport = (host, port, listener) =>
      transport(nodes.find(({ name }) => name === nodeName({ host, port }))!, time, listener);
    const hot = { keys: this.#hotKeys, rules: DEFAULT_HOT_RULES };
    const rules = new SmearRules(smeared ? [{ key: KEY, copies: NODE_COUNT }] : []);
    const routing = new Routing(rules, placement, hot);
    // These nodes have no counters: what is hot is said by the schedule.
    const hotDetection = new HotDetection(hot.keys, hot.rules, time, random, observe);
    const cluster = new Cluster(
      {
        dialect: 'libketama',
        routing,
        connectTimeoutMillis: 250,
        operationTimeoutMillis: OPERATION_TIMEOUT_MILLIS,
      },
      new TopologyWatcher(staticSource(NODES), time, random),
      async () => open,
      time,
      observe,
    );
    this.#core = {
      cluster,
      routing,
      hotDetection: design.remembersAllWrites === false ? undefined : hotDetection,
      fingerprint: () => '',
      prefix: '',
      invalidatedPrefixes: [],
      copyTtlSeconds: COPY_TTL_SECONDS,
      leases: true,
      loadTimeoutMillis: LOAD_TIMEOUT_MILLIS,
      flights: new Flights(time),
      ownWrites: new OwnWrites(time, BOUND_MILLIS),
      recentWrites: new OwnWrites(time, gutterBoundMillis(LOAD_TIMEOUT_MILLIS, COPY_TTL_SECONDS)),
      staleWatch: new StaleWatch(time),
      operationTimeoutMillis: OPERATION_TIMEOUT_MILLIS,
      clock: time,
      random,
      observe,
    };
  }

  /** The cache of one invocation. */
  invocation(): ClientCache {
    this.#invocation = new ClientCache(this.#core, NEVER, false);
    return this.#invocation;
  }

  /** Reads a list of this version that has the key as hot, or as hot no more. */
  learn(hot: boolean, version: number): void {
    const { clock, cluster } = this.#core;
    const now = clock.wall() / 1_000;
    // As much as it takes to be on all nodes.
    const entry = { key: KEY, share: hot ? 1 : 0, until: now + 86_400, version };
    this.#hotKeys.learn({ version, keys: [entry] }, now);
    cluster.reroute();
  }

  /** Whether the key's owner is down for this process, or has been since. */
  sawOwnerDown(since: Millis): boolean {
    const { cluster, clock } = this.#core;
    return (
      cluster
        .router()
        ?.ring.owner(KEY)
        .wasDownWithin(clock.wall() - since + 1) ?? false
    );
  }

  /** The handler of the last invocation is done: what goes on is settled, and leases that nobody needs are given back. */
  async endInvocation(): Promise<void> {
    const { clock } = this.#core;
    await this.#invocation?.settle(clock.monotonic() + OPERATION_TIMEOUT_MILLIS);
  }
}

/** What a loader comes to, and whether it is held before or after it looks at the origin. */
export interface Loading {
  readonly held: 'no' | 'before' | 'after';
  readonly comesTo: 'value' | 'nothing' | 'error';
}

/** All that really is: the origin, the nodes, and the processes that read and write through them. */
export class World {
  readonly time = new SimulatedTime();
  readonly nodes: readonly SharedNode[];
  /** The origin holds this version of the one value. */
  version = 0;
  #listVersion = 0;
  readonly #design: Design;
  readonly #environments = new Map<ProcessName, Environment>();
  readonly #open = new Set<string>();
  #operations = 0;

  /** `phases`: how far into its second each node is when it is started; `smeared`: which processes know the key as hot. */
  constructor(phases: readonly Millis[], smeared: readonly boolean[], design: Design) {
    this.#design = design;
    this.nodes = NODES.map((node, i) => {
      // A node counts its seconds from its own start: shift what it sees later, not when it starts.
      const startedAt = this.time.wall() - phases[i]!;
      let started = false;
      const clock: Clock = {
        monotonic: () => this.time.monotonic(),
        wall: () => {
          if (started) return this.time.wall();
          started = true;
          return startedAt;
        },
      };
      return new SharedNode(nodeName(node), clock);
    });
    for (const [i, name] of PROCESSES.entries()) this.deploy(name, smeared[i]!);
  }

  environment(name: ProcessName): Environment {
    return this.#environments.get(name)!;
  }

  /** A fresh process takes the place of this one. What the old one has under way goes on. */
  deploy(name: ProcessName, smeared: boolean): void {
    this.#environments.set(name, new Environment(this.nodes, smeared, this.time, this.#design));
  }

  /** The process hears that the key is hot, or is hot no more; others do not. */
  learn(name: ProcessName, hot: boolean): void {
    this.environment(name).learn(hot, ++this.#listVersion);
  }

  /** Nobody waits any more for what this process has under way: it may end, or be dropped. */
  leaveBehind(process: ProcessName): void {
    for (const id of this.#open) if (id.endsWith(` by ${process}`)) this.#open.delete(id);
  }

  /** Starts an operation, and gives all that can go on without time the chance to do so. */
  async start(what: string, course: Course, work: () => Promise<void>): Promise<void> {
    const id = `${++this.#operations} ${what}`;
    this.#open.add(id);
    const done = (): boolean => this.#open.delete(id);
    course.run(work).then(done, done);
    await this.time.advance(0);
  }

  /** Lets everything end; what does not end by itself hangs. */
  async settle(): Promise<void> {
    await this.time.settle();
    if (this.#open.size > 0) throw new Error(`these hang: ${[...this.#open].join(', ')}`);
  }

  async load({ held, comesTo }: Loading): Promise<number | undefined> {
    if (held === 'before') await this.#thawed();
    const { version } = this;
    if (held === 'after') await this.#thawed();
    if (comesTo === 'error') throw new Error('the origin does not answer');
    return comesTo === 'nothing' ? undefined : version;
  }

  #thawed(): Promise<void> {
    return new Promise((resolve) => this.time.hold(resolve));
  }
}
