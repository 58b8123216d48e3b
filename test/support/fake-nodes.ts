import { type CacheError, NodeTimeoutError } from '../../src/base/errors.ts';
import {
  type CasOutcome,
  type CountOutcome,
  DELETED,
  type DeleteOutcome,
  type FetchOutcome,
  type LeaseOutcome,
  type LookOutcome,
  MISS,
  NOT_FOUND,
  REFUSED,
  type SampleOutcome,
  STORED,
  type StoreOutcome,
  TOO_LARGE,
  unavailable,
} from '../../src/base/outcome.ts';
import type {
  CountDirection,
  NodeTransport,
  StoreMode,
  TransportListener,
  WireItem,
} from '../../src/memcached/transport.ts';

/** One call as a node saw it. */
export interface Call {
  readonly node: string;
  readonly op: 'get' | StoreMode | 'delete' | 'look' | 'fill' | 'touch' | 'count';
  readonly key: string;
  readonly ttlSeconds?: number;
}

/** A node in memory that answers at once, or is silent, and writes down what it was asked. */
export class FakeNode implements NodeTransport {
  readonly capabilities = {
    leases: false,
    remainingTtl: false,
    counters: false,
    tls: false,
    multiGet: false,
  };
  readonly name: string;
  readonly listener: TransportListener;
  readonly items = new Map<string, WireItem>();
  /** Fails every call while set. */
  silent = false;
  closed = false;
  rests = 0;
  maxBytes = Number.POSITIVE_INFINITY;
  /** How many batches came. */
  batches = 0;
  readonly #calls: Call[];

  constructor(name: string, listener: TransportListener, calls: Call[]) {
    this.name = name;
    this.listener = listener;
    this.#calls = calls;
  }

  get error(): CacheError {
    return new NodeTimeoutError(this.name, 'reply', 100);
  }

  async get(key: string): Promise<FetchOutcome> {
    this.#calls.push({ node: this.name, op: 'get', key });
    if (this.silent) return unavailable(this.error);
    const item = this.items.get(key);
    return item === undefined ? MISS : { kind: 'hit', value: item.value, flags: item.flags };
  }

  /** The remaining time is what the item was stored with: here time stands still. */
  async getWithTtl(key: string): Promise<FetchOutcome> {
    const outcome = await this.get(key);
    if (outcome.kind !== 'hit') return outcome;
    return { ...outcome, ttlSeconds: this.items.get(key)?.ttlSeconds };
  }

  async getMany(keys: readonly string[]): Promise<readonly FetchOutcome[]> {
    this.batches += 1;
    return Promise.all(keys.map((key) => this.get(key)));
  }

  async store(mode: StoreMode, key: string, item: WireItem): Promise<StoreOutcome> {
    this.#calls.push({ node: this.name, op: mode, key, ttlSeconds: item.ttlSeconds });
    if (this.silent) return unavailable(this.error);
    if (item.value.length > this.maxBytes) return TOO_LARGE;
    if (mode === 'add' && this.items.has(key)) return REFUSED;
    if (mode === 'replace' && !this.items.has(key)) return REFUSED;
    this.items.set(key, item);
    return STORED;
  }

  async delete(key: string): Promise<DeleteOutcome> {
    this.#calls.push({ node: this.name, op: 'delete', key });
    if (this.silent) return unavailable(this.error);
    return this.items.delete(key) ? DELETED : NOT_FOUND;
  }

  lease(): Promise<LeaseOutcome> {
    throw new Error('this node has no leases');
  }

  /** The right to replace an item is the item itself. */
  async getWithCas(key: string): Promise<CasOutcome> {
    const outcome = await this.get(key);
    return outcome.kind === 'hit' ? { ...outcome, cas: this.#casOf(key) } : outcome;
  }

  async look(key: string, touchSeconds: number | undefined): Promise<LookOutcome> {
    const ttl = touchSeconds === undefined ? {} : { ttlSeconds: touchSeconds };
    this.#calls.push({ node: this.name, op: touchSeconds === undefined ? 'look' : 'touch', key, ...ttl });
    if (this.silent) return unavailable(this.error);
    const item = this.items.get(key);
    if (item === undefined) return MISS;
    return { kind: 'found', bytes: item.value.length, flags: item.flags, cas: this.#casOf(key) };
  }

  async count(key: string, direction: CountDirection, by: number): Promise<CountOutcome> {
    this.#calls.push({ node: this.name, op: 'count', key });
    if (this.silent) return unavailable(this.error);
    const item = this.items.get(key);
    if (item === undefined) return NOT_FOUND;
    if (!/^\d+ *$/.test(item.value.toString())) return REFUSED;
    const value = Math.max(0, Number(item.value.toString()) + (direction === 'up' ? by : -by));
    this.items.set(key, { ...item, value: Buffer.from(String(value)) });
    return { kind: 'counted', value };
  }

  async fill(key: string, item: WireItem, cas: string): Promise<StoreOutcome> {
    this.#calls.push({ node: this.name, op: 'fill', key, ttlSeconds: item.ttlSeconds });
    if (this.silent) return unavailable(this.error);
    if (item.value.length > this.maxBytes) return TOO_LARGE;
    if (cas !== this.#casOf(key)) return REFUSED;
    this.items.set(key, item);
    return STORED;
  }

  #casOf(key: string): string {
    const item = this.items.get(key);
    return item === undefined ? '' : `${item.flags}:${item.value.toString('latin1')}`;
  }

  giveBack(): Promise<DeleteOutcome> {
    throw new Error('this node has no leases');
  }

  async sample(): Promise<SampleOutcome> {
    return { kind: 'unsupported' };
  }

  rest(): void {
    this.rests += 1;
  }

  retire(): Promise<void> {
    return this.close();
  }

  async close(): Promise<void> {
    this.closed = true;
  }
}

/** The nodes that a cluster opened, by name, and all their calls in order. */
export class FakeNodes {
  readonly calls: Call[] = [];
  readonly opened: FakeNode[] = [];

  readonly open = (host: string, port: number, listener: TransportListener): NodeTransport => {
    const node = new FakeNode(`${host}:${port}`, listener, this.calls);
    this.opened.push(node);
    return node;
  };

  /** The newest transport to this node. */
  at(name: string): FakeNode {
    const node = this.opened.findLast((candidate) => candidate.name === name);
    if (node === undefined) throw new Error(`${name} was never opened`);
    return node;
  }

  /** Forgets the calls so far and gives those that `work` makes. */
  async during(work: () => Promise<unknown>): Promise<Call[]> {
    this.calls.length = 0;
    await work();
    return [...this.calls];
  }
}
