import { describe, expect, it, vi } from 'vitest';
import { LONGEST_VALUE_BYTES, MetaReplyParser } from '../../../src/memcached/meta-reply.ts';
import { REPLIES } from '../../../src/memcached/meta-reply-kinds.ts';
import { cutAt, type ParsedReply, parsePieces } from '../../support/parsed-replies.ts';

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');
const parse = (...pieces: string[]) => parsePieces(pieces.map(bytes));

const CASES: readonly (readonly [what: string, wire: string, reply: ParsedReply])[] = [
  ['a value', 'VA 5 f7 O3\r\nhello\r\n', { kind: 'value', token: 3, flags: 7, value: 'hello' }],
  [
    'a value with its flags the other way round',
    'VA 1 O3 f7\r\nx\r\n',
    { kind: 'value', token: 3, flags: 7, value: 'x' },
  ],
  ['a value without flags', 'VA 2\r\nhi\r\n', { kind: 'value', token: -1, flags: 0, value: 'hi' }],
  ['a value of no bytes', 'VA 0 f1 O2\r\n\r\n', { kind: 'value', token: 2, flags: 1, value: '' }],
  [
    'a value that is a line end',
    'VA 2 f0 O1\r\n\r\n\r\n',
    { kind: 'value', token: 1, flags: 0, value: '\r\n' },
  ],
  [
    'a value that looks like replies',
    'VA 22 f0 O1\r\nEN\r\nHD O2\r\nVA 1 f0\r\n\0\xff\r\n',
    { kind: 'value', token: 1, flags: 0, value: 'EN\r\nHD O2\r\nVA 1 f0\r\n\0\xff' },
  ],
  [
    'the largest flags',
    'VA 1 f4294967295 O1073741823\r\nx\r\n',
    { kind: 'value', token: 1_073_741_823, flags: 4_294_967_295, value: 'x' },
  ],
  [
    'flags of other kinds beside ours',
    'VA 1 s1 t-1 W f9 kkey c123456789012345678 O4 Z\r\nx\r\n',
    { kind: 'value', token: 4, flags: 9, ttlSeconds: -1, value: 'x' },
  ],
  [
    'a value with its remaining time',
    'VA 1 f9 t2592000 O4\r\nx\r\n',
    { kind: 'value', token: 4, flags: 9, ttlSeconds: 2_592_000, value: 'x' },
  ],
  ['done', 'HD O12\r\n', { kind: 'done', token: 12, flags: 0 }],
  ['done without a token', 'HD\r\n', { kind: 'done', token: -1, flags: 0 }],
  ['done with the space of 1.6.12 behind it', 'HD \r\n', { kind: 'done', token: -1, flags: 0 }],
  ['done with a space behind its token', 'HD O5 \r\n', { kind: 'done', token: 5, flags: 0 }],
  ['a miss', 'EN O7\r\n', { kind: 'miss', token: 7, flags: 0 }],
  ['a bare miss', 'EN\r\n', { kind: 'miss', token: -1, flags: 0 }],
  ['not stored', 'NS O8\r\n', { kind: 'notStored', token: 8, flags: 0 }],
  ['exists', 'EX O9\r\n', { kind: 'exists', token: 9, flags: 0 }],
  ['not found', 'NF O10\r\n', { kind: 'notFound', token: 10, flags: 0 }],
  ['a version', 'VERSION 1.6.18\r\n', { kind: 'version', token: -1, flags: 0, text: '1.6.18' }],
  ['an error', 'ERROR\r\n', { kind: 'error', token: -1, flags: 0, text: 'ERROR' }],
  [
    'an error with words',
    'ERROR Too many open connections\r\n',
    { kind: 'error', token: -1, flags: 0, text: 'Too many open connections' },
  ],
  [
    'a client error',
    'CLIENT_ERROR bad data chunk\r\n',
    { kind: 'clientError', token: -1, flags: 0, text: 'bad data chunk' },
  ],
  [
    'a server error',
    'SERVER_ERROR out of memory storing object\r\n',
    { kind: 'serverError', token: -1, flags: 0, text: 'out of memory storing object' },
  ],
];
const STREAM = bytes(CASES.map(([, wire]) => wire).join(''));
const REPLIES_OF_STREAM = CASES.map(([, , reply]) => reply);

