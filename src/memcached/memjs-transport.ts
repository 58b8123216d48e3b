import type { Clock } from '../base/clock.ts';
import { ClosedError } from '../base/errors.ts';
import {
  type CasOutcome,
  type CountOutcome,
  type DeleteOutcome,
  type FetchOutcome,
  type Hit,
  type LeaseOutcome,
  type LookOutcome,
  NOT_FOUND,
  REFUSED,
  type SampleOutcome,
  type StoreOutcome,
} from '../base/outcome.ts';
import type { Millis, Seconds } from '../base/units.ts';
import { MemjsLink } from './memjs-link.ts';
import type { Memjs, SaslCredentials } from './memjs-module.ts';
import type { Exchange } from './memjs-pending.ts';
import {
  ANY,
  countExtras,
  counted,
  deleted,
  fetched,
  NOTHING,
  OPCODES,
  REPEATABLE,
  stored,
  storeExtras,
  uint32,
} from './memjs-requests.ts';
import type {
  Capabilities,
  CountDirection,
  NodeTransport,
  StoreMode,
  TransportListener,
  TransportOptions,
  WireItem,
} from './transport.ts';

/**
 * One node over memjs's binary protocol: for SASL, and for engines older than 1.6.10.
 *
 * No leases, no remaining time to live, no TLS, one request a key. A fresh link on any trouble; a request whose
 * connection had gone stale is sent once more on a new one.
 */
export class MemjsTransport implements NodeTransport {
  readonly capabilities: Capabilities = {
    leases: false,
    remainingTtl: false,
    counters: false,
    tls: false,
    multiGet: false,
  };

  readonly #memjs: Memjs;
  readonly #name: string;
  readonly #host: string;
  readonly #port: number;
  readonly #options: TransportOptions;
  readonly #clock: Clock;
  readonly #listener: TransportListener;
  readonly #sasl: SaslCredentials | undefined;
  #link: MemjsLink | undefined;
  /** How many there have been. */
  #links = 0;
  #closed = false;

  constructor(
    memjs: Memjs,
    host: string,
    port: number,
    options: TransportOptions,
    clock: Clock,
    listener: TransportListener,
    sasl?: SaslCredentials,
  ) {
    this.#memjs = memjs;
    this.#name = `${host}:${port}`;
    this.#host = host;
    this.#port = port;
    this.#options = options;
    this.#clock = clock;
    this.#listener = listener;
    this.#sasl = sasl;
  }

