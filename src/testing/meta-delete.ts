import { parseKeyAndFlags } from './meta-flags.ts';
import { echo, OPAQUE_TOO_LONG } from './meta-reply.ts';
import type { NodeState } from './node-state.ts';
import { reply, SILENCE, type TextOutcome } from './text-outcome.ts';

/** `md`: deletes, or with `I` marks stale. */
export function metaDelete(state: NodeState, tokens: readonly string[]): TextOutcome {
  const parsed = parseKeyAndFlags(tokens);
  if (parsed.kind === 'error') return reply(parsed.text);
  const { flags } = parsed;
  const tail = echo(flags);
  if (tail === undefined) return reply(OPAQUE_TOO_LONG);

  const item = state.store.find(flags.key);
  if (item === undefined || (flags.cas !== undefined && flags.cas !== item.cas)) {
    state.counters.delete_misses++;
    return reply(`${item === undefined ? 'NF' : 'EX'}${tail}`);
  }
  if (flags.stale) {
    if (flags.ttl !== undefined) item.expiresAt = state.time.expiry(flags.ttl);
    state.store.invalidate(item);
  } else {
    state.counters.delete_hits++;
    state.store.delete(flags.key);
  }
  return flags.quiet ? SILENCE : reply(`HD${tail}`);
}
