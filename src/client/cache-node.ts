import type { Clock } from '../base/clock.ts';
import { type CacheError, NodeDownError } from '../base/errors.ts';
import type { Observer } from '../base/events.ts';
import {
  type CasOutcome,
  type CountOutcome,
  type DeleteOutcome,
  type FetchOutcome,
  type LeaseOutcome,
  type LookOutcome,
  type SampleOutcome,
  type StoreOutcome,
  type Unavailable,
  unavailable,
} from '../base/outcome.ts';
import type { Millis, Seconds } from '../base/units.ts';
import type {
  CountDirection,
  NodeTransport,
  StoreMode,
  TransportListener,
  WireItem,
} from '../memcached/transport.ts';
import { nodeName, type RingNode } from '../ring/index.ts';
import { failed, mayUse, type NodeHealth, pauseAfter, UP, used } from './node-health.ts';

/** The client flags under which an item is to be stored: those of a hot key say so. */
export type MarkHot = (key: string, flags: number) => number;

/** Opens a node's transport; sockets come later, with the first operation. */
export type OpenTransport = (host: string, port: number, listener: TransportListener) => NodeTransport;

/** One node of the ring: its name, its transport, and whether it is worth asking. */
export class CacheNode implements RingNode {
  readonly host: string;
  readonly port: number;
  readonly weight: number;
  readonly ip?: string;
  /** `host:port`. */
  readonly name: string;
  readonly #transport: NodeTransport;
  readonly #probeMillis: Millis;
  readonly #clock: Clock;
  readonly #observe: Observer;
  readonly #markHot: MarkHot | undefined;
  #health: NodeHealth = UP;
  /** When it came up again, by the time of day. */
  #upSince: Millis = Number.NEGATIVE_INFINITY;

  /** `probeMillis`: within this a probe's verdict is due, a connect and a reply. */
  constructor(
    node: RingNode,
    open: OpenTransport,
    probeMillis: Millis,
    clock: Clock,
    observe: Observer,
    markHot?: MarkHot,
  ) {
    this.host = node.host;
    this.port = node.port;
    this.weight = node.weight ?? 1;
    if (node.ip !== undefined) this.ip = node.ip;
    this.name = nodeName(node);
    this.#probeMillis = probeMillis;
    this.#clock = clock;
    this.#observe = observe;
    this.#markHot = markHot;
    this.#transport = open(node.host, node.port, {
      answered: () => this.#answered(),
      failed: (error) => this.#failed(error),
      chose: (transport, version) =>
        observe({ kind: 'transport-chosen', node: this.name, transport, version }),
    });
  }

  /**
   * Whether `node`, which bears the same name, is this one unchanged. A replaced node has another address; a list that
   * tells none, as an API's, says nothing of that.
   */
  isStill({ ip = this.ip, weight = 1 }: RingNode): boolean {
    return (this.ip === undefined || ip === this.ip) && weight === this.weight;
  }

  get(key: string, endsAt: Millis): Promise<FetchOutcome> {
    return this.#refusal() ?? this.#transport.get(key, endsAt);
  }

  getWithTtl(key: string, endsAt: Millis): Promise<FetchOutcome> {
    return this.#refusal() ?? this.#transport.getWithTtl(key, endsAt);
  }

  async getMany(keys: readonly string[], endsAt: Millis): Promise<readonly FetchOutcome[]> {
    const refusal = this.#refusal();
    if (refusal === undefined) return this.#transport.getMany(keys, endsAt);
    const outcome = await refusal;
    return keys.map(() => outcome);
  }

  store(mode: StoreMode, key: string, item: WireItem, endsAt: Millis): Promise<StoreOutcome> {
    return this.#refusal() ?? this.#transport.store(mode, key, this.#marked(key, item), endsAt);
  }

  delete(key: string, endsAt: Millis): Promise<DeleteOutcome> {
    return this.#refusal() ?? this.#transport.delete(key, endsAt);
  }

  /** Whether it is down, and left alone now: it would not be asked. */
  get spared(): boolean {
    return this.#health.state !== 'up' && !mayUse(this.#health, this.#clock.wall());
  }

  /** Whether it is down, or was within the last `millis`: others may hold what stands in for its items. */
  wasDownWithin(millis: Millis): boolean {
    if (this.#health.state !== 'up') return true;
    const since = this.#clock.wall() - this.#upSince;
    return since >= 0 && since < millis;
  }

  get leases(): boolean {
    return this.#transport.capabilities.leases;
  }

  lease(key: string, leaseSeconds: Seconds, refreshSeconds: Seconds, endsAt: Millis): Promise<LeaseOutcome> {
    return this.#refusal() ?? this.#transport.lease(key, leaseSeconds, refreshSeconds, endsAt);
  }

  getWithCas(key: string, endsAt: Millis): Promise<CasOutcome> {
    return this.#refusal() ?? this.#transport.getWithCas(key, endsAt);
  }

  look(key: string, touchSeconds: Seconds | undefined, endsAt: Millis): Promise<LookOutcome> {
    return this.#refusal() ?? this.#transport.look(key, touchSeconds, endsAt);
  }

  count(key: string, direction: CountDirection, by: number, endsAt: Millis): Promise<CountOutcome> {
    return this.#refusal() ?? this.#transport.count(key, direction, by, endsAt);
  }

  /** Whether it has counters for samples, which nothing depends on: a node that was down is not probed by one. */
  get counts(): boolean {
    return this.#transport.capabilities.counters && this.#health.state === 'up';
  }

  sample(key: string, windowSeconds: Seconds, by: number, endsAt: Millis): Promise<SampleOutcome> {
    return this.#refusal() ?? this.#transport.sample(key, windowSeconds, by, endsAt);
  }

  fill(key: string, item: WireItem, cas: string, endsAt: Millis): Promise<StoreOutcome> {
    return this.#refusal() ?? this.#transport.fill(key, this.#marked(key, item), cas, endsAt);
  }

  giveBack(key: string, cas: string, keepStale: boolean, endsAt: Millis): Promise<DeleteOutcome> {
    return this.#refusal() ?? this.#transport.giveBack(key, cas, keepStale, endsAt);
  }

  rest(): void {
    this.#transport.rest();
  }

  /** Lets the calls in flight settle, and takes no more. */
  retire(): Promise<void> {
    return this.#transport.retire();
  }

  close(): Promise<void> {
    return this.#transport.close();
  }

  #marked(key: string, item: WireItem): WireItem {
    if (this.#markHot === undefined) return item;
    const flags = this.#markHot(key, item.flags);
    return flags === item.flags ? item : { ...item, flags };
  }

  /** `undefined` where the node may be asked. */
  #refusal(): Promise<Unavailable> | undefined {
    const health = this.#health;
    if (health.state === 'up') return undefined;
    const now = this.#clock.wall();
    if (mayUse(health, now)) {
      this.#health = used(health, now, this.#probeMillis);
      return undefined;
    }
    return Promise.resolve(unavailable(new NodeDownError(this.name, health.error)));
  }

  #answered(): void {
    if (this.#health.state === 'up') return;
    this.#health = UP;
    this.#upSince = this.#clock.wall();
    this.#observe({ kind: 'node-up', node: this.name });
  }

  #failed(error: CacheError): void {
    const health = failed(this.#health, error, this.#clock.wall());
    this.#health = health;
    const retryInMillis = pauseAfter(health.failures);
    this.#observe({ kind: 'node-down', node: this.name, error, retryInMillis });
  }
}
