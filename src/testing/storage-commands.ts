import { isNoreply } from './classic-commands.ts';
import { parseInt32, parseUint32, parseUint64 } from './integers.ts';
import { KEY_MAX_BYTES } from './item.ts';
import type { StoreMode, StoreResult } from './item-store.ts';
import type { NodeState } from './node-state.ts';
import {
  BAD_FORMAT,
  isTerminated,
  NO_MEMORY,
  reply,
  replyUnless,
  type TextOutcome,
  TOO_LARGE,
} from './text-outcome.ts';

/** The largest length that memcached reads as one: behind the value come two more bytes. */
const MAX_DATA_BYTES = 2 ** 31 - 3;

const TEXT_OF: Record<StoreResult['kind'], string> = {
  stored: 'STORED',
  'not-stored': 'NOT_STORED',
  exists: 'EXISTS',
  'not-found': 'NOT_FOUND',
};

type StorageTokens = [key: string, flags: string, ttl: string, length: string, casUnique?: string];

/** `set`, `add`, `replace`, `append`, `prepend`, `cas`: key, flags, TTL, length, for `cas` the unique. */
export function storage(state: NodeState, tokens: readonly string[], mode: StoreMode): TextOutcome {
  const withCas = mode === 'cas' ? 1 : 0;
  if (tokens.length !== 5 + withCas && tokens.length !== 6 + withCas) return reply('ERROR');
  const [, key, flagsText, ttlText, lengthText, casText] = tokens as [string, ...StorageTokens];
  const noreply = isNoreply(tokens);
  // No data is swallowed on these errors: it is read as commands. A client must not let it come to that.
  if (key.length > KEY_MAX_BYTES) return replyUnless(noreply, BAD_FORMAT);
  const flags = parseUint32(flagsText);
  const ttl = parseInt32(ttlText);
  const length = parseInt32(lengthText);
  const cas = withCas === 1 ? parseUint64(casText!) : 0n;
  if (flags === undefined || ttl === undefined || cas === undefined || !isDataLength(length)) {
    return replyUnless(noreply, BAD_FORMAT);
  }

  const expiresAt = state.time.expiry(ttl);
  const room = state.store.allocate(key, flags, length);
  if (room !== 'ok') {
    // An old value must not outlive the new one that did not fit.
    if (mode === 'set') state.store.delete(key);
    const next = replyUnless(noreply, room === 'too-large' ? TOO_LARGE : NO_MEMORY);
    return { kind: 'swallow', byteLength: length + 2, next };
  }
  return {
    kind: 'data',
    byteLength: length + 2,
    complete: (block) => {
      state.counters.cmd_set++;
      if (!isTerminated(block)) return replyUnless(noreply, 'CLIENT_ERROR bad data chunk');
      const value = Buffer.from(block.subarray(0, length));
      const result = state.store.store(mode, { key, flags, value, expiresAt }, cas);
      return replyUnless(noreply, TEXT_OF[result.kind]);
    },
  };
}

export function isDataLength(length: number | undefined): length is number {
  return length !== undefined && length >= 0 && length <= MAX_DATA_BYTES;
}
