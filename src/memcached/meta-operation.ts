import type { CacheError } from '../base/errors.ts';
import {
  type DeleteOutcome,
  type FetchOutcome,
  type LeaseOutcome,
  type StoreOutcome,
  unavailable,
} from '../base/outcome.ts';
import { type Millis, NEVER } from '../base/units.ts';
import { type Outcome, outcomeOf, type Reading } from './meta-outcomes.ts';
import type { MetaReplyParser } from './meta-reply.ts';
import { REPLIES } from './meta-reply-kinds.ts';
import { saysNoNumber } from './meta-write-replies.ts';

const COUNTS: readonly Reading[] = ['count', 'sample'];

/** Reads of memcached's, whose misses may come without a token. */
const READS: readonly Reading[] = ['fetch', 'lease', 'getWithCas', 'look'];

/**
 * One call that waits for its replies: one command, or a batch of them with tokens that follow each other.
 */
export class MetaOperation {
  readonly reading: Reading;
  /** The command lines. */
  readonly lines: string;
  /** The value that follows the line, of a store. */
  readonly body: Buffer | undefined;
  /** The first command's token. */
  readonly token: number;
  readonly commands: number;
  /** Whether sending it twice does no more than sending it once. */
  readonly repeatable: boolean;
  /** No later than this, whatever the connection allows. */
  endsAt: Millis;
  /** When its caller stops waiting for the node; counted anew when it is sent. */
  deadline: Millis = NEVER;
  sent = false;
  repeated = false;
  received = 0;
  /** A batch's outcomes so far. */
  readonly #outcomes: Outcome[] | undefined;
  #settle: ((outcome: Outcome | readonly Outcome[]) => void) | undefined;

  private constructor(
    reading: Reading,
    lines: string,
    body: Buffer | undefined,
    token: number,
    commands: number,
    repeatable: boolean,
    endsAt: Millis,
    outcomes: Outcome[] | undefined,
    settle: (outcome: never) => void,
  ) {
    this.reading = reading;
    this.lines = lines;
    this.body = body;
    this.token = token;
    this.commands = commands;
    this.repeatable = repeatable;
    this.endsAt = endsAt;
    this.#outcomes = outcomes;
    this.#settle = settle as (outcome: Outcome | readonly Outcome[]) => void;
  }

  /** One command, one outcome. */
  static fetch(
    line: string,
    token: number,
    endsAt: Millis,
    settle: (outcome: FetchOutcome) => void,
  ): MetaOperation {
    return new MetaOperation('fetch', line, undefined, token, 1, true, endsAt, undefined, settle);
  }

  /**
   * A lease that was won and whose reply was lost stays won by nobody until it runs out; asked again, it only says so.
   */
  static lease(
    line: string,
    token: number,
    endsAt: Millis,
    settle: (outcome: LeaseOutcome) => void,
  ): MetaOperation {
    return new MetaOperation('lease', line, undefined, token, 1, true, endsAt, undefined, settle);
  }

  /** Commands with tokens from `token` on; their outcomes in that order. */
  static fetchMany(
    lines: string,
    token: number,
    commands: number,
    endsAt: Millis,
    settle: (outcomes: readonly FetchOutcome[]) => void,
  ): MetaOperation {
    return new MetaOperation('fetch', lines, undefined, token, commands, true, endsAt, [], settle);
  }

  static store(
    line: string,
    body: Buffer,
    token: number,
    repeatable: boolean,
    endsAt: Millis,
    settle: (outcome: StoreOutcome) => void,
  ): MetaOperation {
    return new MetaOperation('store', line, body, token, 1, repeatable, endsAt, undefined, settle);
  }

  static delete(
    line: string,
    token: number,
    endsAt: Millis,
    settle: (outcome: DeleteOutcome) => void,
  ): MetaOperation {
    return new MetaOperation('delete', line, undefined, token, 1, true, endsAt, undefined, settle);
  }

  static command(
    reading: 'getWithCas' | 'look' | 'count' | 'sample',
    line: string,
    token: number,
    endsAt: Millis,
    settle: (outcome: never) => void,
  ): MetaOperation {
    // One that counted and whose reply was lost would count twice.
    const repeatable = !COUNTS.includes(reading);
    return new MetaOperation(reading, line, undefined, token, 1, repeatable, endsAt, undefined, settle);
  }

  /** The key of the first command. */
  get key(): string {
    return this.lines.split(' ', 2)[1]!;
  }

  /** Settled already, because its time was over; its replies are still to come, and nobody waits for them. */
  get abandoned(): boolean {
    return this.#settle === undefined;
  }

  /** Whether a reply without a token can be its own: misses of 1.6.12 and refusals, which carry no value. */
  takesUntold(reply: MetaReplyParser): boolean {
    if (reply.kind === REPLIES.miss) return READS.includes(this.reading);
    return reply.kind === REPLIES.serverError || (COUNTS.includes(this.reading) && saysNoNumber(reply));
  }

  /** Takes the next reply, whose token has been checked. */
  receive(reply: MetaReplyParser, node: string): void {
    this.received++;
    const settle = this.#settle;
    if (settle === undefined) return;
    const outcome = outcomeOf(this.reading, reply, node);
    if (this.#outcomes === undefined) {
      settle(outcome);
    } else {
      this.#outcomes.push(outcome);
      if (this.received === this.commands) settle(this.#outcomes);
    }
  }

  get complete(): boolean {
    return this.received === this.commands;
  }

  /** Whether it may go once more on another connection. */
  get mayRepeat(): boolean {
    return !this.abandoned && (!this.sent || (this.repeatable && !this.repeated));
  }

  /** Starts over on another connection, within the time it had on the first. */
  restart(): void {
    this.endsAt = Math.min(this.endsAt, this.deadline);
    this.repeated = this.repeated || this.sent;
    this.sent = false;
    this.received = 0;
    if (this.#outcomes !== undefined) this.#outcomes.length = 0;
  }

  /** Settles what has no reply yet as unavailable; replies that have come stand. */
  abandon(error: CacheError): void {
    const settle = this.#settle;
    if (settle === undefined) return;
    this.#settle = undefined;
    const outcome = unavailable(error);
    const outcomes = this.#outcomes;
    if (outcomes === undefined) {
      settle(outcome);
      return;
    }
    settle([...outcomes, ...Array.from({ length: this.commands - outcomes.length }, () => outcome)]);
  }
}
