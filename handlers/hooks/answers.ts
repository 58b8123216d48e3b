// What an answer to a replayed event says: its status, its counts and the shape of its body.

import { CHECK_FIELD } from '../../src/release/index.ts';
import type { Answer } from './function-version.ts';

/** What the reads of one cache, or of all of a handler's, came to. */
export type Counts = Readonly<Record<CountName, number>>;

const COUNT_NAMES = ['hits', 'misses', 'unavailable', 'originLoads', 'errors', 'undecodable'] as const;
type CountName = (typeof COUNT_NAMES)[number];

/** What makes of an answer a failed one. */
export function faultOf(answer: Answer): string | undefined {
  if (answer.kind === 'failed') return answer.reason;
  const status = statusOf(answer);
  return status !== undefined && status >= 500 ? `it answered ${status}` : undefined;
}

/** API Gateway takes text for a status, too. */
export function statusOf(answer: Answer): number | undefined {
  const { statusCode } = payloadOf(answer);
  if (typeof statusCode === 'number') return statusCode;
  return typeof statusCode === 'string' && /^\d{3}$/.test(statusCode) ? Number(statusCode) : undefined;
}

/** Of all caches; `undefined` where the answer brings none, as one that is no object cannot. */
export function countsOf(answer: Answer): Counts | undefined {
  const told = payloadOf(answer)[CHECK_FIELD];
  return isRecord(told) && COUNT_NAMES.some((name) => typeof told[name] === 'number')
    ? countsIn(told)
    : undefined;
}

export interface NamedCounts {
  /** `undefined` where the handler has one cache. */
  readonly contextKey: string | undefined;
  readonly counts: Counts;
}

/** Cache by cache, in the handler's order; none where the answer brings no counts. */
export function cachesOf(answer: Answer): readonly NamedCounts[] {
  const all = countsOf(answer);
  if (all === undefined) return [];
  const { caches } = payloadOf(answer)[CHECK_FIELD] as Record<string, unknown>;
  if (!Array.isArray(caches)) return [{ contextKey: undefined, counts: all }];
  return caches.filter(isRecord).map((told) => ({
    contextKey: typeof told.contextKey === 'string' ? told.contextKey : undefined,
    counts: countsIn(told),
  }));
}

const countsIn = (told: Record<string, unknown>): Counts =>
  Object.fromEntries(
    COUNT_NAMES.map((name) => [name, typeof told[name] === 'number' ? told[name] : 0]),
  ) as Counts;

/** So many differences are told. */
const TOLD = 5;

/**
 * What the second answer lacks of the first one's shape, or has of another type: `body.items[0].price is text, was a
 * number`. What it has besides is nobody's loss. Only JSON has a shape; text and numbers are the handler's to word.
 */
export function shapeChanges(before: Answer, after: Answer): readonly string[] {
  const [was, is] = [contentOf(before), contentOf(after)];
  if (!isStructure(was)) return [];
  const changes: string[] = [];
  collect(was, is, 'body', changes);
  return changes.length > TOLD ? [...changes.slice(0, TOLD), `${changes.length - TOLD} more`] : changes;
}

function collect(was: unknown, is: unknown, at: string, changes: string[]): void {
  const [typeBefore, typeAfter] = [typeOf(was), typeOf(is)];
  if (typeBefore !== typeAfter) {
    changes.push(is === undefined ? `${at} is missing` : `${at} is ${typeAfter}, was ${typeBefore}`);
  } else if (Array.isArray(was)) {
    // The entries of a list are taken to be alike.
    const [first, [second]] = [was[0], is as unknown[]];
    if (first !== undefined && second !== undefined) collect(first, second, `${at}[0]`, changes);
  } else if (isRecord(was)) {
    for (const [name, value] of Object.entries(was)) {
      collect(value, (is as Record<string, unknown>)[name], `${at}.${name}`, changes);
    }
  }
}

const TYPES: Readonly<Record<string, string>> = { string: 'text', object: 'an object', number: 'a number' };

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return TYPES[typeof value] ?? `a ${typeof value}`;
}

/** The body of an HTTP answer, read where it is JSON; any other answer as it is. */
function contentOf(answer: Answer): unknown {
  if (answer.kind === 'failed') return undefined;
  if (!isRecord(answer.payload)) return answer.payload;
  const { [CHECK_FIELD]: _, ...rest } = answer.payload;
  if (statusOf(answer) === undefined || !('body' in rest)) return rest;
  const { body, isBase64Encoded } = rest;
  if (typeof body !== 'string') return body;
  const text = isBase64Encoded === true ? Buffer.from(body, 'base64').toString() : body;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

const isStructure = (value: unknown): boolean => typeof value === 'object' && value !== null;

const isRecord = (value: unknown): value is Record<string, unknown> =>
  isStructure(value) && !Array.isArray(value);

const payloadOf = (answer: Answer): Record<string, unknown> =>
  answer.kind === 'answered' ? Object(answer.payload) : {};