describe('the reply parser', () => {
  it.each(CASES)('reads %s', (_what, wire, reply) => {
    expect(parse(wire)).toEqual({ replies: [reply], problem: undefined });
  });

  it('reads all that one chunk holds, in order', () => {
    expect(parsePieces([STREAM])).toEqual({ replies: REPLIES_OF_STREAM, problem: undefined });
  });

  it('reads the same from two pieces, wherever they are parted', () => {
    for (let cut = 0; cut <= STREAM.length; cut++) {
      const parsed = parsePieces(cutAt(STREAM, [cut]));
      expect(parsed, `cut at ${cut}`).toEqual({ replies: REPLIES_OF_STREAM, problem: undefined });
    }
  });

  it('reads each reply the same from three pieces, wherever they are parted', () => {
    for (const [what, wire, reply] of CASES) {
      const whole = bytes(wire);
      for (let first = 0; first <= whole.length; first++) {
        for (let second = first; second <= whole.length; second++) {
          const { replies, problem } = parsePieces(cutAt(whole, [first, second]));
          if (problem === undefined && replies.length === 1) {
            expect(replies[0], `${what}, cut at ${first} and ${second}`).toEqual(reply);
          } else expect.unreachable(`${what}, cut at ${first} and ${second}: ${problem}`);
        }
      }
    }
  });

  it('reads the same byte by byte', () => {
    const parsed = parsePieces(Array.from(STREAM, (byte) => Buffer.of(byte)));
    expect(parsed).toEqual({ replies: REPLIES_OF_STREAM, problem: undefined });
  });

  it('tells of a reply as soon as its last byte is there, and not before', () => {
    for (const [what, wire, reply] of CASES) {
      const whole = bytes(wire);
      const early = parsePieces([whole.subarray(0, -1)]);
      expect(early, what).toEqual({ replies: [], problem: undefined });
      expect(parsePieces([whole.subarray(0, -1), whole.subarray(-1)]).replies, what).toEqual([reply]);
    }
  });

  it('takes nothing of one reply over into the next', () => {
    const parser = new MetaReplyParser(({ kind, token, flags, ttlSeconds, cas, bytes, value, text }) => {
      seen.push({ kind, token, flags, ttlSeconds, cas, bytes, value: value?.toString(), text });
      return true;
    });
    const seen: unknown[] = [];
    const NOTHING = { token: -1, flags: 0, cas: '', bytes: -1, value: undefined, text: '' };
    const wire = bytes(
      'VERSION 1.6.18\r\nVA 1 f7 t5 c9 s1 O3\r\nx\r\nHD\r\nSERVER_ERROR busy\r\nEN\r\nERROR\r\n',
    );
    parser.feed(wire, wire.length);
    expect(seen).toEqual([
      { kind: REPLIES.version, ...NOTHING, text: '1.6.18' },
      { kind: REPLIES.value, token: 3, flags: 7, ttlSeconds: 5, cas: '9', bytes: 1, value: 'x', text: '' },
      { kind: REPLIES.done, ...NOTHING },
      { kind: REPLIES.serverError, ...NOTHING, text: 'busy' },
      { kind: REPLIES.miss, ...NOTHING },
      { kind: REPLIES.error, ...NOTHING, text: 'ERROR' },
    ]);
  });

  it('gives values that stay as they are when the read buffer is used again', () => {
    const kept: Buffer[] = [];
    const parser = new MetaReplyParser(({ value }) => {
      kept.push(value!);
      return true;
    });
    const readBuffer = bytes('VA 3 f0 O1\r\nabc\r\n');
    parser.feed(readBuffer, readBuffer.length);
    readBuffer.fill('z');
    expect(kept.map(String)).toEqual(['abc']);
  });

  it('reads nothing behind the length it is told', () => {
    const seen: number[] = [];
    const parser = new MetaReplyParser(({ token }) => {
      seen.push(token);
      return true;
    });
    const readBuffer = bytes('HD O1\r\nHD O2\r\n');
    expect(parser.feed(readBuffer, 7)).toBeUndefined();
    expect(parser.feed(readBuffer, 0)).toBeUndefined();
    expect(seen).toEqual([1]);
  });

  it('tells no more once the receiver has had enough', () => {
    let told = 0;
    const parser = new MetaReplyParser(() => {
      told++;
      return false;
    });
    const wire = bytes('HD O1\r\nHD O2\r\n');
    expect(parser.feed(wire, wire.length)).toBe('a reply to another request');
    expect(parser.feed(wire, wire.length)).toBe('a reply to another request');
    expect(told).toBe(1);
  });
});

