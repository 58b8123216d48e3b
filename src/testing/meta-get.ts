import { countRead } from './counters.ts';
import { type Item, KEY_MAX_BYTES } from './item.ts';
import { META_TOKENS_MAX, type MetaFlags, parseMetaFlags } from './meta-flags.ts';
import { echo, isOpaqueTooLong, keyEcho, OPAQUE_TOO_LONG, remainingSeconds } from './meta-reply.ts';
import type { NodeState } from './node-state.ts';
import { BAD_FORMAT, CRLF, lineOf, reply, SILENCE, type TextOutcome } from './text-outcome.ts';

/** With one of these the read is noticed behind it, so that `h` and `l` tell of the time before. */
const NOTICED_AFTER = 'NTRlh';

/** `mg`: read, touch, and take the lease of a missing, ending or stale item. */
export function metaGet(state: NodeState, tokens: readonly string[]): TextOutcome {
  const key = tokens[1];
  if (key === undefined) return reply('ERROR');
  if (key.length > KEY_MAX_BYTES) return reply(BAD_FORMAT);
  if (tokens.length > META_TOKENS_MAX) return reply('CLIENT_ERROR options flags are too long');
  const parsed = parseMetaFlags(key, tokens.slice(2));
  if (parsed.kind === 'error') return reply(parsed.text);
  const { flags } = parsed;

  const found = state.store.find(flags.key);
  const item = found ?? vivify(state, flags);
  if (item === undefined) return metaMiss(state, flags);

  const notices = !flags.unnoticed;
  const isLate = flags.tokens.some((token) => NOTICED_AFTER.includes(token[0]!));
  if (notices && !isLate) state.store.bump(item);
  const head = readItem(state, flags, item, found === undefined);
  if (head === undefined) return reply(OPAQUE_TOO_LONG);
  if (notices && isLate) state.store.bump(item);
  countRead(state.counters, { hit: true, touched: flags.ttl !== undefined });
  if (!flags.wantsValue) return reply(`HD${head}`);
  const parts = [lineOf(`VA ${item.value.length}${head}`), item.value, Buffer.from(CRLF)];
  return { kind: 'reply', reply: Buffer.concat(parts), flush: false };
}

/** `N`: an empty item in the place of the missing one, whose lease the asker gets. */
function vivify(state: NodeState, { key, vivifyTtl }: MetaFlags): Item | undefined {
  if (vivifyTtl === undefined || state.store.allocate(key, 0, 0) !== 'ok') return undefined;
  return state.store.put({ key, flags: 0, value: Buffer.alloc(0), expiresAt: 0 });
}

function metaMiss(state: NodeState, flags: MetaFlags): TextOutcome {
  // A miss never counts as a touch, even with `T`.
  countRead(state.counters, { hit: false, touched: false });
  const tail = echo(flags);
  if (tail === undefined) return reply(OPAQUE_TOO_LONG);
  return flags.quiet ? SILENCE : reply(`EN${state.echoesOnMiss ? tail : ''}`);
}

/** Carries out the flags in their order, and gives what the reply says of them. */
function readItem({ time }: NodeState, flags: MetaFlags, item: Item, isNew: boolean): string | undefined {
  let text = '';
  let wins = false;
  for (const token of flags.tokens) {
    switch (token[0]) {
      case 'T':
        item.expiresAt = time.expiry(flags.ttl!);
        break;
      case 'N':
        if (!isNew) break;
        item.expiresAt = time.expiry(flags.vivifyTtl!);
        wins = true;
        break;
      case 'R':
        if (isNew || item.leased || item.expiresAt === 0) break;
        if (item.expiresAt < time.expiry(flags.recacheTtl!)) wins = true;
        break;
      case 's':
        text += ` s${item.value.length}`;
        break;
      case 't':
        text += ` t${remainingSeconds(item, time.now())}`;
        break;
      case 'c':
        text += ` c${item.cas}`;
        break;
      case 'f':
        text += ` f${item.flags}`;
        break;
      case 'l':
        text += ` l${time.now() - item.accessedAt}`;
        break;
      case 'h':
        text += item.fetched ? ' h1' : ' h0';
        break;
      case 'k':
        text += keyEcho(item.key, item.binaryKey);
        break;
      case 'O':
        if (isOpaqueTooLong(token)) return undefined;
        text += ` ${token}`;
        break;
    }
  }
  if (item.leased) text += ' Z';
  if (item.stale) text += ' X';
  if (item.stale && !item.leased) wins = true;
  if (!wins) return text;
  item.leased = true;
  return `${text} W`;
}
