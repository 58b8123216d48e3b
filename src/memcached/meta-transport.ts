import type { Clock } from '../base/clock.ts';
import { type CacheError, ClosedError } from '../base/errors.ts';
import {
  type CasOutcome,
  type CountOutcome,
  type DeleteOutcome,
  type FetchOutcome,
  type LeaseOutcome,
  type LookOutcome,
  NOT_FOUND,
  REFUSED,
  type SampleOutcome,
  type StoreOutcome,
} from '../base/outcome.ts';
import { type Millis, NEVER, type Seconds } from '../base/units.ts';
import type { Dial } from './dial.ts';
import { tooOldForMeta } from './engine-version.ts';
import { giveLostLeaseBack } from './lost-lease.ts';
import { type ConnectionOwner, MetaConnection } from './meta-connection.ts';
import { MetaOperation } from './meta-operation.ts';
import {
  countLine,
  deleteLine,
  fillLine,
  getLine,
  getWithCasLine,
  getWithTtlLine,
  giveBackLine,
  leaseLine,
  lookLine,
  sampleLine,
  storeLine,
} from './meta-request.ts';
import { isOfRead, tied, untied } from './tied-cas.ts';
import { Tokens } from './tokens.ts';
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
 * One node over the meta text protocol, on one socket: pipelined, one write a tick, TLS where `dial` has it.
 *
 * A connection is made when it is first needed and given up on any doubt; calls that a closed connection left without
 * a reply are sent once more on the next one.
 */
export class MetaTransport implements NodeTransport {
  readonly capabilities: Capabilities;
  readonly #node: string;
  readonly #dial: Dial;
  readonly #options: TransportOptions;
  readonly #clock: Clock;
  readonly #owner: ConnectionOwner;
  #connection: MetaConnection | undefined;
  /** How many there have been. */
  #connections = 0;
  readonly #tokens = new Tokens();
  #closed = false;

