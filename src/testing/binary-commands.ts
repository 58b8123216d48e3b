import { type BinaryHeader, type BinaryReply, commandOf, failure, OPCODE, STATUS } from './binary-frame.ts';
import { hasRightShape } from './binary-shape.ts';
import { countDeltaMiss, countRead, type Direction } from './counters.ts';
import { KEY_MAX_BYTES } from './item.ts';
import type { StoreMode, StoreResult } from './item-store.ts';
import type { NodeState } from './node-state.ts';
import { generalStats, settingsStats } from './stats.ts';

export interface BinaryRequest {
  readonly header: BinaryHeader;
  readonly key: string;
  readonly extras: Buffer;
}

/** What a binary command comes to. `flush`: this reply, and all before it, are out. */
export type BinaryOutcome =
  | { readonly kind: 'replies'; readonly replies: readonly BinaryReply[]; readonly flush?: boolean }
  | {
      readonly kind: 'data';
      readonly byteLength: number;
      readonly complete: (value: Buffer) => BinaryOutcome;
    }
  | { readonly kind: 'swallow'; readonly byteLength: number; readonly next: BinaryOutcome }
  /** The reply, then the end of the connection. */
  | { readonly kind: 'last'; readonly replies: readonly BinaryReply[] };

const SILENCE: BinaryOutcome = { kind: 'replies', replies: [] };
/** As an expiration of INCREMENT: do not create the item. */
const NEVER_CREATE = 0xffff_ffff;

const one = (reply: BinaryReply): BinaryOutcome => ({ kind: 'replies', replies: [reply] });
const fail = (status: number, text?: string): BinaryOutcome => ({
  kind: 'replies',
  replies: [failure(status, text)],
  flush: true,
});
const okUnless = (quiet: boolean, reply: BinaryReply = {}): BinaryOutcome => (quiet ? SILENCE : one(reply));
const breakOff = (status: number): BinaryOutcome => ({ kind: 'last', replies: [failure(status)] });

/** Carries out one request, whose header, extras and key have come. */
export function runBinary(state: NodeState, request: BinaryRequest): BinaryOutcome {
  const { keyBytes, extrasBytes, bodyBytes, opcode } = request.header;
  if (keyBytes + extrasBytes > bodyBytes) return breakOff(STATUS.unknownCommand);
  if (keyBytes > KEY_MAX_BYTES) return breakOff(STATUS.invalid);
  const { command, quiet } = commandOf(opcode);
  if (!hasRightShape(command, request.header)) return breakOff(STATUS.invalid);
  switch (command) {
    case OPCODE.get:
    case OPCODE.getKey:
    case OPCODE.touch:
    case OPCODE.getAndTouch:
    case OPCODE.getAndTouchKey:
      return read(state, request, command, quiet);
    case OPCODE.set:
      return write(state, request, 'set', quiet);
    case OPCODE.add:
      return write(state, request, 'add', quiet);
    case OPCODE.replace:
      return write(state, request, 'replace', quiet);
    case OPCODE.append:
      return write(state, request, 'append', quiet);
    case OPCODE.prepend:
      return write(state, request, 'prepend', quiet);
    case OPCODE.delete:
      return remove(state, request, quiet);
    case OPCODE.increment:
      return addDelta(state, request, 1n, quiet);
    case OPCODE.decrement:
      return addDelta(state, request, -1n, quiet);
    case OPCODE.flush:
      return flush(state, request, quiet);
    case OPCODE.noop:
      return { kind: 'replies', replies: [{}], flush: true };
    case OPCODE.version:
      return one({ value: Buffer.from(state.version, 'latin1') });
    case OPCODE.stat:
      return stat(state, request.key);
    case OPCODE.quit:
      return { kind: 'last', replies: quiet ? [] : [{}] };
    case OPCODE.saslList:
    case OPCODE.saslAuth:
    case OPCODE.saslStep:
      // Nobody can sign in here, as at a memcached that was built without SASL.
      return unknown(bodyBytes - keyBytes);
    default:
      // The key's bytes were read already: memcached swallows as many again, and waits for them.
      return unknown(bodyBytes);
  }
}

function unknown(byteLength: number): BinaryOutcome {
  const next = fail(STATUS.unknownCommand);
  return byteLength === 0 ? next : { kind: 'swallow', byteLength, next };
}

