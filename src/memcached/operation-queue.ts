import { DeadlineError } from '../base/errors.ts';
import { type Millis, NEVER } from '../base/units.ts';
import type { MetaOperation } from './meta-operation.ts';
import { type TransportOptions, timeoutOf } from './transport.ts';

/** Completed operations at the head of the array are cut off when there are this many. */
const COMPACT_AT = 4096;

/** Stands where a completed operation was. */
const DONE = undefined as unknown as MetaOperation;

/** Operations in the order they are sent, which is the order of their replies. */
export class OperationQueue {
  #operations: MetaOperation[] = [];
  /** The first that is not complete, and the first that is not sent. */
  #front = 0;
  #unsent = 0;

  get empty(): boolean {
    return this.#front === this.#operations.length;
  }

  /** Whether nobody waits for any of them: none is left, or all are abandoned. */
  get unawaited(): boolean {
    for (let at = this.#front; at < this.#operations.length; at++) {
      if (!this.#operations[at]!.abandoned) return false;
    }
    return true;
  }

  get allSent(): boolean {
    return this.#unsent === this.#operations.length;
  }

  /** The operation whose reply comes next; `undefined` where none was sent. */
  get front(): MetaOperation | undefined {
    return this.#front < this.#unsent ? this.#operations[this.#front] : undefined;
  }

  push(operation: MetaOperation): void {
    this.#operations.push(operation);
  }

  /** The next operation to send; counts as sent. */
  takeUnsent(): MetaOperation | undefined {
    const operation = this.#operations[this.#unsent];
    if (operation !== undefined) this.#unsent++;
    return operation;
  }

  /** The front operation is complete. */
  advance(): void {
    // A complete one holds its value, which must not stay alive for as long as the queue is never empty.
    this.#operations[this.#front++] = DONE;
    if (this.#front === this.#operations.length) {
      this.#operations.length = 0;
      this.#front = 0;
      this.#unsent = 0;
    } else if (this.#front >= COMPACT_AT) {
      this.#operations = this.#operations.slice(this.#front);
      this.#unsent -= this.#front;
      this.#front = 0;
    }
  }

  /** Settles what has no time left; what was not sent never is: after a freeze it could write an old value. */
  abandonOverdue(now: Millis, node: string, options: TransportOptions): void {
    const withdrawn = new Set<MetaOperation>();
    for (const operation of this.waiting()) {
      const { abandoned, sent, deadline, endsAt } = operation;
      if (abandoned || Math.min(deadline, endsAt) > now) continue;
      operation.abandon(deadline <= now ? timeoutOf(node, sent, options) : new DeadlineError(node));
      if (!sent) withdrawn.add(operation);
    }
    // All of them were behind what is sent, so the places of the front and of the first unsent one stay.
    if (withdrawn.size > 0)
      this.#operations = this.#operations.filter((operation) => !withdrawn.has(operation));
  }

  /** When the next of those that somebody waits for runs out of time. */
  nextDeadline(): Millis {
    let next = NEVER;
    for (const { abandoned, deadline, endsAt } of this.waiting()) {
      if (!abandoned) next = Math.min(next, deadline, endsAt);
    }
    return next;
  }

  /** Those that are not complete. */
  waiting(): MetaOperation[] {
    return this.#operations.slice(this.#front);
  }

  /** Empties the queue and returns what was waiting. */
  drain(): MetaOperation[] {
    const waiting = this.waiting();
    this.#operations = [];
    this.#front = 0;
    this.#unsent = 0;
    return waiting;
  }
}
