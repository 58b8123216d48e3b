import type { Socket } from 'node:net';
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
import type { Dial } from './dial.ts';
import type { MetaOperation } from './meta-operation.ts';
import { MetaReplyParser } from './meta-reply.ts';
import { REPLIES } from './meta-reply-kinds.ts';
import { VERSION_LINE } from './meta-request.ts';
import { writeUnsent } from './meta-writer.ts';
import { OperationQueue } from './operation-queue.ts';
import { STALE_AFTER_MILLIS, type TransportListener, type TransportOptions, timeoutOf } from './transport.ts';

export interface ConnectionOwner {
  readonly listener: TransportListener;
  /** The engine's version, before anything else is sent. An error ends the connection. */
  accept(version: string): CacheError | undefined;
  /** A lease that was won by a caller who waits no more. */
  unwanted(key: string, reply: MetaReplyParser): void;
  /** The connection has ended; `again` may be sent once more on the next one. */
  ended(connection: MetaConnection, again: ReadonlySet<MetaOperation>): void;
}

/**
 * One life of one connection. Operations wait in the order they were sent; commands of one tick leave in one write.
 *
 * A reply belongs to the operation at the front, and its token must say so, too: with order alone, bytes lost on the
 * way would hand one caller's value to another. Any doubt ends the connection. An operation whose time is over is
 * settled and left in its place, so that its reply, told by its token, is passed over. See
 * `#givenUpAt` for when the node is given up.
 */
export class MetaConnection {
  readonly #node: string;
  readonly #options: TransportOptions;
  readonly #clock: Clock;
  readonly #owner: ConnectionOwner;
  readonly #timer: DeadlineTimer;
  readonly #parser: MetaReplyParser;
  readonly #socket: Socket;
  #state: 'connecting' | 'greeting' | 'ready' | 'ended' = 'connecting';
  #connectBy: Millis;
  readonly #queue = new OperationQueue();
  #flushing = false;
  /** Of this tick's first operation; the others share it. */
  #tickTime: Millis = 0;
  /** When the node last said something, and by the time of day, when it was last used. */
  #heardAt: Millis = 0;
  #usedAt: Millis;
  #finished: (() => void) | undefined;