function read(state: NodeState, request: BinaryRequest, command: number, quiet: boolean): BinaryOutcome {
  const touches = request.extras.length === 4;
  const withKey = command === OPCODE.getKey || command === OPCODE.getAndTouchKey;
  const key = withKey ? Buffer.from(request.key, 'latin1') : undefined;
  const item = state.store.find(request.key);
  countRead(state.counters, { hit: item !== undefined, touched: touches });
  if (item === undefined) {
    if (quiet) return SILENCE;
    return key === undefined ? fail(STATUS.notFound) : one({ status: STATUS.notFound, key });
  }
  state.store.bump(item);
  if (touches) item.expiresAt = state.time.expiry(request.extras.readUInt32BE(0));
  const extras = Buffer.alloc(4);
  extras.writeUInt32BE(item.flags);
  const value = command === OPCODE.touch ? {} : { value: item.value };
  return one({ cas: item.cas, extras, ...(key && { key }), ...value });
}

function write(state: NodeState, request: BinaryRequest, named: StoreMode, quiet: boolean): BinaryOutcome {
  const { header, extras, key } = request;
  const { keyBytes, bodyBytes, cas } = header;
  const extendsOld = named === 'append' || named === 'prepend';
  const flags = extendsOld ? 0 : extras.readUInt32BE(0);
  const expiresAt = extendsOld ? 0 : state.time.expiry(extras.readUInt32BE(4));
  const byteLength = bodyBytes - keyBytes - extras.length;
  const room = state.store.allocate(key, flags, byteLength);
  if (room !== 'ok') {
    if (named === 'set') state.store.delete(key);
    const next =
      room === 'too-large'
        ? fail(STATUS.tooLarge)
        : fail(STATUS.outOfMemory, 'Out of memory allocating item');
    return { kind: 'swallow', byteLength, next };
  }
  const mode = cas !== 0n && !extendsOld ? 'cas' : named;
  return {
    kind: 'data',
    byteLength,
    complete: (value) => {
      state.counters.cmd_set++;
      const result = state.store.store(mode, { key, flags, value: Buffer.from(value), expiresAt }, cas);
      return result.kind === 'stored' ? okUnless(quiet, { cas: result.cas }) : fail(refusal(mode, result));
    },
  };
}

function refusal(mode: StoreMode, { kind }: StoreResult): number {
  if (kind === 'exists') return STATUS.exists;
  if (kind === 'not-found') return STATUS.notFound;
  if (mode === 'add') return STATUS.exists;
  return mode === 'replace' ? STATUS.notFound : STATUS.notStored;
}

function remove(state: NodeState, { header, key }: BinaryRequest, quiet: boolean): BinaryOutcome {
  const item = state.store.find(key);
  if (item === undefined) {
    state.counters.delete_misses++;
    return fail(STATUS.notFound);
  }
  if (header.cas !== 0n && header.cas !== item.cas) return fail(STATUS.exists);
  state.counters.delete_hits++;
  state.store.delete(key);
  return okUnless(quiet);
}

function addDelta(
  state: NodeState,
  { header, extras, key }: BinaryRequest,
  direction: Direction,
  quiet: boolean,
): BinaryOutcome {
  const result = state.store.addDelta(key, direction, extras.readBigUInt64BE(0), header.cas);
  switch (result.kind) {
    case 'ok':
      return okUnless(quiet, { cas: result.item.cas, value: uint64(result.value) });
    case 'exists':
      return fail(STATUS.exists);
    case 'non-numeric':
      return fail(STATUS.nonNumeric);
    case 'out-of-memory':
      return fail(STATUS.outOfMemory, 'Out of memory incrementing value');
    default:
      break;
  }
  const expiration = extras.readUInt32BE(16);
  if (expiration === NEVER_CREATE) {
    countDeltaMiss(state.counters, direction);
    return fail(STATUS.notFound);
  }
  const initial = extras.readBigUInt64BE(8);
  const value = Buffer.from(String(initial), 'latin1');
  if (state.store.allocate(key, 0, value.length) !== 'ok') {
    return fail(STATUS.outOfMemory, 'Out of memory allocating new item');
  }
  const { cas } = state.store.put({ key, flags: 0, value, expiresAt: state.time.expiry(expiration) });
  return okUnless(quiet, { cas, value: uint64(initial) });
}

function uint64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes;
}

function flush(state: NodeState, { extras }: BinaryRequest, quiet: boolean): BinaryOutcome {
  state.counters.cmd_flush++;
  const delay = extras.length === 4 ? extras.readUInt32BE(0) : 0;
  state.store.flush(delay > 0 ? state.time.expiry(delay) : undefined);
  return okUnless(quiet);
}

/** One reply a line, and an empty one behind them. */
function stat(state: NodeState, name: string): BinaryOutcome {
  if (name !== '' && name !== 'reset' && name !== 'settings') return fail(STATUS.notFound);
  if (name === 'reset') state.resetCounters();
  const lines = name === '' ? generalStats(state) : name === 'settings' ? settingsStats(state) : [];
  const replies = lines.map(([key, value]) => ({ key: Buffer.from(key), value: Buffer.from(String(value)) }));
  return { kind: 'replies', replies: [...replies, {}], flush: true };
}