  async get(key: string, endsAt: Millis): Promise<FetchOutcome> {
    return fetched(await this.#exchange(OPCODES.get, key, NOTHING, NOTHING, ANY, endsAt), this.#name);
  }

  /** The binary protocol does not tell the remaining time. */
  getWithTtl(key: string, endsAt: Millis): Promise<FetchOutcome> {
    return this.get(key, endsAt);
  }

  getMany(keys: readonly string[], endsAt: Millis): Promise<readonly FetchOutcome[]> {
    return Promise.all(keys.map((key) => this.get(key, endsAt)));
  }

  getWithCas(key: string, endsAt: Millis): Promise<CasOutcome> {
    return this.#getWithCas(OPCODES.get, key, NOTHING, endsAt);
  }

  /** The binary protocol gives the value, too. */
  async look(key: string, touchSeconds: Seconds | undefined, endsAt: Millis): Promise<LookOutcome> {
    const read = await (touchSeconds === undefined
      ? this.#getWithCas(OPCODES.get, key, NOTHING, endsAt)
      : this.#getWithCas(OPCODES.getAndTouch, key, uint32(touchSeconds), endsAt));
    if (read.kind !== 'hit') return read;
    return { kind: 'found', bytes: read.value.length, flags: read.flags, cas: read.cas };
  }

  async count(key: string, direction: CountDirection, by: number, endsAt: Millis): Promise<CountOutcome> {
    const opcode = direction === 'up' ? OPCODES.increment : OPCODES.decrement;
    return counted(await this.#exchange(opcode, key, countExtras(by), NOTHING, ANY, endsAt), this.#name);
  }

  store(mode: StoreMode, key: string, item: WireItem, endsAt: Millis): Promise<StoreOutcome> {
    return this.#store(OPCODES[mode], key, item, ANY, endsAt);
  }

  async fill(key: string, item: WireItem, cas: string, endsAt: Millis): Promise<StoreOutcome> {
    const number = this.#untied(cas);
    return number === undefined ? REFUSED : this.#store(OPCODES.set, key, item, number, endsAt);
  }

  delete(key: string, endsAt: Millis): Promise<DeleteOutcome> {
    return this.#delete(key, ANY, endsAt);
  }

  async giveBack(key: string, cas: string, _keepStale: boolean, endsAt: Millis): Promise<DeleteOutcome> {
    const number = this.#untied(cas);
    return number === undefined ? NOT_FOUND : this.#delete(key, number, endsAt);
  }

  async lease(): Promise<LeaseOutcome> {
    return { kind: 'unsupported' };
  }

  async sample(): Promise<SampleOutcome> {
    return { kind: 'unsupported' };
  }

  rest(): void {
    this.#link?.rest();
  }

  retire(): Promise<void> {
    this.#closed = true;
    return this.#link?.finish(this.#closedError()) ?? Promise.resolve();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#link?.fail(this.#closedError());
  }

  async #getWithCas(opcode: number, key: string, extras: Buffer, endsAt: Millis): Promise<CasOutcome> {
    const exchange = await this.#exchange(opcode, key, extras, NOTHING, ANY, endsAt);
    const outcome = fetched(exchange, this.#name);
    if (outcome.kind !== 'hit' || exchange.kind !== 'reply') return outcome as Exclude<FetchOutcome, Hit>;
    const { cas } = exchange.reply;
    // The number is 0 where compare-and-swap is switched off, and would let everything pass.
    return { ...outcome, cas: cas === ANY ? undefined : `b${this.#links}.${cas}` };
  }

  async #store(
    opcode: number,
    key: string,
    item: WireItem,
    cas: bigint,
    endsAt: Millis,
  ): Promise<StoreOutcome> {
    const extras = storeExtras(item.flags, item.ttlSeconds);
    return stored(await this.#exchange(opcode, key, extras, item.value, cas, endsAt), this.#name);
  }

  async #delete(key: string, cas: bigint, endsAt: Millis): Promise<DeleteOutcome> {
    return deleted(await this.#exchange(OPCODES.delete, key, NOTHING, NOTHING, cas, endsAt), this.#name);
  }

  /** The item's number as the node knows it; `undefined` where the link that told it is gone, and the node with it. */
  #untied(cas: string): bigint | undefined {
    const [link, number] = cas.split('.');
    return this.#link?.stale === false && link === `b${this.#links}` ? BigInt(number!) : undefined;
  }

  async #exchange(
    opcode: number,
    key: string,
    extras: Buffer,
    value: Buffer,
    cas: bigint,
    endsAt: Millis,
  ): Promise<Exchange> {
    const { connectTimeoutMillis, operationTimeoutMillis } = this.#options;
    const lastly = this.#clock.monotonic() + Math.max(connectTimeoutMillis, operationTimeoutMillis);
    const exchange = await this.#send(opcode, key, extras, value, cas, endsAt);
    // Only a connection that worked before can be lost like this: its peer closed it, mostly while it lay idle.
    if (exchange.kind === 'reply' || !exchange.lost) return exchange;
    if (!REPEATABLE.includes(opcode) || cas !== ANY) return exchange;
    return this.#send(opcode, key, extras, value, ANY, Math.min(endsAt, lastly));
  }

  #send(
    opcode: number,
    key: string,
    extras: Buffer,
    value: Buffer,
    cas: bigint,
    endsAt: Millis,
  ): Promise<Exchange> {
    if (this.#closed) {
      return Promise.resolve({ kind: 'failed', error: this.#closedError(), lost: false });
    }
    return this.#freshLink().send(opcode, key, extras, value, cas, endsAt);
  }

  #freshLink(): MemjsLink {
    if (this.#link?.stale) this.#link.fail(this.#closedError());
    if (this.#link !== undefined) return this.#link;
    this.#links++;
    this.#link = new MemjsLink(
      this.#memjs,
      this.#host,
      this.#port,
      this.#sasl,
      this.#options,
      this.#clock,
      this.#listener,
      (ended) => {
        if (this.#link === ended) this.#link = undefined;
      },
    );
    return this.#link;
  }

  #closedError(): ClosedError {
    return new ClosedError(`the connection to ${this.#name}`);
  }
}