  constructor(node: string, dial: Dial, options: TransportOptions, clock: Clock, owner: ConnectionOwner) {
    this.#node = node;
    this.#options = options;
    this.#clock = clock;
    this.#owner = owner;
    this.#timer = new DeadlineTimer(clock, (now, late) => this.#expire(now, late));
    this.#parser = new MetaReplyParser(() => this.#received());
    this.#usedAt = clock.wall();
    this.#connectBy = clock.monotonic() + options.connectTimeoutMillis;
    this.#timer.cover(this.#connectBy, clock.monotonic());
    this.#socket = dial({
      connected: () => this.#greet(),
      data: (bytes, length) => this.#feed(bytes, length),
    });
    this.#socket.on('error', (error) => this.#broken(reasonOf(error), error));
    this.#socket.on('close', () => this.#broken('the connection was closed', undefined));
    this.#socket.on('drain', () => this.#flushWaiting());
  }

  /** It lay idle too long, or its connect was frozen over: it must not be used again. */
  get stale(): boolean {
    if (!this.#queue.unawaited) return false;
    if (this.#state !== 'ready') return this.#clock.monotonic() >= this.#connectBy;
    return this.#clock.wall() - this.#usedAt > STALE_AFTER_MILLIS;
  }

  send(operation: MetaOperation): void {
    if (!this.#flushing) {
      this.#flushing = true;
      this.#tickTime = this.#clock.monotonic();
      process.nextTick(this.#flushTick);
    }
    if (operation.endsAt <= this.#tickTime) {
      // What comes too late is never sent: after a freeze it could write an old value.
      operation.abandon(new DeadlineError(this.#node));
      return;
    }
    if (this.#queue.empty) this.#socket.ref();
    this.#queue.push(operation);
    operation.deadline =
      this.#state === 'ready' ? this.#tickTime + this.#options.operationTimeoutMillis : this.#connectBy;
    this.#timer.cover(Math.min(operation.deadline, operation.endsAt), this.#tickTime);
  }

  /** Ends the connection once all that waits has settled. */
  finish(error: CacheError): Promise<void> {
    return new Promise((resolve) => {
      this.#finished = () => {
        this.end(error);
        resolve();
      };
      this.#finishIfIdle();
    });
  }

  rest(): void {
    if (this.#queue.unawaited) this.#timer.clear();
  }

  /** Ends the connection: what waits is settled with `error`, except what may be sent `again` by the owner. */
  end(error: CacheError, sendAgain = false): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    this.#timer.clear();
    this.#socket.destroy();
    const waiting = this.#queue.drain();
    const again = new Set(sendAgain ? waiting.filter((operation) => operation.mayRepeat) : []);
    for (const operation of again) operation.restart();
    this.#owner.ended(this, again);
    for (const operation of waiting) if (!again.has(operation)) operation.abandon(error);
    this.#finished?.();
  }

  #finishIfIdle(): void {
    if (this.#finished !== undefined && this.#queue.unawaited) this.#finished();
  }

  /** The version comes first: an engine without meta commands would read a value's bytes as commands. */
  #greet(): void {
    this.#state = 'greeting';
    this.#socket.write(VERSION_LINE);
  }

  readonly #flushTick = (): void => {
    this.#flushing = false;
    this.#flush();
  };

  #flush(): void {
    if (this.#state !== 'ready' || this.#queue.allSent || this.#socket.writableNeedDrain) return;
    // The time starts now: what the caller computed meanwhile is not the node's doing.
    const now = this.#clock.monotonic();
    const deadline = now + this.#options.operationTimeoutMillis;
    writeUnsent(this.#socket, this.#queue, deadline);
    this.#timer.cover(deadline, now);
  }

  /** Sends what had to wait, but for what meanwhile comes too late. */
  #flushWaiting(): void {
    this.#abandonOverdue(this.#clock.monotonic());
    this.#flush();
  }

  #feed(bytes: Buffer, length: number): void {
    if (this.#state === 'ended') return;
    this.#heardAt = this.#clock.monotonic();
    const problem = this.#parser.feed(bytes, length);
    if (problem !== undefined) this.#distrust(problem);
    else if (this.#queue.empty) this.#becameIdle();
  }

  #becameIdle(): void {
    this.#usedAt = this.#clock.wall();
    // A script that forgets to close its cache may end all the same.
    this.#socket.unref();
    this.#finishIfIdle();
  }

  #distrust(problem: string): void {
    if (this.#state === 'ended') return; // The greeting has told its failure already.
    const error = new ProtocolError(this.#node, problem);
    this.#owner.listener.failed(error);
    this.end(error);
  }

  /** One whole reply, on the parser. `false` where it must not reach anybody. */
  #received(): boolean {
    const reply = this.#parser;
    if (this.#state === 'greeting') return this.#greeted();
    const operation = this.#queue.front;
    if (operation === undefined) return false;
    const { token } = reply;
    if (token < 0) {
      // Order alone tells whose these are.
      if (!operation.takesUntold(reply)) return false;
    } else if (token !== operation.token + operation.received) return false;
    operation.receive(reply, this.#node);
    if (operation.abandoned && reply.won) this.#owner.unwanted(operation.key, reply);
    if (operation.complete) this.#queue.advance();
    return this.#state !== 'ended';
  }

  #greeted(): boolean {
    const { kind, text } = this.#parser;
    const refused =
      kind === REPLIES.version
        ? this.#owner.accept(text)
        : new NodeConnectionError(this.#node, `it answered ${text}`);
    if (refused !== undefined) {
      this.#owner.listener.failed(refused);
      this.end(refused);
      return false;
    }
    this.#state = 'ready';
    this.#owner.listener.answered();
    if (this.#queue.empty) this.#becameIdle();
    this.#flushWaiting();
    return true;
  }

  #broken(reason: string, cause: unknown): void {
    if (this.#state === 'ended') return;
    const error = new NodeConnectionError(this.#node, reason, cause);
    // One that worked and then closes went stale; one that never did was refused.
    const stale = this.#state === 'ready';
    if (!stale) this.#owner.listener.failed(error);
    this.end(error, stale);
  }

  #expire(now: Millis, late: boolean): Millis {
    const ready = this.#state === 'ready';
    const givenUpAt = ready ? this.#givenUpAt() : this.#connectBy;
    this.#abandonOverdue(now);
    if (now < givenUpAt) return Math.min(givenUpAt, this.#queue.nextDeadline());
    const error = timeoutOf(this.#node, ready, this.#options);
    if (!late) this.#owner.listener.failed(error);
    this.end(error, ready); // What still has time may try another connection.
    return NEVER;
  }

  /** A node that owes a reply for a whole time-out is given up, unless others of its replies are still coming in. */
  #givenUpAt(): Millis {
    const owed = this.#queue.front;
    if (owed === undefined) return NEVER;
    return Math.max(owed.deadline, this.#heardAt + this.#options.operationTimeoutMillis / 2);
  }

  #abandonOverdue(now: Millis): void {
    this.#queue.abandonOverdue(now, this.#node, this.#options);
    this.#finishIfIdle();
  }
}
