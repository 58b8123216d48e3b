import type { Socket } from 'node:net';
import type memjsServer from 'memjs/lib/memjs/server.js';
import type { Clock } from '../base/clock.ts';
import { DeadlineTimer } from '../base/deadline-timer.ts';
import {
  type CacheError,
  DeadlineError,
  NodeConnectionError,
  ProtocolError,
  reasonOf,
} from '../base/errors.ts';
import { type Millis, NEVER } from '../base/units.ts';
import type { Memjs, SaslCredentials } from './memjs-module.ts';
import { type Exchange, type Pending, PendingRequests } from './memjs-pending.ts';
import { STALE_AFTER_MILLIS, type TransportListener, type TransportOptions, timeoutOf } from './transport.ts';

const RESPONSE_MAGIC = 0x81;
/** Where in a request's header the number for compare-and-swap stands. */
const CAS_AT = 16;

/** memjs's own timers must never fire: they wait for silence on the socket, and every write re-arms them. */
const NEVER_SECONDS = 2_000_000;

/**
 * One life of one connection: a memjs server object, used until the first trouble and then thrown away with
 * all its state.
 *
 * memjs 1.3.2 keeps half-read replies across reconnects and glues new bytes to them, forgets calls whose
 * connection closes, and times out by idleness. None of that can be reached here: a link never reconnects,
 * watches its own deadlines, and fails everything that waits as soon as the socket closes.
 */
export class MemjsLink {
  readonly #node: string;
  readonly #memjs: Memjs;
  readonly #server: memjsServer.Server;
  readonly #options: TransportOptions;
  readonly #clock: Clock;
  readonly #listener: TransportListener;
  readonly #onEnd: (link: MemjsLink) => void;
  readonly #pending = new PendingRequests();
  readonly #timer: DeadlineTimer;
  #socket: Socket | undefined;
  #connected = false;
  #ended = false;
  /** What this tick wrote. */
  #corked: Pending[] = [];
  #opaque = 0;
  #finished: (() => void) | undefined;
  /** When the node last said something, and by the time of day, when it was last used. */
  #heardAt: Millis;
  #usedAt: Millis;
  /** Whether the peer has answered at all: a connection that worked and is then closed was stale, not refused. */
  answered = false;

