import { AsyncLocalStorage } from 'node:async_hooks';
import type { Clock } from '../../src/base/clock.ts';
import { NodeTimeoutError } from '../../src/base/errors.ts';
import type {
  CasOutcome,
  CountOutcome,
  DeleteOutcome,
  FetchOutcome,
  LeaseOutcome,
  LookOutcome,
  SampleOutcome,
  StoreOutcome,
} from '../../src/base/outcome.ts';
import { type Millis, NEVER, type Seconds } from '../../src/base/units.ts';
import { MetaOperation } from '../../src/memcached/meta-operation.ts';
import { MetaReplyParser } from '../../src/memcached/meta-reply.ts';
import * as line from '../../src/memcached/meta-request.ts';
import type {
  CountDirection,
  NodeTransport,
  StoreMode,
  TransportListener,
  WireItem,
} from '../../src/memcached/transport.ts';
import { ByteQueue } from '../../src/testing/byte-queue.ts';
import { NodeState } from '../../src/testing/node-state.ts';
import { Outbox } from '../../src/testing/outbox.ts';
import { TextProtocol } from '../../src/testing/text-protocol.ts';
import type { SimulatedTime } from './staleness-time.ts';

/**
 * What becomes of one call: a frozen process, a slow network and a full queue all look like one of these.
 *
 * `held`: it reaches the node when it is thawed, and so does a call that is `abandoned`, whose caller gives up at once.
 * `answered late`: its reply is held. `unsent`: it never reaches the node. `unheard`: its reply never comes.
 */
export type Fate = 'at once' | 'held' | 'answered late' | 'abandoned' | 'unsent' | 'unheard';

const current = new AsyncLocalStorage<Course>();

/** What the schedule has in store for one operation of a client: its calls in their order, and what chance draws. */
export class Course {
  readonly #fates: readonly Fate[];
  readonly #chance: number;
  #calls = 0;

  constructor(fates: readonly Fate[], chance: number) {
    this.#fates = fates;
    this.#chance = chance;
  }

  run<T>(work: () => T): T {
    return current.run(this, work);
  }

  /** What chance draws for whoever runs now. */
  static chance(): number {
    return current.getStore()?.draw() ?? 0.5;
  }

  /** The fate of the call that is made now. */
  static nextFate(): Fate {
    return current.getStore()?.next() ?? 'at once';
  }

  draw(): number {
    return this.#chance;
  }

  /** Calls beyond the list go on at once. */
  next(): Fate {
    return this.#fates[this.#calls++] ?? 'at once';
  }
}

/** One memcached, which all processes share: the in-process node's commands and items, without its sockets. */
export class SharedNode {
  readonly name: string;
  readonly #state: NodeState;
  down = false;

