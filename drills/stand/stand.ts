import { buildRing, type Ring } from '../../src/ring/index.ts';
import { startCluster, type TestCluster } from '../../src/testing/index.ts';
import { freePort, type Memcached, startMemcached } from '../../test/support/memcached.ts';
import type { Names } from '../environments/messages.ts';
import { Relay } from './relay.ts';

/** One node as the list names it, with the process behind it. */
export interface StandNode {
  readonly host: string;
  readonly port: number;
  memcached: Memcached;
}

export interface StandOptions {
  readonly nodes: number;
  /**
   * With host names and proxies: so many ways to each node, each with proxies of its own, 0 by default. The names are for
   * processes that are told to know them.
   */
  readonly ways?: number;
  /** More arguments of the first node's memcached. */
  readonly argsOfFirst?: readonly string[];
}

const PORT_TRIES = 5;
const SPARE_ADDRESSES_FROM = 100;

/** Real memcached processes behind a configuration endpoint, by their addresses or by names and proxies. */
export class Stand {
  readonly nodes: StandNode[] = [];
  /** By way, then by node. */
  readonly ways: Relay[][];
  readonly #options: StandOptions;
  readonly #cluster: TestCluster;
  readonly #started: Memcached[] = [];
  readonly #proxies: Relay[] = [];
  version = 0;
  /** Placement over each list that there was. */
  readonly rings: Ring[] = [];

  private constructor(options: StandOptions, cluster: TestCluster) {
    this.#options = options;
    this.#cluster = cluster;
    this.ways = Array.from({ length: options.ways ?? 0 }, () => []);
  }

  static async start(options: StandOptions): Promise<Stand> {
    const stand = new Stand(options, await startCluster({ nodes: 0 }));
    try {
      for (let i = 0; i < options.nodes; i++) await stand.startNode();
      stand.list();
      return stand;
    } catch (error) {
      await stand[Symbol.asyncDispose]();
      throw error;
    }
  }

  get config(): TestCluster {
    return this.#cluster;
  }

  get configEndpoint(): string {
    return this.#cluster.configEndpoint;
  }

  /** Placement over the nodes as they are listed now. */
  ring(): Ring {
    return buildRing(this.nodes.map(({ host, port }) => ({ host, port })));
  }

  /** Lists these nodes under the next version. */
  list(nodes: readonly StandNode[] = this.nodes): void {
    if (nodes !== this.nodes) this.nodes.splice(0, this.nodes.length, ...nodes);
    this.version++;
    this.rings.push(this.ring());
    const entries = this.nodes.map((node) => `${node.host}|${this.#addressOf(node)}|${node.port}`);
    this.#cluster.serveConfig({ kind: 'text', body: `${this.version}\n${entries.join(' ')}\n` });
  }

  /** Host names as a process knows them that takes this way; `undefined` where nodes go by their addresses. */
  names(way = 0): Names | undefined {
    const proxies = this.ways[way];
    return proxies && Object.fromEntries(this.nodes.map(({ host }, i) => [host, proxies[i]!.host]));
  }

  /** Starts a node that `list` does not name yet, but for those of the beginning. */
  async startNode(): Promise<StandNode> {
    const at = this.nodes.length;
    const args = at === 0 ? (this.#options.argsOfFirst ?? []) : [];
    const memcached = await this.#startMemcached({ args });
    const node =
      this.ways.length === 0
        ? { host: memcached.host, port: memcached.port, memcached }
        : { host: `node-${at + 1}.drill`, port: await this.#openWays(at, memcached.port), memcached };
    this.nodes.push(node);
    return node;
  }

  /** The process is started again, empty, under the same address. */
  async restart(node: StandNode): Promise<void> {
    await node.memcached.close();
    node.memcached = await this.#startMemcached({ port: node.memcached.port });
  }

  /** Another process takes a node's name, at another address; the old one is gone. Listed as the next version. */
  async replace(at: number): Promise<void> {
    const node = this.nodes[at]!;
    const old = this.ways[0]![at]!;
    const gone = node.memcached;
    node.memcached = await this.#startMemcached({});
    const address = old.host.replace(/\d+$/, String(SPARE_ADDRESSES_FROM + at));
    this.ways[0]![at] = await this.#openProxy(address, node.port, node.memcached.port);
    await old.close();
    await gone.close();
    this.list();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const parts = [...this.#proxies, ...this.#started, this.#cluster];
    await Promise.all(parts.map((part) => part.close()));
  }

  #addressOf(node: StandNode): string {
    return this.ways[0]?.[this.nodes.indexOf(node)]?.host ?? node.host;
  }

  async #startMemcached(options: {
    readonly args?: readonly string[];
    readonly port?: number;
  }): Promise<Memcached> {
    const memcached = await startMemcached(options);
    this.#started.push(memcached);
    return memcached;
  }

  /** The same port on an address of each way: a name has one port. */
  async #openWays(at: number, target: number): Promise<number> {
    for (let tries = 1; ; tries++) {
      const port = await freePort();
      const opened = this.ways.map((_, way) => this.#openProxy(`127.77.${way}.${at + 1}`, port, target));
      const proxies = await Promise.allSettled(opened);
      const failed = proxies.find((proxy) => proxy.status === 'rejected');
      if (failed === undefined) {
        proxies.forEach((proxy, way) => {
          if (proxy.status === 'fulfilled') this.ways[way]![at] = proxy.value;
        });
        return port;
      }
      if (tries === PORT_TRIES) throw failed.reason;
    }
  }

  async #openProxy(host: string, port: number, target: number): Promise<Relay> {
    const proxy = await Relay.listen(host, port, target);
    this.#proxies.push(proxy);
    return proxy;
  }
}
