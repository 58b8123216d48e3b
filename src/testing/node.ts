import net from 'node:net';
import { type Clock, systemClock } from '../base/clock.ts';
import type { Seconds } from '../base/units.ts';
import { serve } from './connection.ts';
import type { Counters } from './counters.ts';
import type { Faults } from './faults.ts';
import { NodeState } from './node-state.ts';

/** What a node is to be like. */
export interface NodeOptions {
  /** Listens here; 0, the default, takes a free port. */
  readonly port?: number;
  /** What the node calls itself in `host` and `name`. It listens on 127.0.0.1 whatever it is called. */
  readonly host?: string;
  /**
   * The release whose commands it has, '1.6.18' by default. Below 1.6.10 meta commands are an `ERROR`, below
   * 1.6.13 a meta miss is a bare `EN`; otherwise it is 1.6.18 under another name.
   */
  readonly version?: string;
  /** TTLs pass on its wall time. The system's by default; see `ManualClock`. */
  readonly clock?: Clock;
  /** The largest item, with key and overhead; 1 MiB by default, as in memcached. */
  readonly itemSizeMaxBytes?: number;
  /** The body that `config get cluster` answers; by default none, which is an `ERROR` as in stock memcached. */
  readonly clusterConfig?: () => string | undefined;
}

/** A copy of what the node counts, under the names of memcached's `stats`. */
export interface NodeStats extends Readonly<Counters> {
  readonly curr_connections: number;
  readonly curr_items: number;
  /** Of all items, with their overhead. */
  readonly bytes: number;
}

/** One item, looked at from outside. */
export interface StoredItem {
  readonly key: string;
  readonly value: Buffer;
  /** Client flags. */
  readonly flags: number;
  /** What is left of its time; -1 is for ever. */
  readonly ttlSeconds: Seconds;
  readonly cas: bigint;
  /** Marked by `md I`. */
  readonly stale: boolean;
  /** Somebody was told to fill it. */
  readonly leased: boolean;
}

const ADDRESS = '127.0.0.1';
const DEFAULT_VERSION = '1.6.18';
const DEFAULT_ITEM_SIZE_MAX_BYTES = 1024 * 1024;
const TOO_MANY = 'ERROR Too many open connections\r\n';

/**
 * A memcached node inside this process, over real TCP: meta, classic and binary commands on one port, with the
 * replies of memcached 1.6.18. It never evicts. Got from `startNode`.
 */
export class TestNode {
  readonly host: string;
  /** What it is to do wrong. */
  readonly faults: Faults;
  readonly #state: NodeState;
  readonly #sockets = new Set<net.Socket>();
  #server: net.Server | undefined;
  #port: number;

  /** @internal */
  constructor(options: NodeOptions) {
    this.host = options.host ?? ADDRESS;
    this.#port = options.port ?? 0;
    this.#state = new NodeState({
      clock: options.clock ?? systemClock,
      version: options.version ?? DEFAULT_VERSION,
      itemSizeMaxBytes: options.itemSizeMaxBytes ?? DEFAULT_ITEM_SIZE_MAX_BYTES,
      clusterConfig: options.clusterConfig ?? (() => undefined),
    });
    this.faults = this.#state.faults;
  }

  /** Where it listens on 127.0.0.1, also after a restart. */
  get port(): number {
    return this.#port;
  }

  /** `host:port` */
  get name(): string {
    return `${this.host}:${this.#port}`;
  }

  /** What it has counted since its start; a copy. */
  get stats(): NodeStats {
    const { counters, store, connections } = this.#state;
    return { ...counters, curr_connections: connections, curr_items: store.size, bytes: store.bytes };
  }

  /** Whether connections are accepted. */
  get listening(): boolean {
    return this.#server !== undefined;
  }

  /** The items that a client could read now, in the order in which they were first stored. */
  items(): StoredItem[] {
    const now = this.#state.time.now();
    return Array.from(this.#state.store.live(), (item) => ({
      key: Buffer.from(item.key, 'latin1').toString('utf8'),
      value: Buffer.from(item.value),
      flags: item.flags,
      ttlSeconds: item.expiresAt === 0 ? -1 : item.expiresAt - now,
      cas: item.cas,
      stale: item.stale,
      leased: item.leased,
    }));
  }

  /** The item under this key, without counting as a read. */
  item(key: string): StoredItem | undefined {
    return this.items().find((item) => item.key === key);
  }

  /** Empties the node at once. Counters and connections stay. */
  flush(): void {
    this.#state.store.clear();
  }

  /** Stops listening; connections and data stay. New connections are refused. */
  refuse(): void {
    this.#server?.close();
    this.#server = undefined;
  }

  /** Listens again on the same port. Rejects when another process has taken it. */
  async accept(): Promise<void> {
    if (this.#server !== undefined) return;
    const server = net.createServer({ noDelay: true }, (socket) => this.#welcome(socket));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: ADDRESS, port: this.#port, exclusive: true }, () => {
        server.removeListener('error', reject);
        resolve();
      });
    });
    this.#port = (server.address() as net.AddressInfo).port;
    this.#server = server;
  }

  /** Stops listening and drops all connections, as the kernel does for a process that was killed. */
  async kill(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    const closed = server && new Promise((resolve) => server.close(resolve));
    await Promise.all([closed, ...Array.from(this.#sockets, destroyed)]);
  }

  /** Kills it, and starts it again on the same port: without its data, as memcached does, or with them. */
  async restart({ keepData = false } = {}): Promise<void> {
    await this.kill();
    if (!keepData) {
      this.#state.store.clear();
      this.#state.resetCounters();
    }
    await this.accept();
  }

  /** Ends it for good: no socket, listener or timer is left. */
  async close(): Promise<void> {
    await this.kill();
    this.faults.clear();
  }

  /** `close`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #welcome(socket: net.Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    const limit = this.faults.look('max-connections')?.limit ?? Number.POSITIVE_INFINITY;
    if (this.#state.connections < limit || this.faults.take('max-connections') === undefined) {
      serve(socket, this.#state);
      return;
    }
    this.#state.counters.rejected_connections++;
    socket.on('error', () => {});
    socket.resume();
    socket.end(TOO_MANY);
  }
}

/** Starts a node; it accepts connections when the promise resolves. Rejects when its port is taken. */
export async function startNode(options: NodeOptions = {}): Promise<TestNode> {
  const node = new TestNode(options);
  await node.accept();
  return node;
}

function destroyed(socket: net.Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.closed) return resolve();
    socket.once('close', () => resolve());
    socket.destroy();
  });
}