describe('the reply parser refuses', () => {
  const AFTER = 'HD O1\r\nVA 1 f0 O2\r\nx\r\n';

  it.each([
    ['an empty line', '\r\n'],
    ['a line feed alone', '\n'],
    ['a word it does not know', 'XX O1\r\n'],
    ['a known word in small letters', 'hd O1\r\n'],
    ['a known word with more behind it', 'HDO1\r\n'],
    ['a known word with a tab behind it', 'HD\tO1\r\n'],
    ['a reply of the classic text protocol', 'STORED\r\n'],
    ['a binary reply', '\x81\0\0\0\0\0\0\0\0\0\0\n'],
    ['ERROR with something glued to it', 'ERRORS\r\n'],
    ['a value without a length', 'VA\r\n'],
    ['a value with a space for a length', 'VA \r\n'],
    ['a value whose length comes after a flag', 'VA f1 3\r\nabc\r\n'],
    ['a negative length', 'VA -1 f0\r\n\r\n'],
    ['a length with a sign', 'VA +1 f0\r\nx\r\n'],
    ['a length with a fraction', 'VA 1.0 f0\r\nx\r\n'],
    ['a length in hexadecimal', 'VA 0x1 f0\r\nx\r\n'],
    ['a length with letters behind it', 'VA 1b f0\r\nx\r\n'],
    ['a length of 20 digits', 'VA 18446744073709551617 f0\r\nx\r\n'],
    ['a length of 20 digits that are mostly zeros', 'VA 00000000000000000001 f0\r\nx\r\n'],
    ['client flags of 20 digits', 'VA 1 f18446744073709551616 O1\r\nx\r\n'],
    ['client flags that are negative', 'VA 1 f-1 O1\r\nx\r\n'],
    ['client flags that are none', 'VA 1 f O1\r\nx\r\n'],
    ['a remaining time that is none', 'VA 1 f0 t O1\r\nx\r\n'],
    ['a remaining time that is a sign', 'VA 1 f0 t- O1\r\nx\r\n'],
    ['a remaining time of 20 digits', 'VA 1 t18446744073709551615 O1\r\nx\r\n'],
    ['a size that is none', 'HD s f0 c1 O1\r\n'],
    ['a size with letters', 'HD s1x f0 c1 O1\r\n'],
    ['a token of 20 digits', 'HD O18446744073709551617\r\n'],
    ['a token of 16 digits', 'HD O1234567890123456\r\n'],
    ['a token that is negative', 'EN O-3\r\n'],
    ['a token with letters', 'HD O3x\r\n'],
    ['a token that is none', 'HD O\r\n'],
    ['a value that goes on behind its announced end', 'VA 2 f0 O1\r\nabc\r\n'],
    ['a value that is followed by a line feed alone', 'VA 2 f0 O1\r\nab\n\r\n'],
    ['a value that ends with two carriage returns', 'VA 2 f0 O1\r\nab\r\r\n'],
    ['a value that is shorter than announced', 'VA 4 f0 O1\r\nab\r\nHD O2\r\n'],
    ['one byte more than any item can have', `VA ${LONGEST_VALUE_BYTES + 1} f0 O1\r\n`],
  ])('%s, and delivers nothing more', (_what, wire) => {
    const whole = bytes(wire + AFTER);
    const { replies, problem } = parsePieces([whole]);
    expect(problem).toEqual(expect.any(String));
    expect(replies).toEqual([]);
    // However it is split, and the problem is told in a line.
    for (let cut = 0; cut <= whole.length; cut++) {
      expect(parsePieces(cutAt(whole, [cut])), `cut at ${cut}`).toEqual({ replies: [], problem });
    }
    expect(parsePieces(Array.from(whole, (byte) => Buffer.of(byte)))).toEqual({ replies: [], problem });
    expect(problem!.length).toBeLessThan(400);
    expect(problem).not.toMatch(/[\r\n]/);
  });

  it('an announced gigabyte before it sets memory aside', () => {
    const pooled = vi.spyOn(Buffer, 'allocUnsafe');
    const slow = vi.spyOn(Buffer, 'allocUnsafeSlow');
    try {
      const parser = new MetaReplyParser(() => true);
      const wire = bytes('VA 1073741824 f0 O1\r\n');
      expect(parser.feed(wire, wire.length)).toBe('a value of 1073741824 bytes');
      const most = [...pooled.mock.calls, ...slow.mock.calls].map(([size]) => size);
      expect(Math.max(0, ...most)).toBeLessThan(10_000);
    } finally {
      pooled.mockRestore();
      slow.mockRestore();
    }
  });

  it('client flags beyond 32 bits', () => {
    expect(parse('VA 1 f4294967296 O1\r\nx\r\n')).toEqual({ replies: [], problem: expect.any(String) });
  });

  it.each([
    ['in one piece', 1],
    ['in pieces of 100 bytes', 100],
  ])('a line without an end, %s', (_what, parts) => {
    const line = bytes('HD '.padEnd(10_000, 'x'));
    const size = Math.ceil(line.length / parts);
    const cuts = Array.from({ length: parts }, (_, i) => i * size);
    expect(parsePieces(cutAt(line, cuts))).toEqual({ replies: [], problem: 'a line without an end' });
  });

  it('a line that is too long whether its end comes with it or later', () => {
    const line = bytes(`SERVER_ERROR ${'x'.repeat(3_000)}\r\n`);
    const later = parsePieces(cutAt(line, [1_000, 2_000]));
    expect(later).toEqual({ replies: [], problem: 'a line without an end' });
    expect(parsePieces([line])).toEqual(later);
  });
});

