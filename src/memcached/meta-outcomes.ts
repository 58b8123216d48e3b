// What a reply says, by the command that it answers.

import { NodeRefusedError } from '../base/errors.ts';
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
  unavailable,
} from '../base/outcome.ts';
import type { MetaReplyParser } from './meta-reply.ts';
import { REPLIES } from './meta-reply-kinds.ts';
import { readCount, readLook, readSample, readWithCas, type WriteReply } from './meta-write-replies.ts';

export type Outcome = FetchOutcome | LeaseOutcome | StoreOutcome | DeleteOutcome | WriteReply;

/** How a command's replies are read. */
export type Reading = 'fetch' | 'lease' | 'store' | 'delete' | 'getWithCas' | 'look' | 'count' | 'sample';

/** What a reply that nobody expects of a command says is that the node refused it. */
export function outcomeOf(reading: Reading, reply: MetaReplyParser, node: string): Outcome {
  return (
    OUTCOMES[reading](reply) ?? unavailable(new NodeRefusedError(node, reply.text || `reply ${reply.kind}`))
  );
}

const OUTCOMES: Readonly<Record<Reading, (reply: MetaReplyParser) => Outcome | undefined>> = {
  fetch(reply) {
    if (reply.kind === REPLIES.value) {
      const { value, flags, ttlSeconds } = reply;
      return { kind: 'hit', value: value!, flags, ttlSeconds };
    }
    return reply.kind === REPLIES.miss ? MISS : undefined;
  },
  lease(reply) {
    if (reply.kind !== REPLIES.value) return undefined;
    const { value, flags, ttlSeconds, cas, won, leased, stale } = reply;
    if (value!.length > 0 || flags !== 0) {
      return { kind: 'hit', value: value!, flags, ttlSeconds, cas, won, stale: stale || won || leased };
    }
    if (won) return { kind: 'won', cas };
    // Without bytes and flags it is a stub where somebody has its lease; else another client's empty string.
    return leased ? { kind: 'leased' } : { kind: 'hit', value: value!, flags, ttlSeconds, cas, won, stale };
  },
  store(reply) {
    switch (reply.kind) {
      case REPLIES.done:
        return STORED;
      case REPLIES.notStored:
      case REPLIES.exists:
      case REPLIES.notFound:
        return REFUSED;
      case REPLIES.serverError:
        return reply.text.startsWith('object too large') ? TOO_LARGE : undefined;
      default:
        return undefined;
    }
  },
  delete(reply) {
    if (reply.kind === REPLIES.done) return DELETED;
    return reply.kind === REPLIES.notFound || reply.kind === REPLIES.exists ? NOT_FOUND : undefined;
  },
  getWithCas: readWithCas,
  look: readLook,
  count: readCount,
  sample: readSample,
};