  constructor(name: string, clock: Clock) {
    this.name = name;
    this.#state = new NodeState({
      clock,
      version: '1.6.18',
      itemSizeMaxBytes: 1 << 20,
      clusterConfig: () => undefined,
    });
  }

  exchange(request: Buffer): Buffer {
    const input = new ByteQueue();
    const outbox = new Outbox();
    input.push(request);
    new TextProtocol(this.#state).advance(input, outbox);
    return Buffer.concat(outbox.takeAll());
  }

  /** Memory pressure: all items go, stubs of leases, too. Its compare-and-swap numbers go on. */
  evict(): void {
    for (const { key } of [...this.#state.store.live()]) this.#state.store.delete(key);
  }
}

/** A client's way to a shared node: the client's own commands and replies, with the schedule in between. */
export class HeldTransport implements NodeTransport {
  readonly capabilities = {
    leases: true,
    remainingTtl: true,
    counters: false,
    tls: false,
    multiGet: true,
  };
  readonly #node: SharedNode;
  readonly #time: SimulatedTime;
  readonly #listener: TransportListener;

  constructor(node: SharedNode, time: SimulatedTime, listener: TransportListener) {
    this.#node = node;
    this.#time = time;
    this.#listener = listener;
  }

  get(key: string, _endsAt?: Millis): Promise<FetchOutcome> {
    return this.#call((settle) => MetaOperation.fetch(line.getLine(key, 1), 1, NEVER, settle));
  }

  getWithTtl(key: string, _endsAt?: Millis): Promise<FetchOutcome> {
    return this.#call((settle) => MetaOperation.fetch(line.getWithTtlLine(key, 1), 1, NEVER, settle));
  }

  getMany(keys: readonly string[]): Promise<readonly FetchOutcome[]> {
    const lines = keys.map((key, i) => line.getLine(key, 1 + i)).join('');
    return this.#call((settle) => MetaOperation.fetchMany(lines, 1, keys.length, NEVER, settle));
  }

  store(mode: StoreMode, key: string, { value, flags, ttlSeconds }: WireItem): Promise<StoreOutcome> {
    const text = line.storeLine(mode, key, value.length, flags, ttlSeconds, 1);
    return this.#call((settle) => MetaOperation.store(text, value, 1, false, NEVER, settle));
  }

  delete(key: string): Promise<DeleteOutcome> {
    return this.#call((settle) => MetaOperation.delete(line.deleteLine(key, 1), 1, NEVER, settle));
  }

  lease(
    key: string,
    leaseSeconds: Seconds,
    refreshSeconds: Seconds,
    _endsAt?: Millis,
  ): Promise<LeaseOutcome> {
    const text = line.leaseLine(key, leaseSeconds, refreshSeconds, 1);
    return this.#call((settle) => MetaOperation.lease(text, 1, NEVER, settle));
  }

  getWithCas(key: string): Promise<CasOutcome> {
    const text = line.getWithCasLine(key, 1);
    return this.#call((settle) => MetaOperation.command('getWithCas', text, 1, NEVER, settle));
  }

  look(key: string, touchSeconds: Seconds | undefined): Promise<LookOutcome> {
    const text = line.lookLine(key, touchSeconds, 1);
    return this.#call((settle) => MetaOperation.command('look', text, 1, NEVER, settle));
  }

  count(key: string, direction: CountDirection, by: number): Promise<CountOutcome> {
    const text = line.countLine(key, direction, by, 1);
    return this.#call((settle) => MetaOperation.command('count', text, 1, NEVER, settle));
  }

  sample(key: string, windowSeconds: Seconds, by: number): Promise<SampleOutcome> {
    const text = line.sampleLine(key, windowSeconds, by, 1);
    return this.#call((settle) => MetaOperation.command('sample', text, 1, NEVER, settle));
  }

  fill(key: string, item: WireItem, cas: string, _endsAt?: Millis): Promise<StoreOutcome> {
    const { value, flags, ttlSeconds } = item;
    const text = line.fillLine(key, value.length, flags, ttlSeconds, cas, 1);
    return this.#call((settle) => MetaOperation.store(text, value, 1, false, NEVER, settle));
  }

  giveBack(key: string, cas: string, keepStale: boolean, _endsAt?: Millis): Promise<DeleteOutcome> {
    const text = line.giveBackLine(key, cas, keepStale, 1);
    return this.#call((settle) => MetaOperation.delete(text, 1, NEVER, settle));
  }

  rest(): void {}

  async retire(): Promise<void> {}

  async close(): Promise<void> {}

  #call<T>(operation: (settle: (outcome: T) => void) => MetaOperation): Promise<T> {
    return new Promise((settle) => this.#send(operation(settle), Course.nextFate()));
  }

  #send(operation: MetaOperation, fate: Fate): void {
    // Not told to the listener: a process that was frozen does not blame the node.
    if (fate === 'abandoned') operation.abandon(this.#timeout());
    if (fate === 'unsent') this.#fail(operation);
    else if (fate === 'held' || fate === 'abandoned') this.#time.hold(() => this.#reach(operation, fate));
    else this.#reach(operation, fate);
  }

  #reach(operation: MetaOperation, fate: Fate): void {
    if (this.#node.down) {
      this.#fail(operation);
      return;
    }
    const { lines, body } = operation;
    const request = [Buffer.from(lines), ...(body === undefined ? [] : [body, Buffer.from('\r\n')])];
    const reply = this.#node.exchange(Buffer.concat(request));
    if (fate === 'unheard') this.#fail(operation);
    else if (fate === 'answered late') this.#time.hold(() => this.#receive(operation, reply));
    else this.#receive(operation, reply);
  }

  #receive(operation: MetaOperation, reply: Buffer): void {
    this.#listener.answered();
    const parser = new MetaReplyParser((parsed) => {
      operation.receive(parsed, this.#node.name);
      return true;
    });
    const problem = parser.feed(reply, reply.length);
    if (problem !== undefined) throw new Error(`${this.#node.name} answered ${problem}`);
  }

  #fail(operation: MetaOperation): void {
    const error = this.#timeout();
    this.#listener.failed(error);
    operation.abandon(error);
  }

  #timeout(): NodeTimeoutError {
    return new NodeTimeoutError(this.#node.name, 'reply', 100);
  }
}
