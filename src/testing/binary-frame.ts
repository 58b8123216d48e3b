/** One request of the binary protocol, its header taken apart. */
export interface BinaryHeader {
  readonly opcode: number;
  readonly keyBytes: number;
  readonly extrasBytes: number;
  readonly bodyBytes: number;
  readonly opaque: number;
  readonly cas: bigint;
}

export interface BinaryReply {
  readonly status?: number;
  readonly cas?: bigint;
  readonly extras?: Buffer;
  readonly key?: Buffer;
  readonly value?: Buffer;
}

export const HEADER_BYTES = 24;
export const REQUEST_MAGIC = 0x80;
const REPLY_MAGIC = 0x81;

/** Names as in memcached's protocol text. A quiet form answers errors only, or, of a get, hits only. */
export const OPCODE = {
  get: 0x00,
  set: 0x01,
  add: 0x02,
  replace: 0x03,
  delete: 0x04,
  increment: 0x05,
  decrement: 0x06,
  quit: 0x07,
  flush: 0x08,
  noop: 0x0a,
  version: 0x0b,
  getKey: 0x0c,
  append: 0x0e,
  prepend: 0x0f,
  stat: 0x10,
  touch: 0x1c,
  getAndTouch: 0x1d,
  saslList: 0x20,
  saslAuth: 0x21,
  saslStep: 0x22,
  getAndTouchKey: 0x23,
} as const;

const LOUD_OF_QUIET: ReadonlyMap<number, number> = new Map([
  [0x09, OPCODE.get],
  [0x0d, OPCODE.getKey],
  [0x11, OPCODE.set],
  [0x12, OPCODE.add],
  [0x13, OPCODE.replace],
  [0x14, OPCODE.delete],
  [0x15, OPCODE.increment],
  [0x16, OPCODE.decrement],
  [0x17, OPCODE.quit],
  [0x18, OPCODE.flush],
  [0x19, OPCODE.append],
  [0x1a, OPCODE.prepend],
  [0x1e, OPCODE.getAndTouch],
  [0x24, OPCODE.getAndTouchKey],
]);

/** The command behind an opcode, and whether it was its quiet form. */
export function commandOf(opcode: number): { command: number; quiet: boolean } {
  const loud = LOUD_OF_QUIET.get(opcode);
  return { command: loud ?? opcode, quiet: loud !== undefined };
}

export const STATUS = {
  ok: 0x00,
  notFound: 0x01,
  exists: 0x02,
  tooLarge: 0x03,
  invalid: 0x04,
  notStored: 0x05,
  nonNumeric: 0x06,
  unknownCommand: 0x81,
  outOfMemory: 0x82,
} as const;

const TEXT_OF_STATUS: ReadonlyMap<number, string> = new Map([
  [STATUS.notFound, 'Not found'],
  [STATUS.exists, 'Data exists for key.'],
  [STATUS.tooLarge, 'Too large.'],
  [STATUS.invalid, 'Invalid arguments'],
  [STATUS.notStored, 'Not stored.'],
  [STATUS.nonNumeric, 'Non-numeric server-side value for incr or decr'],
  [STATUS.unknownCommand, 'Unknown command'],
]);

/** An error reply; `text` where the status has no fixed one. */
export const failure = (status: number, text = TEXT_OF_STATUS.get(status) ?? ''): BinaryReply => ({
  status,
  value: Buffer.from(text, 'latin1'),
});

/** Undefined when these bytes are no request: the connection cannot go on. */
export function readHeader(bytes: Buffer): BinaryHeader | undefined {
  if (bytes[0] !== REQUEST_MAGIC) return undefined;
  return {
    opcode: bytes.readUInt8(1),
    keyBytes: bytes.readUInt16BE(2),
    extrasBytes: bytes.readUInt8(4),
    bodyBytes: bytes.readUInt32BE(8),
    opaque: bytes.readUInt32BE(12),
    cas: bytes.readBigUInt64BE(16),
  };
}

const NOTHING = Buffer.alloc(0);

export function encodeReply({ opcode, opaque }: BinaryHeader, reply: BinaryReply): Buffer {
  const { status = STATUS.ok, cas = 0n, extras = NOTHING, key = NOTHING, value = NOTHING } = reply;
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt8(REPLY_MAGIC, 0);
  header.writeUInt8(opcode, 1);
  header.writeUInt16BE(key.length, 2);
  header.writeUInt8(extras.length, 4);
  header.writeUInt16BE(status, 6);
  header.writeUInt32BE(extras.length + key.length + value.length, 8);
  header.writeUInt32BE(opaque, 12);
  header.writeBigUInt64BE(cas, 16);
  return Buffer.concat([header, extras, key, value]);
}
