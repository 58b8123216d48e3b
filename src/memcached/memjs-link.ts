import type { Socket } from 'node:net';
import type memjsServer from 'memjs/lib/memjs/server.js';
import type memjsUtils from 'memjs/lib/memjs/utils.js';
import type { Clock } from '../base/clock.ts';
import {
  type CacheError,
  NodeConnectionError,
  NodeTimeoutError,
  ProtocolError,
  reasonOf,
} from '../base/errors.ts';
import { type Millis, NEVER } from '../base/units.ts';
import { DeadlineTimer } from './deadline-timer.ts';
import type { TransportListener, TransportOptions } from './transport.ts';

const RESPONSE_MAGIC = 0x81;

/** memjs's own timers must never fire: they wait for silence on the socket, and every write re-arms them. */
const NEVER_SECONDS = 2_000_000;

/** The two files of memjs that are used. They come in as an argument, so that importing the package loads neither. */
export interface Memjs {
  readonly Server: typeof memjsServer.Server;
  readonly makeRequestBuffer: typeof memjsUtils.makeRequestBuffer;
}

export async function loadMemjs(): Promise<Memjs> {
  const [server, utils] = await Promise.all([
    import('memjs/lib/memjs/server.js'),
    import('memjs/lib/memjs/utils.js'),
  ]);
  return { Server: server.default.Server, makeRequestBuffer: utils.default.makeRequestBuffer };
}

export interface SaslCredentials {
  readonly username: string;
  readonly password: string;
}

/** What memjs parsed from one reply. */
export interface BinaryReply {
  readonly status: number;
  readonly extras: Buffer;
  readonly value: Buffer;
}

/** A reply, or why there is none. `lost`: the peer closed a connection before it answered. */
export type Exchange =
  | { readonly kind: 'reply'; readonly reply: BinaryReply }
  | { readonly kind: 'failed'; readonly error: CacheError; readonly lost: boolean };

interface Pending {
  readonly opcode: number;
  readonly endsAt: Millis;
  deadline: Millis;
  readonly settle: (exchange: Exchange) => void;
}

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
  readonly #pending = new Map<number, Pending>();
  readonly #timer: DeadlineTimer;
  #socket: Socket | undefined;
  #connected = false;
  #ended = false;
  #corked = false;
  #opaque = 0;
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
    this.#usedAt = clock.wall();
  }

  /** How long the connection has lain idle, by the time of day, which goes on during a freeze. */
  idleFor(): Millis {
    return this.#pending.size > 0 ? 0 : this.#clock.wall() - this.#usedAt;
  }

  get idle(): boolean {
    return this.#pending.size === 0;
  }

  send(opcode: number, key: string, extras: Buffer, value: Buffer, endsAt: Millis): Promise<Exchange> {
    return new Promise((settle) => {
      const opaque = this.#nextOpaque();
      const now = this.#clock.monotonic();
      const { connectTimeoutMillis, operationTimeoutMillis } = this.#options;
      const allowed = this.#connected ? operationTimeoutMillis : connectTimeoutMillis;
      const deadline = Math.min(now + allowed, endsAt);
      this.#pending.set(opaque, { opcode, endsAt, deadline, settle });
      this.#timer.cover(deadline, now);
      this.#server.onResponse(opaque, (response) => this.#receive(opaque, response));
      this.#server.onError(opaque, (error) => this.#connectionFailed(error));
      // memjs writes each request by itself; corked, those of one tick leave in one system call.
      this.#cork();
      this.#server.write(this.#memjs.makeRequestBuffer(opcode, key, extras, value, opaque));
      if (this.#socket === undefined) this.#adopt(this.#server._socket);
    });
  }

  rest(): void {
    if (this.idle) this.#timer.clear();
  }

  /** Ends this connection and settles all that waits on it with `error`. */
  fail(error: CacheError, lost = false): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#timer.clear();
    this.#onEnd(this);
    this.#socket?.destroy();
    const waiting = [...this.#pending.values()];
    this.#pending.clear();
    for (const { settle } of waiting) settle({ kind: 'failed', error, lost });
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
    const now = this.#clock.monotonic();
    for (const pending of this.#pending.values()) {
      pending.deadline = Math.min(now + this.#options.operationTimeoutMillis, pending.endsAt);
      this.#timer.cover(pending.deadline, now);
    }
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
    const { magic, opcode, status } = response.header;
    if (magic !== RESPONSE_MAGIC || opcode !== pending.opcode) {
      this.fail(new ProtocolError(this.#node, `opcode ${opcode} answers opcode ${pending.opcode}`));
      return;
    }
    this.#pending.delete(opaque);
    this.#usedAt = this.#clock.wall();
    if (!this.answered) {
      this.answered = true;
      this.#listener.answered();
    }
    // memjs hands out slices of its receive buffer: kept as they are, 100 bytes would pin 10 kB.
    const value = Buffer.from(response.val);
    pending.settle({ kind: 'reply', reply: { status, extras: response.extras, value } });
  }

  #expire(now: Millis, late: boolean): Millis {
    let next = NEVER;
    for (const [opaque, { deadline, endsAt, settle }] of this.#pending) {
      if (deadline > now) next = Math.min(next, deadline);
      else if (deadline === endsAt) {
        // The invocation's time is over, which says nothing about the node. A late reply finds nobody by its opaque.
        this.#pending.delete(opaque);
        settle({ kind: 'failed', error: this.#timeout(), lost: false });
      } else {
        this.#timedOut(late);
        return NEVER;
      }
    }
    return next;
  }

  #timedOut(late: boolean): void {
    const error = this.#timeout();
    if (!late) this.#listener.failed(error);
    // A reply may still be on its way: nothing else may ever be read from this connection.
    this.fail(error);
  }

  #timeout(): NodeTimeoutError {
    const { connectTimeoutMillis, operationTimeoutMillis } = this.#options;
    return this.#connected
      ? new NodeTimeoutError(this.#node, 'reply', operationTimeoutMillis)
      : new NodeTimeoutError(this.#node, 'connect', connectTimeoutMillis);
  }

  #cork(): void {
    const socket = this.#socket;
    if (socket === undefined || this.#corked || !this.#connected) return;
    this.#corked = true;
    socket.cork();
    process.nextTick(() => {
      this.#corked = false;
      socket.uncork();
    });
  }
}