describe('the work of the reply parser', () => {
  /** Bytes that the parser looked at one by one, copied or searched, for each that came in. */
  function touchesPerByte(whole: Buffer, pieceBytes: number): number {
    let touched = 0;
    let delivered = 0;
    const parser = new MetaReplyParser(() => {
      delivered++;
      return true;
    });
    const counting = (target: Buffer): Buffer =>
      new Proxy(target, {
        get(buffer, name) {
          if (typeof name === 'string' && /^\d+$/.test(name)) {
            touched++;
            return buffer[Number(name)];
          }
          switch (name) {
            case 'copy':
              return (to: Buffer, at: number, from: number, end: number) => {
                touched += end - from;
                return buffer.copy(to, at, from, end);
              };
            case 'subarray':
              return (from: number, end: number) => {
                touched += end - from;
                return buffer.subarray(from, end);
              };
            case 'toString':
              return (encoding: 'latin1', from: number, end: number) => {
                touched += end - from;
                return buffer.toString(encoding, from, end);
              };
            default:
              return Reflect.get(buffer, name, buffer);
          }
        },
      });
    for (let from = 0; from < whole.length; from += pieceBytes) {
      const piece = whole.subarray(from, from + pieceBytes);
      expect(parser.feed(counting(piece), piece.length)).toBeUndefined();
    }
    expect(delivered).toBeGreaterThan(0);
    return touched / whole.length;
  }

  const oneValue = (length: number): Buffer =>
    Buffer.concat([bytes(`VA ${length} f0 O1\r\n`), Buffer.alloc(length, 'v'), bytes('\r\n')]);

  it.each([1, 2, 7, 100, 1_460, 65_536])(
    'touches each byte of a value about once when it comes in pieces of %i bytes',
    (pieceBytes) => {
      expect(touchesPerByte(oneValue(20_000), pieceBytes)).toBeLessThan(1.1);
      expect(touchesPerByte(oneValue(200_000), pieceBytes)).toBeLessThan(1.1);
    },
  );

  it.each([1, 2, 7, 100, 1_460, 65_536])(
    'touches each byte of short replies a few times when they come in pieces of %i bytes',
    (pieceBytes) => {
      expect(touchesPerByte(bytes('HD O1234\r\n'.repeat(2_000)), pieceBytes)).toBeLessThan(8);
      expect(touchesPerByte(bytes('VA 1 f0 O1234\r\nx\r\n'.repeat(2_000)), pieceBytes)).toBeLessThan(8);
    },
  );

  it('touches each byte of a long line a few times, byte by byte as well', () => {
    const line = bytes(`SERVER_ERROR ${'x'.repeat(2_000)}\r\n`);
    for (const pieceBytes of [1, 10, 1_000, 4_000]) expect(touchesPerByte(line, pieceBytes)).toBeLessThan(8);
  });

  it('sets memory aside for values alone, and once for lines that come in parts', () => {
    const wire = bytes('VA 3 f0 O1\r\nabc\r\n'.repeat(1_000));
    const pooled = vi.spyOn(Buffer, 'allocUnsafe');
    const slow = vi.spyOn(Buffer, 'allocUnsafeSlow');
    try {
      const parser = new MetaReplyParser(() => true);
      for (let from = 0; from < wire.length; from += 5) {
        const piece = wire.subarray(from, from + 5);
        parser.feed(piece, piece.length);
      }
      expect(pooled.mock.calls.every(([size]) => size === 3)).toBe(true);
      expect(pooled.mock.calls).toHaveLength(1_000);
      expect(slow.mock.calls).toHaveLength(1);
    } finally {
      pooled.mockRestore();
      slow.mockRestore();
    }
  });
});
