import type { Clock } from '../base/clock.ts';
import { ClosedError, NodeRefusedError } from '../base/errors.ts';
import {
  DELETED,
  type DeleteOutcome,
  type FetchOutcome,
  type LeaseOutcome,
  MISS,
  NOT_FOUND,
  REFUSED,
  STORED,
  type StoreOutcome,
  TOO_LARGE,
  type Unavailable,
  unavailable,
} from '../base/outcome.ts';
import type { Millis } from '../base/units.ts';
import { MemjsLink } from './memjs-link.ts';
import type { Memjs, SaslCredentials } from './memjs-module.ts';
import type { BinaryReply, Exchange } from './memjs-pending.ts';
import type {
  Capabilities,
  NodeTransport,
  StoreMode,
  TransportListener,
  TransportOptions,
  WireItem,
} from './transport.ts';

const OPCODES = { get: 0x00, set: 0x01, add: 0x02, replace: 0x03, delete: 0x04 } as const;
/** A repeated `add` would find its own item and say that it was refused. */
const REPEATABLE: readonly number[] = [OPCODES.get, OPCODES.set, OPCODES.delete];

const STATUS = { ok: 0x00, notFound: 0x01, exists: 0x02, tooLarge: 0x03, notStored: 0x05 } as const;

const NOTHING = Buffer.alloc(0);

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
    const exchange = await this.#exchange(OPCODES.get, key, NOTHING, NOTHING, endsAt);
    if (exchange.kind === 'failed') return unavailable(exchange.error);
    const { status, extras, value } = exchange.reply;
    if (status === STATUS.ok && extras.length >= 4) {
      return { kind: 'hit', value, flags: extras.readUInt32BE(0) };
    }
    return status === STATUS.notFound ? MISS : this.#refused(exchange.reply);
  }

  /** The binary protocol does not tell the remaining time. */
  getWithTtl(key: string, endsAt: Millis): Promise<FetchOutcome> {
    return this.get(key, endsAt);
  }

  getMany(keys: readonly string[], endsAt: Millis): Promise<readonly FetchOutcome[]> {
    return Promise.all(keys.map((key) => this.get(key, endsAt)));
  }

  async store(mode: StoreMode, key: string, item: WireItem, endsAt: Millis): Promise<StoreOutcome> {
    const extras = Buffer.alloc(8);
    extras.writeUInt32BE(item.flags >>> 0, 0);
    extras.writeUInt32BE(item.ttlSeconds, 4);
    const exchange = await this.#exchange(OPCODES[mode], key, extras, item.value, endsAt);
    if (exchange.kind === 'failed') return unavailable(exchange.error);
    switch (exchange.reply.status) {
      case STATUS.ok:
        return STORED;
      case STATUS.notFound:
      case STATUS.exists:
      case STATUS.notStored:
        return REFUSED;
      case STATUS.tooLarge:
        return TOO_LARGE;
      default:
        return this.#refused(exchange.reply);
    }
  }

  async delete(key: string, endsAt: Millis): Promise<DeleteOutcome> {
    const exchange = await this.#exchange(OPCODES.delete, key, NOTHING, NOTHING, endsAt);
    if (exchange.kind === 'failed') return unavailable(exchange.error);
    const { status } = exchange.reply;
    if (status === STATUS.ok) return DELETED;
    return status === STATUS.notFound ? NOT_FOUND : this.#refused(exchange.reply);
  }

  async lease(): Promise<LeaseOutcome> {
    return { kind: 'unsupported' };
  }

  async fill(): Promise<StoreOutcome> {
    return this.#noLeases();
  }

  async giveBack(): Promise<DeleteOutcome> {
    return this.#noLeases();
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

  async #exchange(
    opcode: number,
    key: string,
    extras: Buffer,
    value: Buffer,
    endsAt: Millis,
  ): Promise<Exchange> {
    const { connectTimeoutMillis, operationTimeoutMillis } = this.#options;
    const lastly = this.#clock.monotonic() + Math.max(connectTimeoutMillis, operationTimeoutMillis);
    const exchange = await this.#send(opcode, key, extras, value, endsAt);
    // Only a connection that worked before can be lost like this: its peer closed it, mostly while it lay idle.
    if (exchange.kind === 'reply' || !exchange.lost || !REPEATABLE.includes(opcode)) return exchange;
    return this.#send(opcode, key, extras, value, Math.min(endsAt, lastly));
  }

  #send(opcode: number, key: string, extras: Buffer, value: Buffer, endsAt: Millis): Promise<Exchange> {
    if (this.#closed) {
      return Promise.resolve({ kind: 'failed', error: this.#closedError(), lost: false });
    }
    return this.#freshLink().send(opcode, key, extras, value, endsAt);
  }

  #freshLink(): MemjsLink {
    if (this.#link?.stale) this.#link.fail(this.#closedError());
    this.#link ??= new MemjsLink(
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

  #noLeases(): Unavailable {
    return unavailable(new NodeRefusedError(this.#name, 'the binary protocol has no leases'));
  }

  #refused({ status, value }: BinaryReply): Unavailable {
    const text = value.toString('latin1').slice(0, 100) || `status 0x${status.toString(16)}`;
    return unavailable(new NodeRefusedError(this.#name, text));
  }

  #closedError(): ClosedError {
    return new ClosedError(`the connection to ${this.#name}`);
  }
}
