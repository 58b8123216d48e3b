import { CONFIG_COMMAND_KEY } from './cluster-config.ts';
import { countDeltaMiss, countRead, type Direction } from './counters.ts';
import { parseInt32, parseUint32, parseUint64 } from './integers.ts';
import { type Item, KEY_MAX_BYTES } from './item.ts';
import type { NodeState } from './node-state.ts';
import { generalStats, settingsStats } from './stats.ts';
import { BAD_FORMAT, flushed, lineOf, reply, replyUnless, type TextOutcome } from './text-outcome.ts';

const ERROR = 'ERROR';
const CRLF_BYTES = Buffer.from('\r\n');
const END = lineOf('END');

/** Whether the last token asks for silence. */
export const isNoreply = (tokens: readonly string[]): boolean => tokens.at(-1) === 'noreply';

/** `get` and `gets`, and with a TTL first `gat` and `gats`. */
export function get(
  state: NodeState,
  tokens: readonly string[],
  { withCas = false, touches = false } = {},
): TextOutcome {
  if (tokens.length < 2) return reply(ERROR);
  const ttl = touches ? parseInt32(tokens[1]!) : 0;
  if (ttl === undefined) return reply('CLIENT_ERROR invalid exptime argument');

  const parts: Buffer[] = [];
  for (const key of tokens.slice(touches ? 2 : 1)) {
    if (key.length > KEY_MAX_BYTES) return { kind: 'instead', reply: lineOf(BAD_FORMAT) };
    const item = state.store.find(key);
    countRead(state.counters, { hit: item !== undefined, touched: touches });
    if (item === undefined) continue;
    state.store.bump(item);
    if (touches) item.expiresAt = state.time.expiry(ttl);
    parts.push(valueLine(item, withCas), item.value, CRLF_BYTES);
  }
  return flushed([...parts, END]);
}

function valueLine({ key, flags, value, cas }: Item, withCas: boolean): Buffer {
  return lineOf(`VALUE ${key} ${flags} ${value.length}${withCas ? ` ${cas}` : ''}`);
}

export function touch(state: NodeState, tokens: readonly string[]): TextOutcome {
  if (tokens.length !== 3 && tokens.length !== 4) return reply(ERROR);
  const [, key, ttlText] = tokens as [string, string, string];
  const noreply = isNoreply(tokens);
  if (key.length > KEY_MAX_BYTES) return replyUnless(noreply, BAD_FORMAT);
  const ttl = parseInt32(ttlText);
  if (ttl === undefined) return replyUnless(noreply, 'CLIENT_ERROR invalid exptime argument');

  const item = state.store.find(key);
  countRead(state.counters, { hit: item !== undefined, touched: true });
  if (item === undefined) return replyUnless(noreply, 'NOT_FOUND');
  state.store.bump(item);
  item.expiresAt = state.time.expiry(ttl);
  return replyUnless(noreply, 'TOUCHED');
}

export function remove(state: NodeState, tokens: readonly string[]): TextOutcome {
  const [, key, hold] = tokens;
  if (key === undefined || tokens.length > 4) return reply(ERROR);
  const noreply = hold !== undefined && isNoreply(tokens);
  // An ancient form names a time for which the key stays locked; only 0 is left of it.
  if (!(hold === undefined || (tokens.length === 3 ? hold === '0' || noreply : hold === '0' && noreply))) {
    return replyUnless(noreply, `${BAD_FORMAT}.  Usage: delete <key> [noreply]`);
  }
  if (key.length > KEY_MAX_BYTES) return replyUnless(noreply, BAD_FORMAT);
  if (state.store.find(key) === undefined) {
    state.counters.delete_misses++;
    return replyUnless(noreply, 'NOT_FOUND');
  }
  state.counters.delete_hits++;
  state.store.delete(key);
  return replyUnless(noreply, 'DELETED');
}

/** `incr` with direction 1, `decr` with -1. */
export function addDelta(state: NodeState, tokens: readonly string[], direction: Direction): TextOutcome {
  if (tokens.length !== 3 && tokens.length !== 4) return reply(ERROR);
  const [, key, deltaText] = tokens as [string, string, string];
  const noreply = isNoreply(tokens);
  if (key.length > KEY_MAX_BYTES) return replyUnless(noreply, BAD_FORMAT);
  const delta = parseUint64(deltaText);
  if (delta === undefined) return replyUnless(noreply, 'CLIENT_ERROR invalid numeric delta argument');

  const result = state.store.addDelta(key, direction, delta);
  switch (result.kind) {
    case 'ok':
      return replyUnless(noreply, String(result.value));
    case 'not-found':
      countDeltaMiss(state.counters, direction);
      return replyUnless(noreply, 'NOT_FOUND');
    case 'non-numeric':
      return replyUnless(noreply, 'CLIENT_ERROR cannot increment or decrement non-numeric value');
    default:
      return reply('SERVER_ERROR out of memory');
  }
}

export function flushAll(state: NodeState, tokens: readonly string[]): TextOutcome {
  if (tokens.length > 3) return reply(ERROR);
  const noreply = isNoreply(tokens);
  state.counters.cmd_flush++;
  let delay = 0;
  if (tokens.length !== (noreply ? 2 : 1)) {
    const given = parseInt32(tokens[1]!);
    if (given === undefined) return replyUnless(noreply, 'CLIENT_ERROR invalid exptime argument');
    delay = given;
  }
  state.store.flush(delay > 0 ? state.time.expiry(delay) : undefined);
  return replyUnless(noreply, 'OK');
}

export function verbosity(tokens: readonly string[]): TextOutcome {
  if (tokens.length !== 2 && tokens.length !== 3) return reply(ERROR);
  const noreply = isNoreply(tokens);
  return replyUnless(noreply, parseUint32(tokens[1]!) === undefined ? BAD_FORMAT : 'OK');
}

export function stats(state: NodeState, tokens: readonly string[]): TextOutcome {
  switch (tokens[1]) {
    case undefined:
      return statLines(generalStats(state));
    case 'settings':
      return statLines(settingsStats(state));
    case 'reset':
      state.resetCounters();
      return reply('RESET');
    default:
      return reply(ERROR);
  }
}

function statLines(stats: Iterable<readonly [string, string | number]>): TextOutcome {
  const lines = Array.from(stats, ([name, value]) => lineOf(`STAT ${name} ${value}`));
  return { kind: 'reply', reply: Buffer.concat([...lines, END]), flush: false };
}

/** ElastiCache's `config get cluster`; other forms of the command are not for clients. */
export function config(state: NodeState, tokens: readonly string[]): TextOutcome {
  const body = state.clusterConfig();
  const isKnown = tokens.length === 3 && tokens[1] === 'get' && tokens[2] === CONFIG_COMMAND_KEY;
  if (!isKnown || body === undefined) return reply(ERROR);
  const bytes = Buffer.from(body, 'utf8');
  return flushed([lineOf(`CONFIG ${CONFIG_COMMAND_KEY} 0 ${bytes.length}`), bytes, CRLF_BYTES, END]);
}