  constructor(
    node: string,
    dial: Dial,
    options: TransportOptions,
    clock: Clock,
    listener: TransportListener,
    accept: (version: string) => CacheError | undefined = (version) => tooOldForMeta(node, version),
  ) {
    this.capabilities = { leases: true, remainingTtl: true, counters: true, tls: true, multiGet: true };
    this.#node = node;
    this.#dial = dial;
    this.#options = options;
    this.#clock = clock;
    this.#owner = {
      listener,
      accept,
      ended: (connection, again) => this.#ended(connection, again),
      unwanted: (key, { cas, value }) =>
        void this.giveBack(key, `${this.#connections}.${cas}`, value!.length > 0, NEVER),
    };
  }

  get(key: string, endsAt: Millis): Promise<FetchOutcome> {
    const token = this.#tokens.take(1);
    return new Promise((settle) => {
      this.#send(MetaOperation.fetch(getLine(key, token), token, endsAt, settle));
    });
  }

  getWithTtl(key: string, endsAt: Millis): Promise<FetchOutcome> {
    const token = this.#tokens.take(1);
    return new Promise((settle) => {
      this.#send(MetaOperation.fetch(getWithTtlLine(key, token), token, endsAt, settle));
    });
  }

  getMany(keys: readonly string[], endsAt: Millis): Promise<readonly FetchOutcome[]> {
    if (keys.length === 0) return Promise.resolve([]);
    const token = this.#tokens.take(keys.length);
    let lines = '';
    for (let i = 0; i < keys.length; i++) lines += getLine(keys[i]!, token + i);
    return new Promise((settle) => {
      this.#send(MetaOperation.fetchMany(lines, token, keys.length, endsAt, settle));
    });
  }

  store(mode: StoreMode, key: string, item: WireItem, endsAt: Millis): Promise<StoreOutcome> {
    const token = this.#tokens.take(1);
    const { value, flags, ttlSeconds } = item;
    const line = storeLine(mode, key, value.length, flags, ttlSeconds, token);
    // A repeated `add` would find its own item and say that it was refused.
    return this.#put(line, value, token, mode === 'set', endsAt);
  }

  delete(key: string, endsAt: Millis): Promise<DeleteOutcome> {
    const token = this.#tokens.take(1);
    return this.#remove(deleteLine(key, token), token, endsAt);
  }

  lease(key: string, leaseSeconds: Seconds, refreshSeconds: Seconds, endsAt: Millis): Promise<LeaseOutcome> {
    const token = this.#tokens.take(1);
    const line = leaseLine(key, leaseSeconds, refreshSeconds, token);
    return new Promise((settle) => {
      const operation = MetaOperation.lease(line, token, endsAt, (outcome) => {
        // Asked twice, it may be told of the lease that it won the first time.
        const isOwn = outcome.kind === 'leased' && operation.repeated;
        if (!isOwn) return settle(tied(outcome, this.#connections, 'lease'));
        const again = () => this.lease(key, leaseSeconds, refreshSeconds, endsAt);
        settle(giveLostLeaseBack(this, key, false, endsAt).then(again));
      });
      this.#send(operation);
    });
  }

  getWithCas(key: string, endsAt: Millis): Promise<CasOutcome> {
    const token = this.#tokens.take(1);
    return this.#ask('getWithCas', getWithCasLine(key, token), token, endsAt, this.#tiedRead);
  }

  look(key: string, touchSeconds: Seconds | undefined, endsAt: Millis): Promise<LookOutcome> {
    const token = this.#tokens.take(1);
    return this.#ask('look', lookLine(key, touchSeconds, token), token, endsAt, this.#tiedRead);
  }

  count(key: string, direction: CountDirection, by: number, endsAt: Millis): Promise<CountOutcome> {
    const token = this.#tokens.take(1);
    return this.#ask('count', countLine(key, direction, by, token), token, endsAt);
  }

  sample(key: string, windowSeconds: Seconds, by: number, endsAt: Millis): Promise<SampleOutcome> {
    const token = this.#tokens.take(1);
    return this.#ask('sample', sampleLine(key, windowSeconds, by, token), token, endsAt);
  }

  readonly #tiedRead = <T extends CasOutcome | LookOutcome>(outcome: T): T =>
    tied(outcome, this.#connections, 'read');

  #untied(cas: string): string | undefined {
    return this.#connection && untied(cas, this.#connections, this.#connection.stale);
  }

  fill(key: string, item: WireItem, cas: string, endsAt: Millis): Promise<StoreOutcome> {
    const number = this.#untied(cas);
    if (number === undefined) return this.#giveBackLost(key, cas, true, endsAt).then(() => REFUSED);
    const token = this.#tokens.take(1);
    const { value, flags, ttlSeconds } = item;
    const line = fillLine(key, value.length, flags, ttlSeconds, number, token);
    return this.#put(line, value, token, false, endsAt);
  }

  giveBack(key: string, cas: string, keepStale: boolean, endsAt: Millis): Promise<DeleteOutcome> {
    const number = this.#untied(cas);
    if (number === undefined) return this.#giveBackLost(key, cas, keepStale, endsAt);
    const token = this.#tokens.take(1);
    return this.#remove(giveBackLine(key, number, keepStale, token), token, endsAt);
  }

  /** Of what was only read nothing was taken. */
  #giveBackLost(key: string, cas: string, keepStale: boolean, endsAt: Millis): Promise<DeleteOutcome> {
    if (this.#closed || isOfRead(cas)) return Promise.resolve(NOT_FOUND);
    return giveLostLeaseBack(this, key, keepStale, endsAt);
  }

  rest(): void {
    this.#connection?.rest();
  }

  retire(): Promise<void> {
    this.#closed = true;
    return this.#connection?.finish(this.#closedError()) ?? Promise.resolve();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#connection?.end(this.#closedError());
  }

  #put(line: string, value: Buffer, token: number, again: boolean, endsAt: Millis): Promise<StoreOutcome> {
    return new Promise((settle) => {
      this.#send(MetaOperation.store(line, value, token, again, endsAt, settle));
    });
  }

  #remove(line: string, token: number, endsAt: Millis): Promise<DeleteOutcome> {
    return new Promise((settle) => this.#send(MetaOperation.delete(line, token, endsAt, settle)));
  }

  #ask<T>(
    reading: 'getWithCas' | 'look' | 'count' | 'sample',
    line: string,
    token: number,
    endsAt: Millis,
    shape: (outcome: T) => T = (outcome) => outcome,
  ): Promise<T> {
    return new Promise<T>((settle) => {
      const asked = (outcome: T): void => settle(shape(outcome));
      this.#send(MetaOperation.command(reading, line, token, endsAt, asked));
    });
  }

  #send(operation: MetaOperation): void {
    if (this.#closed) operation.abandon(this.#closedError());
    else this.#freshConnection().send(operation);
  }

  #freshConnection(): MetaConnection {
    const known = this.#connection;
    if (known?.stale === false) return known;
    known?.end(this.#closedError());
    this.#connections++;
    this.#connection = new MetaConnection(this.#node, this.#dial, this.#options, this.#clock, this.#owner);
    return this.#connection;
  }

  #ended(connection: MetaConnection, again: ReadonlySet<MetaOperation>): void {
    if (this.#connection === connection) this.#connection = undefined;
    for (const operation of again) this.#send(operation);
  }

  #closedError(): ClosedError {
    return new ClosedError(`the connection to ${this.#node}`);
  }
}
