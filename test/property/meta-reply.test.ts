import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutAt, type ParsedReply, parsePieces } from '../support/parsed-replies.ts';
import { fuzzReplies } from '../support/reply-fuzz.ts';

/** A reply and how it looks on the wire. */
interface Sample {
  readonly wire: string;
  readonly reply: ParsedReply;
}

const token = fc.option(fc.integer({ min: 0, max: 0x3fffffff }), { nil: -1 });
const flags = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffffffff }));
/** Any bytes, or such as look like the end of a value and the next reply. */
const value = fc.oneof(
  fc.string({
    unit: fc.integer({ min: 0, max: 255 }).map((byte) => String.fromCharCode(byte)),
    maxLength: 60,
  }),
  fc
    .array(fc.constantFrom('\r', '\n', '\r\n', 'EN\r\n', 'HD O1\r\n', 'VA 3 f0 O2\r\n', 'x'), {
      maxLength: 12,
    })
    .map((parts) => parts.join('')),
  fc.integer({ min: 2_000, max: 5_000 }).map((length) => 'v'.repeat(length)),
);
const words = fc.stringMatching(/^[a-z0-9.]{1,12}( [a-z0-9.]{1,12}){0,3}$/);
const echoed = (of: number): string => (of < 0 ? '' : ` O${of}`);

const valueReply = fc
  .record({
    value,
    flags,
    token,
    tokenFirst: fc.boolean(),
    other: fc.constantFrom<readonly [string, number?]>([''], [' s3'], [' t-1 W', -1], [' t60', 60]),
  })
  .map(({ value: sent, flags: bits, token: opaque, tokenFirst, other: [other, ttlSeconds] }): Sample => {
    const order = tokenFirst ? `${echoed(opaque)}${other} f${bits}` : ` f${bits}${other}${echoed(opaque)}`;
    return {
      wire: `VA ${sent.length}${order}\r\n${sent}\r\n`,
      reply: {
        kind: 'value',
        token: opaque,
        flags: bits,
        ...(ttlSeconds === undefined ? {} : { ttlSeconds }),
        value: sent,
      },
    };
  });
const shortReply = fc
  .record({
    word: fc.constantFrom(
      ['HD', 'done'] as const,
      ['EN', 'miss'] as const,
      ['NS', 'notStored'] as const,
      ['EX', 'exists'] as const,
      ['NF', 'notFound'] as const,
    ),
    token,
    end: fc.constantFrom('', ' '),
  })
  .map(
    ({ word: [letters, kind], token: opaque, end }): Sample => ({
      wire: `${letters}${echoed(opaque)}${end}\r\n`,
      reply: { kind, token: opaque, flags: 0 },
    }),
  );
const textReply = fc
  .record({
    word: fc.constantFrom(
      ['VERSION', 'version'] as const,
      ['ERROR', 'error'] as const,
      ['CLIENT_ERROR', 'clientError'] as const,
      ['SERVER_ERROR', 'serverError'] as const,
    ),
    text: words,
  })
  .map(
    ({ word: [letters, kind], text }): Sample => ({
      wire: `${letters} ${text}\r\n`,
      reply: { kind, token: -1, flags: 0, text },
    }),
  );

const stream = fc.array(
  fc.oneof({ weight: 3, arbitrary: valueReply }, { weight: 2, arbitrary: shortReply }, textReply),
  {
    maxLength: 12,
  },
);
const cuts = fc.array(fc.nat({ max: 8_000 }), { maxLength: 20 });
const bytesOf = (samples: readonly Sample[]): Buffer =>
  Buffer.from(samples.map(({ wire }) => wire).join(''), 'latin1');

describe('the reply parser', () => {
  it('reads any replies the same, however they are split', () => {
    fc.assert(
      fc.property(stream, cuts, (samples, at) => {
        const parsed = parsePieces(cutAt(bytesOf(samples), at));
        expect(parsed).toEqual({ replies: samples.map(({ reply }) => reply), problem: undefined });
      }),
      { numRuns: 8_000 },
    );
  });

  it('delivers what came whole before the bytes went bad, and nothing after', () => {
    const bad = fc.constantFrom(
      '\r\n',
      'XX\r\n',
      'VA x\r\n',
      'HD O\r\n',
      'VA 1 f0\r\nabc\r\n',
      'OK\r\n',
      '\0\n',
    );
    fc.assert(
      fc.property(stream, bad, stream, cuts, (before, broken, after, at) => {
        const bytes = Buffer.concat([bytesOf(before), Buffer.from(broken, 'latin1'), bytesOf(after)]);
        const { replies, problem } = parsePieces(cutAt(bytes, at));
        expect(replies).toEqual(before.map(({ reply }) => reply));
        expect(problem).toEqual(expect.any(String));
      }),
      { numRuns: 4_000 },
    );
  });

  it('reads what is left of a stream that lost its end as far as it goes', () => {
    fc.assert(
      fc.property(stream, fc.nat({ max: 8_000 }), cuts, (samples, lost, at) => {
        const whole = bytesOf(samples);
        const kept = whole.subarray(0, Math.max(0, whole.length - lost));
        let end = 0;
        const complete = samples.filter(({ wire }) => {
          end += wire.length;
          return end <= kept.length;
        });
        const { replies, problem } = parsePieces(cutAt(kept, at));
        expect(problem).toBeUndefined();
        expect(replies).toEqual(complete.map(({ reply }) => reply));
      }),
      { numRuns: 4_000 },
    );
  });

  it('throws at no garbage, takes no refusal back, and makes the same of it in pieces', () => {
    const { replies, refused } = fuzzReplies(200_000, 20_261);
    // The inputs are not all refused at once, nor all sound.
    expect(refused).toBeGreaterThan(50_000);
    expect(replies).toBeGreaterThan(20_000);
  });
});
