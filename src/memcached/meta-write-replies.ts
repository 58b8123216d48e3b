// How replies are read of the commands that writes of the base are made of.

import {
  type CasOutcome,
  type CountOutcome,
  type LookOutcome,
  MISS,
  NOT_FOUND,
  REFUSED,
  type SampleOutcome,
} from '../base/outcome.ts';
import type { MetaReplyParser } from './meta-reply.ts';
import { REPLIES } from './meta-reply-kinds.ts';

export type WriteReply = CasOutcome | LookOutcome | CountOutcome | SampleOutcome;

/** The one refusal of `ma` that is about the item; memcached sends it without the token. */
export function saysNoNumber({ kind, text }: MetaReplyParser): boolean {
  return kind === REPLIES.clientError && text.startsWith('cannot increment or decrement');
}

/** The number of compare-and-swap is 0 where it is switched off: it would let everything pass. */
const casOf = ({ cas }: MetaReplyParser): string | undefined => (cas === '0' ? undefined : cas);

export function readWithCas(reply: MetaReplyParser): CasOutcome | undefined {
  if (reply.kind === REPLIES.miss) return MISS;
  if (reply.kind !== REPLIES.value || reply.cas === '') return undefined;
  const { value, flags, ttlSeconds, won, leased, stale } = reply;
  return { kind: 'hit', value: value!, flags, ttlSeconds, cas: casOf(reply), leased: won || leased || stale };
}

export function readLook(reply: MetaReplyParser): LookOutcome | undefined {
  if (reply.kind === REPLIES.miss) return MISS;
  if (reply.kind !== REPLIES.done || reply.bytes < 0 || reply.cas === '') return undefined;
  return { kind: 'found', bytes: reply.bytes, flags: reply.flags, cas: casOf(reply) };
}

export function readCount(reply: MetaReplyParser): CountOutcome | undefined {
  if (reply.kind === REPLIES.notFound) return NOT_FOUND;
  if (saysNoNumber(reply)) return REFUSED;
  if (reply.kind !== REPLIES.value) return undefined;
  const digits = reply.value!.toString('latin1');
  return /^\d+$/.test(digits) ? countOf(Number(digits)) : undefined;
}

export function readSample(reply: MetaReplyParser): SampleOutcome | undefined {
  const counted = readCount(reply);
  if (counted?.kind !== 'counted') return counted?.kind === 'refused' ? REFUSED : undefined;
  const { ttlSeconds: remainingSeconds } = reply;
  return remainingSeconds === undefined ? undefined : { ...counted, remainingSeconds };
}

/** A count beyond 2^53 - 1 would come out as another number. */
export function countOf(value: number): CountOutcome {
  return Number.isSafeInteger(value) ? { kind: 'counted', value } : REFUSED;
}
