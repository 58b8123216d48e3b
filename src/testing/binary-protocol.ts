import { type BinaryOutcome, type BinaryRequest, runBinary } from './binary-commands.ts';
import {
  type BinaryHeader,
  type BinaryReply,
  encodeReply,
  HEADER_BYTES,
  readHeader,
} from './binary-frame.ts';
import type { ByteQueue } from './byte-queue.ts';
import type { NodeState } from './node-state.ts';
import type { Outbox } from './outbox.ts';

interface Body {
  readonly kind: 'body';
  readonly header: BinaryHeader;
  /** How many bytes are still to come, and what is to be done with them. */
  readonly outcome: Extract<BinaryOutcome, { kind: 'data' | 'swallow' }>;
}

type Expecting = { readonly kind: 'header' } | Body;

const HEADER: Expecting = { kind: 'header' };

/** The binary commands of one connection: takes what has come, whatever its split. */
export class BinaryProtocol {
  readonly #state: NodeState;
  #expecting: Expecting = HEADER;

  constructor(state: NodeState) {
    this.#state = state;
  }

  /** Carries out all complete requests. False when the connection is to end. */
  advance(input: ByteQueue, outbox: Outbox): boolean {
    for (;;) {
      const expecting = this.#expecting;
      if (expecting.kind === 'body') {
        const next = this.#readBody(input, expecting);
        if (next === undefined) return true;
        if (!this.#carryOut(expecting.header, next, outbox)) return false;
        continue;
      }
      if (input.length < HEADER_BYTES) return true;
      const header = readHeader(input.peek(HEADER_BYTES));
      if (header === undefined) {
        outbox.dropUnsent();
        return false;
      }
      const request = takeRequest(input, header);
      if (request === undefined) return true;
      if (!this.#carryOut(header, runBinary(this.#state, request), outbox)) return false;
    }
  }

  #readBody(input: ByteQueue, body: Body): BinaryOutcome | undefined {
    const { outcome } = body;
    if (outcome.kind === 'data') {
      const value = input.take(outcome.byteLength);
      return value && outcome.complete(value);
    }
    const byteLength = outcome.byteLength - input.skip(outcome.byteLength);
    if (byteLength === 0) return outcome.next;
    this.#expecting = { ...body, outcome: { ...outcome, byteLength } };
    return undefined;
  }

  #carryOut(header: BinaryHeader, outcome: BinaryOutcome, outbox: Outbox): boolean {
    this.#expecting = HEADER;
    switch (outcome.kind) {
      case 'replies':
        if (outcome.replies.length > 0) outbox.push(encodeAll(header, outcome.replies));
        if (outcome.flush === true) outbox.flush();
        return true;
      case 'data':
      case 'swallow':
        this.#expecting = { kind: 'body', header, outcome };
        return true;
      case 'last':
        if (outcome.replies.length > 0) outbox.push(encodeAll(header, outcome.replies));
        return false;
      default:
        return outcome satisfies never;
    }
  }
}

const encodeAll = (header: BinaryHeader, replies: readonly BinaryReply[]): Buffer =>
  Buffer.concat(replies.map((reply) => encodeReply(header, reply)));

/** Header, extras and key, once they have all come. */
function takeRequest(input: ByteQueue, header: BinaryHeader): BinaryRequest | undefined {
  const bytes = input.take(HEADER_BYTES + header.extrasBytes + header.keyBytes);
  if (bytes === undefined) return undefined;
  const keyAt = HEADER_BYTES + header.extrasBytes;
  return {
    header,
    extras: bytes.subarray(HEADER_BYTES, keyAt),
    key: bytes.toString('latin1', keyAt, keyAt + header.keyBytes),
  };
}
