import { type Random, seededRandom } from '../../src/base/random.ts';
import { NEVER } from '../../src/base/units.ts';
import { decodeHotList, type HotKey, type HotList, type HotRules } from '../../src/hotkeys/index.ts';
import { ManualClock, startCluster, type TestCluster, type TestNode } from '../../src/testing/index.ts';
import { LeasedCache, type LeasedCacheOptions } from './leased-cache.ts';

/** Where the list lies on every node. */
export const LIST = 'sc~hot~libketama';
/** The counter of a key's samples. */
export const COUNTER = 'sc~n~';

/** Every read is counted, and few make a key hot. */
export const EAGER: HotRules = { tolerance: 0.03, leastReadsPerSecond: 1, oneIn: 1 };

/** The hand of one test: nodes under a clock that it moves, and processes that look for hot keys. */
export class HotFleet {
  readonly clock: ManualClock;
  readonly cluster: TestCluster;
  readonly #random: Random = seededRandom(7);
  readonly #caches: LeasedCache[] = [];
  #browsed = 0;

  private constructor(clock: ManualClock, cluster: TestCluster) {
    this.clock = clock;
    this.cluster = cluster;
  }

  static async start(nodes = 4): Promise<HotFleet> {
    const clock = new ManualClock();
    return new HotFleet(clock, await startCluster({ nodes, clock }));
  }

  get nodes(): readonly TestNode[] {
    return this.cluster.nodes;
  }

  /** Seconds since 1970. */
  now(): number {
    return this.clock.wall() / 1_000;
  }

  /** One process more. */
  open(options: LeasedCacheOptions = {}, nodes = this.nodes): LeasedCache {
    const { clock } = this;
    const opened = new LeasedCache(nodes, { clock, auto: EAGER, random: this.#random, ...options });
    this.#caches.push(opened);
    return opened;
  }

  /** The nodes of a key, its owner first. */
  async placesOf(key: string): Promise<TestNode[]> {
    const names = await this.open().successors(key, this.nodes.length);
    return names.map((name) => this.nodes.find((node) => node.name === name)!);
  }

  /** So many reads of `key`, and all that comes of them. */
  async reads(process: LeasedCache, key: string, count: number): Promise<void> {
    for (let i = 0; i < count; i++) await process.cache.get(key);
    await process.cache.settle(NEVER);
  }

  /** Reads so many keys that nobody else reads. */
  async browse(process: LeasedCache, count: number): Promise<void> {
    for (let i = 0; i < count; i++) await process.cache.get(`cold:${this.#browsed++}`);
    await process.cache.settle(NEVER);
  }

  /** Reads `key` until whoever counts must find it hot. */
  async heat(process: LeasedCache, key: string): Promise<void> {
    await this.reads(process, key, 80);
    this.clock.advance(4_000);
    await this.reads(process, key, 80);
  }

  /** What of the list `node` holds. */
  listOn(node: TestNode): HotList | string | undefined {
    const item = node.item(LIST);
    if (item === undefined) return undefined;
    const list = decodeHotList(item.value, this.now());
    return 'refused' in list ? list.refused : list;
  }

  /** The keys of the list on each node, the hottest first. */
  listed(nodes: readonly TestNode[] = this.nodes): (readonly string[] | string | undefined)[] {
    return nodes.map((node) => {
      const list = this.listOn(node);
      return typeof list === 'object' ? list.keys.map(({ key }) => key).sort() : list;
    });
  }

  entry(key: string, share = 0.2, seconds = 100, version = 1): HotKey {
    return { key, share, until: this.now() + seconds, version };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#caches.map((cache) => cache.close()));
    await this.cluster.close();
  }
}

/** What was told of hot keys. */
export const toldOf = ({ events }: LeasedCache): string[] =>
  events.flatMap((event) => {
    if (event.kind === 'hot-key-promoted' || event.kind === 'hot-key-demoted')
      return [`${event.kind} ${event.key}`];
    return event.kind === 'hot-list-refused' ? [event.kind] : [];
  });
