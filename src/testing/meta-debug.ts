import { decodeBase64Key, encodeBase64Key } from './base64-key.ts';
import { itemBytes, KEY_MAX_BYTES } from './item.ts';
import type { NodeState } from './node-state.ts';
import { BAD_FORMAT, reply, type TextOutcome } from './text-outcome.ts';

/** `me`: what is known of an item, for people. */
export function metaDebug(state: NodeState, tokens: readonly string[]): TextOutcome {
  const [, given, flag] = tokens;
  if (given === undefined || given.length > KEY_MAX_BYTES) return reply(BAD_FORMAT);
  const key = flag === 'b' ? decodeBase64Key(given) : given;
  if (key === undefined) return reply(BAD_FORMAT);
  state.counters.cmd_meta++;
  const item = state.store.find(key);
  if (item === undefined) return reply('EN');
  const now = state.time.now();
  const size = itemBytes(item.key, item.flags, item.value.length);
  return reply(
    `ME ${item.binaryKey ? encodeBase64Key(item.key) : item.key}` +
      ` exp=${item.expiresAt === 0 ? -1 : now - item.expiresAt} la=${now - item.accessedAt}` +
      ` cas=${item.cas} fetch=${item.fetched ? 'yes' : 'no'} cls=1 size=${size}`,
  );
}
