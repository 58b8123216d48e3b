import fc from 'fast-check';

export interface BinaryRequest {
  readonly opcode: number;
  readonly key: string;
  readonly extras: Buffer;
  readonly value: string;
  /** 0 for none, else the cas unique that was given so many stores after the start. */
  readonly casAfter: number;
}

const HEADER_BYTES = 24;
const ARITHMETIC = [0x05, 0x06, 0x15, 0x16];

const key = fc.constantFrom('a', 'a', 'b', 'n', 'k'.repeat(250));
const value = fc.constantFrom('', '0', '9', '99', 'abc', '18446744073709551615');
const expiration = fc.constantFrom(0, 100, 2_592_000, 2_592_001);
const count = fc.constantFrom(0n, 1n, 5n, 1_000_000_000_000n, 18_446_744_073_709_551_615n);

const bytes = (length: number, write: (buffer: Buffer) => void): Buffer => {
  const buffer = Buffer.alloc(length);
  write(buffer);
  return buffer;
};

/** Extras of the right shape for this opcode. */
function extrasOf(opcode: number): fc.Arbitrary<Buffer> {
  if ([1, 2, 3, 0x11, 0x12, 0x13].includes(opcode)) {
    return fc
      .record({ flags: fc.constantFrom(0, 7, 0xffff_ffff), expiration })
      .map(({ flags, expiration }) =>
        bytes(8, (to) => to.writeUInt32BE(expiration, to.writeUInt32BE(flags))),
      );
  }
  if (ARITHMETIC.includes(opcode)) {
    return fc
      .record({ delta: count, initial: count, expiration: fc.oneof(expiration, fc.constant(0xffff_ffff)) })
      .map(({ delta, initial, expiration }) =>
        bytes(20, (to) =>
          to.writeUInt32BE(expiration, to.writeBigUInt64BE(initial, to.writeBigUInt64BE(delta))),
        ),
      );
  }
  if ([0x1c, 0x1d, 0x1e, 0x23, 0x24].includes(opcode)) {
    return expiration.map((seconds) => bytes(4, (to) => to.writeUInt32BE(seconds)));
  }
  return fc.constant(Buffer.alloc(0));
}

const hasValue = (opcode: number): boolean =>
  [1, 2, 3, 0x0e, 0x0f, 0x11, 0x12, 0x13, 0x19, 0x1a].includes(opcode);
const hasKey = (opcode: number): boolean => ![0x08, 0x0a, 0x0b, 0x18, 0x20].includes(opcode);

const opcode = fc.constantFrom(
  ...[
    0x00, 0x00, 0x01, 0x01, 0x02, 0x03, 0x04, 0x05, 0x05, 0x06, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e,
    0x0f,
  ],
  ...[0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x18, 0x19, 0x1a, 0x1c, 0x1d, 0x1e, 0x20, 0x21, 0x23, 0x24],
);

const wellFormed: fc.Arbitrary<BinaryRequest> = opcode.chain((opcode) =>
  fc.record({
    opcode: fc.constant(opcode),
    key: hasKey(opcode) ? key : fc.constant(''),
    extras: extrasOf(opcode),
    value: hasValue(opcode) ? value : fc.constant(''),
    casAfter: fc.constantFrom(0, 0, 0, 1, 2, 3),
  }),
);

/** Keys too long, extras of no shape, commands that there are not: mostly the end of the connection. */
const malformed: fc.Arbitrary<BinaryRequest> = fc.constantFrom(
  { opcode: 0x00, key: 'k'.repeat(251), extras: Buffer.alloc(0), value: '', casAfter: 0 },
  { opcode: 0x00, key: '', extras: Buffer.alloc(0), value: '', casAfter: 0 },
  { opcode: 0x01, key: 'a', extras: Buffer.alloc(4), value: 'x', casAfter: 0 },
  { opcode: 0x0a, key: 'a', extras: Buffer.alloc(0), value: '', casAfter: 0 },
  { opcode: 0x50, key: '', extras: Buffer.alloc(0), value: '', casAfter: 0 },
  { opcode: 0x07, key: '', extras: Buffer.alloc(0), value: '', casAfter: 0 },
  { opcode: 0x17, key: '', extras: Buffer.alloc(0), value: '', casAfter: 0 },
  { opcode: 0x10, key: 'bogus', extras: Buffer.alloc(0), value: '', casAfter: 0 },
);

/**
 * Connections, one after another, with the requests of each. Arithmetic comes first on its own: memcached counts
 * with other digits while an earlier reply still shows the item.
 */
export const binarySession: fc.Arbitrary<readonly (readonly BinaryRequest[])[]> = fc
  .array(
    fc.record({
      request: fc.oneof({ weight: 30, arbitrary: wellFormed }, { weight: 1, arbitrary: malformed }),
      newConnection: fc.integer({ min: 0, max: 7 }).map((draw) => draw === 0),
    }),
    { minLength: 1, maxLength: 25, size: 'max' },
  )
  .map((drawn) => {
    const connections: BinaryRequest[][] = [];
    for (const { request, newConnection } of drawn) {
      if (connections.length === 0 || newConnection || ARITHMETIC.includes(request.opcode))
        connections.push([]);
      connections.at(-1)!.push(request);
    }
    return connections;
  });

/** One character a byte. Requests carry their number as the opaque. */
export function encodeRequest(request: BinaryRequest, opaque: number, casBase: bigint): string {
  const { opcode, key, extras, value, casAfter } = request;
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt8(0x80, 0);
  header.writeUInt8(opcode, 1);
  header.writeUInt16BE(key.length, 2);
  header.writeUInt8(extras.length, 4);
  header.writeUInt32BE(extras.length + key.length + value.length, 8);
  header.writeUInt32BE(opaque, 12);
  header.writeBigUInt64BE(casAfter === 0 ? 0n : casBase + BigInt(casAfter), 16);
  return header.toString('latin1') + extras.toString('latin1') + key + value;
}

/** Header fields and body of each reply; cas uniques count from `casBase`. */
export function decodeReplies(text: string, casBase: bigint): string[] {
  const all = Buffer.from(text, 'latin1');
  const replies: string[] = [];
  for (let at = 0; at < all.length; ) {
    const head = all.subarray(at, at + HEADER_BYTES);
    const end = at + HEADER_BYTES + head.readUInt32BE(8);
    const cas = head.readBigUInt64BE(16);
    replies.push(
      [
        `opcode ${head.readUInt8(1)} status ${head.readUInt16BE(6)} opaque ${head.readUInt32BE(12)}`,
        `key ${head.readUInt16BE(2)} extras ${head.readUInt8(4)} cas ${cas === 0n ? 'none' : cas - casBase}`,
        JSON.stringify(all.toString('latin1', at + HEADER_BYTES, end)),
      ].join(' '),
    );
    at = end;
  }
  return replies;
}
