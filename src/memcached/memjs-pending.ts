import { type CacheError, DeadlineError } from '../base/errors.ts';
import { type Millis, NEVER } from '../base/units.ts';

/** What memjs parsed from one reply. */
export interface BinaryReply {
  readonly status: number;
  readonly extras: Buffer;
  readonly value: Buffer;
  /** The item's number for compare-and-swap; 0 where there is none. */
  readonly cas: bigint;
}

/** A reply, or why there is none. `lost`: the peer closed a connection before it answered. */
export type Exchange =
  | { readonly kind: 'reply'; readonly reply: BinaryReply }
  | { readonly kind: 'failed'; readonly error: CacheError; readonly lost: boolean };

export interface Pending {
  readonly opcode: number;
  readonly endsAt: Millis;
  /** When its caller stops waiting for the node; counted anew when it is written. */
  deadline: Millis;
  /** `undefined` once its caller waits no more; its reply is still to come. */
  settle: ((exchange: Exchange) => void) | undefined;
}

/** The requests of one link that wait for their replies, by opaque number. */
export class PendingRequests {
  readonly #requests = new Map<number, Pending>();

  get size(): number {
    return this.#requests.size;
  }

  /** Whether nobody waits for any of them. */
  get unawaited(): boolean {
    for (const { settle } of this.#requests.values()) if (settle !== undefined) return false;
    return true;
  }

  add(opaque: number, request: Pending): void {
    this.#requests.set(opaque, request);
  }

  get(opaque: number): Pending | undefined {
    return this.#requests.get(opaque);
  }

  delete(opaque: number): void {
    this.#requests.delete(opaque);
  }

  /** The deadline of the request that waits longest. */
  oldestDeadline(): Millis {
    for (const { deadline } of this.#requests.values()) return deadline;
    return NEVER;
  }

  all(): Pending[] {
    return [...this.#requests.values()];
  }

  drain(): Pending[] {
    const all = this.all();
    this.#requests.clear();
    return all;
  }

  /**
   * Settles those whose callers have no time left, and tells when the next one's is over. An entry stays for its
   * reply, which is told by its opaque.
   */
  abandonOverdue(now: Millis, node: string, timeout: CacheError): Millis {
    let next = NEVER;
    for (const request of this.#requests.values()) {
      const { deadline, endsAt, settle } = request;
      if (settle === undefined) continue;
      if (Math.min(deadline, endsAt) > now) {
        next = Math.min(next, deadline, endsAt);
        continue;
      }
      request.settle = undefined;
      const error = deadline <= now ? timeout : new DeadlineError(node);
      settle({ kind: 'failed', error, lost: false });
    }
    return next;
  }
}
