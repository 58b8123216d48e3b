import { parseInt32 } from './integers.ts';
import { KEY_MAX_BYTES } from './item.ts';
import type { StoreMode, StoreResult } from './item-store.ts';
import { META_TOKENS_MAX, type MetaFlags, parseMetaFlags } from './meta-flags.ts';
import { isOpaqueTooLong, keyEcho, OPAQUE_TOO_LONG } from './meta-reply.ts';
import type { NodeState } from './node-state.ts';
import { isDataLength } from './storage-commands.ts';
import {
  BAD_FORMAT,
  isTerminated,
  NO_MEMORY,
  reply,
  SILENCE,
  type TextOutcome,
  TOO_LARGE,
} from './text-outcome.ts';

const MODES: Readonly<Record<string, StoreMode>> = {
  '': 'set',
  S: 'set',
  E: 'add',
  A: 'append',
  P: 'prepend',
  R: 'replace',
};

const STATUS_OF: Record<StoreResult['kind'], string> = {
  stored: 'HD',
  'not-stored': 'NS',
  exists: 'EX',
  'not-found': 'NF',
};

/** `ms`: key, length, flags, then the data. */
export function metaSet(state: NodeState, tokens: readonly string[]): TextOutcome {
  const [, key, lengthText] = tokens;
  if (key === undefined) return reply('ERROR');
  if (key.length > KEY_MAX_BYTES || lengthText === undefined) return reply(BAD_FORMAT);
  if (tokens.length > META_TOKENS_MAX) return reply('CLIENT_ERROR options flags too long');
  const length = parseInt32(lengthText);
  // Without a length the data cannot be swallowed, and is read as commands.
  if (!isDataLength(length)) return reply(BAD_FORMAT);

  const parsed = parseMetaFlags(key, tokens.slice(3));
  if (parsed.kind === 'error') return refuse(length, parsed.text);
  const { flags } = parsed;
  const named = Object.hasOwn(MODES, flags.mode) ? MODES[flags.mode] : undefined;
  if (named === undefined) return refuse(length, 'CLIENT_ERROR invalid mode for ms M token');
  if (flags.tokens.some((token) => token[0] === 'O' && isOpaqueTooLong(token))) {
    return refuse(length, OPAQUE_TOO_LONG);
  }
  const room = state.store.allocate(flags.key, flags.clientFlags, length);
  if (room !== 'ok') {
    // An old value must not outlive the new one that did not fit, in whatever mode.
    state.store.delete(flags.key);
    return refuse(length, room === 'too-large' ? TOO_LARGE : NO_MEMORY);
  }
  const isConditional = flags.cas !== undefined && (named === 'set' || named === 'replace');
  const mode = isConditional ? 'cas' : named;
  const expiresAt = flags.ttl === undefined ? 0 : state.time.expiry(flags.ttl);
  return {
    kind: 'data',
    byteLength: length + 2,
    complete: (block) => {
      state.counters.cmd_set++;
      if (!isTerminated(block)) return reply('CLIENT_ERROR bad data chunk');
      const value = Buffer.from(block.subarray(0, length));
      const fresh = {
        key: flags.key,
        flags: flags.clientFlags,
        value,
        expiresAt,
        binaryKey: flags.binaryKey,
      };
      return answer(flags, state.store.store(mode, fresh, flags.cas, { lateIsStale: flags.stale }));
    },
  };
}

function answer(flags: MetaFlags, result: StoreResult): TextOutcome {
  if (result.kind === 'stored' && flags.quiet) return SILENCE;
  let text = STATUS_OF[result.kind];
  for (const token of flags.tokens) {
    if (token[0] === 'O') text += ` ${token}`;
    if (token[0] === 'k') text += keyEcho(flags.key, flags.binaryKey);
    if (token[0] === 'c') text += ` c${result.kind === 'stored' ? result.cas : 0}`;
  }
  return reply(text);
}

const refuse = (length: number, text: string): TextOutcome => ({
  kind: 'swallow',
  byteLength: length + 2,
  next: reply(text),
});
