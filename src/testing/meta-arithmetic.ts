import { countDeltaMiss, type Direction } from './counters.ts';
import type { DeltaResult } from './item-store.ts';
import { type MetaFlags, parseKeyAndFlags } from './meta-flags.ts';
import { echo, isOpaqueTooLong, keyEcho, OPAQUE_TOO_LONG, remainingSeconds } from './meta-reply.ts';
import type { NodeState } from './node-state.ts';
import { CRLF, reply, SILENCE, type TextOutcome } from './text-outcome.ts';

/** `ma`: counts up or down, and with `N` from nothing. */
export function metaArithmetic(state: NodeState, tokens: readonly string[]): TextOutcome {
  const parsed = parseKeyAndFlags(tokens);
  if (parsed.kind === 'error') return reply(parsed.text);
  const { flags } = parsed;
  const direction = directionOf(flags.mode);
  if (direction === undefined) return reply('CLIENT_ERROR invalid mode for ma M token');

  const result = state.store.addDelta(flags.key, direction, flags.delta, flags.cas);
  switch (result.kind) {
    case 'ok':
      return counted(state, flags, result, flags.quiet);
    case 'non-numeric':
      return reply('CLIENT_ERROR cannot increment or decrement non-numeric value');
    case 'out-of-memory':
      return reply('SERVER_ERROR out of memory');
    case 'exists':
      return unlessTooLong(echo(flags), 'EX');
    default:
      break;
  }
  if (flags.vivifyTtl === undefined) {
    countDeltaMiss(state.counters, direction);
    return unlessTooLong(echo(flags), 'NF');
  }
  const value = Buffer.from(String(flags.initial), 'latin1');
  if (state.store.allocate(flags.key, 0, value.length) !== 'ok') {
    return reply('SERVER_ERROR Out of memory allocating new item');
  }
  const item = state.store.put({ key: flags.key, flags: 0, value, expiresAt: 0 });
  // Silence is for counting only: whoever asked for it still hears that the item is new.
  return counted(state, flags, { value: flags.initial, item }, false, true);
}

function directionOf(mode: string): Direction | undefined {
  if (mode === '' || mode === 'I' || mode === '+') return 1n;
  return mode === 'D' || mode === '-' ? -1n : undefined;
}

function counted(
  { time }: NodeState,
  flags: MetaFlags,
  { value, item }: Pick<DeltaResult & { kind: 'ok' }, 'value' | 'item'>,
  quiet: boolean,
  isNew = false,
): TextOutcome {
  let text = '';
  for (const token of flags.tokens) {
    switch (token[0]) {
      case 'c':
        text += ` c${item.cas}`;
        break;
      case 't':
        text += ` t${remainingSeconds(item, time.now())}`;
        break;
      case 'T':
        item.expiresAt = time.expiry(flags.ttl!);
        break;
      case 'N':
        if (isNew) item.expiresAt = time.expiry(flags.vivifyTtl!);
        break;
      case 'k':
        text += keyEcho(flags.key, flags.binaryKey);
        break;
      case 'O':
        if (isOpaqueTooLong(token)) return reply(OPAQUE_TOO_LONG);
        text += ` ${token}`;
        break;
    }
  }
  if (quiet) return SILENCE;
  const digits = String(value);
  return reply(flags.wantsValue ? `VA ${digits.length}${text}${CRLF}${digits}` : `HD${text}`);
}

const unlessTooLong = (tail: string | undefined, status: string): TextOutcome =>
  reply(tail === undefined ? OPAQUE_TOO_LONG : status + tail);
