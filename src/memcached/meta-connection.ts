import type { Socket } from 'node:net';
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
import type { Dial } from './dial.ts';
import type { MetaOperation } from './meta-operation.ts';
import { MetaReplyParser, REPLIES } from './meta-reply.ts';
import { VERSION_LINE } from './meta-request.ts';
import { writeUnsent } from './meta-writer.ts';
import { OperationQueue } from './operation-queue.ts';
import type { TransportListener, TransportOptions } from './transport.ts';

export interface ConnectionOwner {
  readonly listener: TransportListener;
  /** The engine's version, before anything else is sent. An error ends the connection. */
  accept(version: string): CacheError | undefined;
  /** The connection has ended; `again` may be sent once more on the next one. */
  ended(connection: MetaConnection, again: readonly MetaOperation[]): void;
}

/**
 * One life of one connection. Operations wait in the order they were sent; commands of one tick leave in one write.
 *
 * A reply belongs to the operation at the front, and its token must say so, too: with order alone, bytes lost on the
 * way would hand one caller's value to another. Any doubt ends the connection. An operation whose invocation ends is
 * settled and left in its place, so that its reply, told by its token, is passed over; one that the node let wait too
 * long ends the connection.
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
  /** The time at this tick's first operation; the others share it. */
  #tickTime: Millis = 0;
  #usedAt: Millis;
  /** The peer has answered: a connection that worked and then closes went stale, and was not refused. */
  #answered = false;

  constructor(node: string, dial: Dial, options: TransportOptions, clock: Clock, owner: ConnectionOwner) {
    this.#node = node;
    this.#options = options;
    this.#clock = clock;
    this.#owner = owner;
    this.#timer = new DeadlineTimer(clock, (now, late) => this.#expire(now, late));
    this.#parser = new MetaReplyParser(() => this.#received());
    const now = clock.monotonic();
    this.#usedAt = clock.wall();
    this.#connectBy = now + options.connectTimeoutMillis;
    this.#timer.cover(this.#connectBy, now);
    this.#socket = dial({
      connected: () => this.#greet(),
      data: (bytes, length) => this.#feed(bytes, length),
    });
    this.#socket.on('error', (error) => this.#broken(reasonOf(error), error));
    this.#socket.on('close', () => this.#broken('the connection was closed', undefined));
    this.#socket.on('drain', () => this.#flush());
  }

  /** How long the connection has lain idle, by the time of day, which goes on during a freeze. */
  idleFor(): Millis {
    return this.#state === 'ready' && this.#queue.unawaited ? this.#clock.wall() - this.#usedAt : 0;
  }

  send(operation: MetaOperation): void {
    if (!this.#flushing) {
      this.#flushing = true;
      this.#tickTime = this.#clock.monotonic();
      process.nextTick(this.#flushTick);
    }
    this.#queue.push(operation);
    this.#setDeadline(operation, this.#tickTime);
  }

  rest(): void {
    if (this.#state === 'ready' && this.#queue.unawaited) this.#timer.clear();
  }

  /** Ends the connection: what waits is settled with `error`, except what may be sent `again` by the owner. */
  end(error: CacheError, sendAgain = false): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    this.#timer.clear();
    this.#socket.destroy();
    const waiting = this.#queue.drain();
    const again = sendAgain ? waiting.filter(mayRepeat) : [];
    for (const operation of again) operation.restart();
    this.#owner.ended(this, again);
    const kept = new Set(again);
    for (const operation of waiting) if (!kept.has(operation)) operation.abandon(error);
  }

  #setDeadline(operation: MetaOperation, now: Millis): void {
    const allowed = this.#state === 'ready' ? now + this.#options.operationTimeoutMillis : this.#connectBy;
    const deadline = Math.min(allowed, operation.endsAt);
    operation.deadline = deadline;
    this.#timer.cover(deadline, now);
  }

  /** The version comes first: an engine without meta commands would read a value's bytes as commands. */
  #greet(): void {
    if (this.#state !== 'connecting') return;
    this.#state = 'greeting';
    this.#socket.write(VERSION_LINE);
  }

  readonly #flushTick = (): void => {
    this.#flushing = false;
    this.#flush();
  };

  #flush(): void {
    if (this.#state !== 'ready' || this.#queue.allSent || this.#socket.writableNeedDrain) return;
    writeUnsent(this.#socket, this.#queue);
  }

  #feed(bytes: Buffer, length: number): void {
    if (this.#state === 'ended') return;
    const problem = this.#parser.feed(bytes, length);
    if (problem !== undefined) this.end(new ProtocolError(this.#node, problem));
    else if (this.#queue.empty) this.#usedAt = this.#clock.wall();
  }

  /** One whole reply, on the parser. `false` where it must not reach anybody. */
  #received(): boolean {
    const reply = this.#parser;
    if (this.#state === 'greeting') return this.#greeted();
    const operation = this.#queue.front;
    if (operation === undefined) return false;
    const { kind, token } = reply;
    if (token < 0) {
      // Misses of 1.6.12 and refusals echo nothing: order alone tells whose they are, and they carry no value. `ERROR`
      // and `CLIENT_ERROR` mean that the server read something else than we wrote.
      if (kind !== REPLIES.miss && kind !== REPLIES.serverError) return false;
    } else if (token !== operation.token + operation.received) return false;
    operation.receive(reply, this.#node);
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
    this.#answered = true;
    this.#owner.listener.answered();
    const now = this.#clock.monotonic();
    for (const operation of this.#queue.waiting()) this.#setDeadline(operation, now);
    this.#flush();
    return true;
  }

  #broken(reason: string, cause: unknown): void {
    if (this.#state === 'ended') return;
    const error = new NodeConnectionError(this.#node, reason, cause);
    if (!this.#answered) this.#owner.listener.failed(error);
    this.end(error, this.#answered);
  }

  #expire(now: Millis, late: boolean): Millis {
    let next = this.#state === 'ready' ? NEVER : this.#connectBy;
    if (now >= next) {
      this.#timedOut('connect', this.#options.connectTimeoutMillis, late);
      return NEVER;
    }
    const overdue: MetaOperation[] = [];
    for (const operation of this.#queue.waiting()) {
      if (operation.abandoned) continue;
      if (operation.deadline > now) next = Math.min(next, operation.deadline);
      else if (operation.deadline === operation.endsAt) overdue.push(operation);
      else {
        this.#timedOut('reply', this.#options.operationTimeoutMillis, late);
        return NEVER;
      }
    }
    for (const operation of overdue) this.#outlived(operation);
    return next;
  }

  /** The invocation's time is over, which says nothing about the node. */
  #outlived(operation: MetaOperation): void {
    operation.abandon(new NodeTimeoutError(this.#node, 'reply', this.#options.operationTimeoutMillis));
    // What was not sent never is: after a freeze it would write an old value.
    if (!operation.sent) this.#queue.withdraw(operation);
  }

  #timedOut(what: 'connect' | 'reply', afterMillis: Millis, late: boolean): void {
    const error = new NodeTimeoutError(this.#node, what, afterMillis);
    if (!late) this.#owner.listener.failed(error);
    this.end(error);
  }
}

function mayRepeat(operation: MetaOperation): boolean {
  return !operation.abandoned && (!operation.sent || (operation.repeatable && !operation.repeated));
}
