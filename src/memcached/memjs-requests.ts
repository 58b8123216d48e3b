// What goes into a request of the binary protocol, and what its reply says. Source: memcached, doc/protocol-binary.txt.

import { NodeRefusedError } from '../base/errors.ts';
import {
  type CountOutcome,
  DELETED,
  type DeleteOutcome,
  type FetchOutcome,
  MISS,
  NOT_FOUND,
  REFUSED,
  STORED,
  type StoreOutcome,
  TOO_LARGE,
  type Unavailable,
  unavailable,
} from '../base/outcome.ts';
import type { Seconds } from '../base/units.ts';
import type { BinaryReply, Exchange } from './memjs-pending.ts';
import { countOf } from './meta-write-replies.ts';

export const OPCODES = {
  get: 0x00,
  set: 0x01,
  add: 0x02,
  replace: 0x03,
  delete: 0x04,
  increment: 0x05,
  decrement: 0x06,
  getAndTouch: 0x1d,
} as const;
/**
 * A repeated `add` would find its own item and say that it was refused, and a repeated count would count twice. What is
 * for one number of an item alone is not repeated either.
 */
export const REPEATABLE: readonly number[] = [OPCODES.get, OPCODES.set, OPCODES.delete, OPCODES.getAndTouch];

const STATUS = {
  ok: 0x00,
  notFound: 0x01,
  exists: 0x02,
  tooLarge: 0x03,
  notStored: 0x05,
  noNumber: 0x06,
} as const;

/** As the time to live of an increment: make no item. */
const MAKE_NONE = 0xffffffff;
const COUNT_BYTES = 8;
/** For any item, whatever its number. */
export const ANY = 0n;

export const NOTHING = Buffer.alloc(0);

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

export const storeExtras = (flags: number, ttlSeconds: Seconds): Buffer =>
  Buffer.concat([uint32(flags >>> 0), uint32(ttlSeconds)]);

export function countExtras(by: number): Buffer {
  const extras = Buffer.alloc(20);
  extras.writeBigUInt64BE(BigInt(by), 0);
  extras.writeUInt32BE(MAKE_NONE, 16);
  return extras;
}

export function fetched(exchange: Exchange, node: string): FetchOutcome {
  if (exchange.kind === 'failed') return unavailable(exchange.error);
  const { status, extras, value } = exchange.reply;
  if (status === STATUS.ok && extras.length >= 4) {
    return { kind: 'hit', value, flags: extras.readUInt32BE(0) };
  }
  return status === STATUS.notFound ? MISS : refused(exchange.reply, node);
}

export function stored(exchange: Exchange, node: string): StoreOutcome {
  if (exchange.kind === 'failed') return unavailable(exchange.error);
  switch (exchange.reply.status) {
    case STATUS.ok:
      return STORED;
    case STATUS.notFound:
    case STATUS.exists:
    case STATUS.notStored:
      return REFUSED;
    case STATUS.tooLarge:
      return TOO_LARGE;
    default:
      return refused(exchange.reply, node);
  }
}

export function deleted(exchange: Exchange, node: string): DeleteOutcome {
  if (exchange.kind === 'failed') return unavailable(exchange.error);
  const { status } = exchange.reply;
  if (status === STATUS.ok) return DELETED;
  if (status === STATUS.notFound || status === STATUS.exists) return NOT_FOUND;
  return refused(exchange.reply, node);
}

export function counted(exchange: Exchange, node: string): CountOutcome {
  if (exchange.kind === 'failed') return unavailable(exchange.error);
  const { status, value } = exchange.reply;
  if (status === STATUS.ok && value.length === COUNT_BYTES) return countOf(Number(value.readBigUInt64BE()));
  if (status === STATUS.notFound) return NOT_FOUND;
  return status === STATUS.noNumber ? REFUSED : refused(exchange.reply, node);
}

function refused({ status, value }: BinaryReply, node: string): Unavailable {
  const text = value.toString('latin1').slice(0, 100) || `status 0x${status.toString(16)}`;
  return unavailable(new NodeRefusedError(node, text));
}