  constructor(
    memjs: Memjs,
    host: string,
    port: number,
    sasl: SaslCredentials | undefined,
    options: TransportOptions,
    clock: Clock,
    listener: TransportListener,
    onEnd: (link: MemjsLink) => void,
  ) {
    this.#node = `${host}:${port}`;
    this.#memjs = memjs;
    this.#server = new memjs.Server(host, port, undefined, undefined, {
      timeout: NEVER_SECONDS,
      conntimeout: NEVER_SECONDS,
    });
    // memjs would fall back to variables of the environment, and present those credentials to any node.
    this.#server.username = sasl?.username;
    this.#server.password = sasl?.password;
    this.#options = options;
    this.#clock = clock;
    this.#listener = listener;
    this.#onEnd = onEnd;
    this.#timer = new DeadlineTimer(clock, (now, late) => this.#expire(now, late));
    this.#heardAt = clock.monotonic();
    this.#usedAt = clock.wall();
  }

  /** Whether it lay idle so long, or its connect was frozen over, that it must not be used again. */
  get stale(): boolean {
    if (!this.#pending.unawaited) return false;
    const { connectTimeoutMillis } = this.#options;
    if (!this.#connected && this.#clock.monotonic() - this.#heardAt >= connectTimeoutMillis) return true;
    return this.#clock.wall() - this.#usedAt > STALE_AFTER_MILLIS;
  }

  /** `cas`: the request is for the item with this number only; 0 for any. */
  send(
    opcode: number,
    key: string,
    extras: Buffer,
    value: Buffer,
    cas: bigint,
    endsAt: Millis,
  ): Promise<Exchange> {
    return new Promise((settle) => {
      const now = this.#clock.monotonic();
      if (endsAt <= now) {
        // What comes too late is never sent: after a freeze it could write an old value.
        settle({ kind: 'failed', error: new DeadlineError(this.#node), lost: false });
        return;
      }
      const opaque = this.#nextOpaque();
      const { connectTimeoutMillis, operationTimeoutMillis } = this.#options;
      if (this.#pending.size === 0) this.#socket?.ref();
      const deadline = now + (this.#connected ? operationTimeoutMillis : connectTimeoutMillis);
      const pending: Pending = { opcode, endsAt, deadline, settle };
      this.#pending.add(opaque, pending);
      this.#timer.cover(Math.min(deadline, endsAt), now);
      this.#server.onResponse(opaque, (response) => this.#receive(opaque, response));
      this.#server.onError(opaque, (error) => this.#connectionFailed(error));
      // memjs writes each request by itself; corked, those of one tick leave in one system call.
      if (this.#connected) this.#cork(pending);
      const request = this.#memjs.makeRequestBuffer(opcode, key, extras, value, opaque);
      // memjs writes no number there.
      request.writeBigUInt64BE(cas, CAS_AT);
      this.#server.write(request);
      if (this.#socket === undefined) this.#adopt(this.#server._socket);
    });
  }

  rest(): void {
    if (this.#pending.unawaited) this.#timer.clear();
  }

  /** Ends the connection once all that waits has settled. */
  finish(error: CacheError): Promise<void> {
    return new Promise((resolve) => {
      this.#finished = () => {
        this.fail(error);
        resolve();
      };
      this.#finishIfIdle();
    });
  }

  /** Ends this connection and settles all that waits on it with `error`. */
  fail(error: CacheError, lost = false): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#timer.clear();
    this.#onEnd(this);
    this.#socket?.destroy();
    for (const { settle } of this.#pending.drain()) settle?.({ kind: 'failed', error, lost });
    this.#finished?.();
  }

  #finishIfIdle(): void {
    if (this.#pending.unawaited) this.#finished?.();
  }

  #nextOpaque(): number {
    this.#opaque = (this.#opaque + 1) >>> 0;
    return this.#opaque;
  }

  /** memjs opens its socket inside the first write and keeps its close from the callers: listen for ourselves. */
  #adopt(socket: Socket | undefined): void {
    if (socket === undefined) return;
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.once('connect', () => this.#established());
    socket.once('close', () => {
      this.#connectionFailed(new Error('the connection was closed'));
    });
  }

  #established(): void {
    this.#connected = true;
    if (this.#pending.size === 0) this.#socket?.unref();
    this.#written(this.#pending.all());
  }

  /** These were written just now: their time starts here. */
  #written(requests: readonly Pending[]): void {
    const now = this.#clock.monotonic();
    const deadline = now + this.#options.operationTimeoutMillis;
    for (const request of requests) request.deadline = deadline;
    this.#timer.cover(deadline, now);
  }

  #connectionFailed(error: unknown): void {
    if (this.#ended) return;
    const failure = new NodeConnectionError(this.#node, reasonOf(error), error);
    if (!this.answered) this.#listener.failed(failure);
    this.fail(failure, this.answered);
  }

  #receive(opaque: number, response: memjsServer.Response): void {
    const pending = this.#pending.get(opaque);
    if (pending === undefined) return;
    const { magic, opcode, status, cas } = response.header;
    if (magic !== RESPONSE_MAGIC || opcode !== pending.opcode) {
      const error = new ProtocolError(this.#node, `opcode ${opcode} answers opcode ${pending.opcode}`);
      this.#listener.failed(error);
      this.fail(error);
      return;
    }
    this.#pending.delete(opaque);
    this.#heardAt = this.#clock.monotonic();
    this.#usedAt = this.#clock.wall();
    if (this.#pending.size === 0) this.#socket?.unref();
    if (!this.answered) {
      this.answered = true;
      this.#listener.answered();
    }
    // memjs hands out slices of its receive buffer: kept as they are, 100 bytes would pin 10 kB.
    const value = Buffer.from(response.val);
    const reply = { status, extras: response.extras, value, cas: cas.readBigUInt64BE() };
    pending.settle?.({ kind: 'reply', reply });
    this.#finishIfIdle();
  }

  #expire(now: Millis, late: boolean): Millis {
    const error = timeoutOf(this.#node, this.#connected, this.#options);
    const next = this.#pending.abandonOverdue(now, this.#node, error);
    this.#finishIfIdle();
    if (this.#pending.size === 0) return NEVER;
    // A node that owes a reply for a whole time-out is given up, unless others of its replies are still coming in.
    const patience = this.#connected ? this.#heardAt + this.#options.operationTimeoutMillis / 2 : 0;
    const givenUpAt = Math.max(this.#pending.oldestDeadline(), patience);
    if (now < givenUpAt) return Math.min(next, givenUpAt);
    if (!late) this.#listener.failed(error);
    // What still has time may try another connection.
    this.fail(error, this.#connected);
    return NEVER;
  }

  #cork(pending: Pending): void {
    this.#corked.push(pending);
    if (this.#corked.length > 1) return;
    const socket = this.#socket!;
    socket.cork();
    process.nextTick(() => {
      const requests = this.#corked;
      this.#corked = [];
      socket.uncork();
      if (!this.#ended) this.#written(requests);
    });
  }
}
