import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatOf, packingOf } from '../../src/codec/flags.ts';
import { decodeValue, encodeValue } from '../../src/codec/value.ts';

function roundTrip(value: unknown): unknown {
  const { value: bytes, flags } = encodeValue(value);
  expect(flags).toBe(flags >>> 0);
  return decodeValue(bytes, flags);
}

describe('values', () => {
  it('that JSON can hold come back as JSON would give them', () => {
    fc.assert(
      fc.property(
        fc.jsonValue().filter((value) => typeof value !== 'string'),
        (value) => {
          expect(roundTrip(value)).toEqual({ kind: 'value', value: JSON.parse(JSON.stringify(value)) });
        },
      ),
    );
  });

  it('that are strings come back as they were, whatever they hold', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom('', '\ufeff', '\0', '\u2028', '"', '\\ud800'),
    );
    fc.assert(
      fc.property(text, (value) => {
        expect(roundTrip(value)).toEqual({ kind: 'value', value });
      }),
    );
  });

  it('that are strings of any code units come back as they were', () => {
    const units = fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 20 });
    fc.assert(
      fc.property(units, (codes) => {
        const value = String.fromCharCode(...codes);
        expect(roundTrip(value)).toEqual({ kind: 'value', value });
      }),
    );
  });

  it('that are bytes come back as the same bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(roundTrip(bytes)).toEqual({ kind: 'value', value: Buffer.from(bytes) });
      }),
    );
  });

  /** Sizes on both sides of where packing starts, and of where it changes. */
  const around = fc.oneof(
    fc.integer({ min: 2_000, max: 2_100 }),
    fc.integer({ min: 16_300, max: 16_450 }),
    fc.integer({ min: 0, max: 40_000 }),
  );

  it('of any size come back as they were, packed or not', () => {
    const unit = fc.oneof(fc.jsonValue(), fc.string({ unit: 'binary' }), fc.uint8Array({ maxLength: 50 }));
    fc.assert(
      fc.property(around, unit, (size, given) => {
        const text =
          given instanceof Uint8Array ? Buffer.from(given).toString('latin1') : JSON.stringify(given);
        const filled = Buffer.alloc(size, text === '' ? 'x' : text);
        expect(roundTrip(filled)).toEqual({ kind: 'value', value: filled });
        const long = [filled.toString('latin1'), given instanceof Uint8Array ? null : given];
        expect(roundTrip(long)).toEqual({ kind: 'value', value: JSON.parse(JSON.stringify(long)) });
      }),
    );
  });

  it('never grow by packing', () => {
    fc.assert(
      fc.property(around, fc.integer({ min: 1, max: 256 }), fc.integer(), (size, symbols, seed) => {
        const bytes = Buffer.alloc(size);
        for (let i = 0, state = seed; i < size; i++) {
          state = (Math.imul(state, 1_103_515_245) + 12_345) | 0;
          bytes[i] = (state >>> 16) % symbols;
        }
        const { value, flags } = encodeValue(bytes);
        expect(value.length).toBeLessThanOrEqual(packingOf(flags) === 'none' ? size : size * 0.9);
        expect(decodeValue(value, flags)).toEqual({ kind: 'value', value: bytes });
      }),
    );
  });

  it('never look like the stub of a lease', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.jsonValue(), fc.uint8Array()), (value) => {
        const encoded = encodeValue(value);
        expect(encoded.value.length > 0 || encoded.flags !== 0).toBe(true);
      }),
    );
  });
});

describe('items of others', () => {
  it('are undecodable under any flags that are not ours, and never an exception', () => {
    const flags = fc
      .integer({ min: 1, max: 0xffffffff })
      .filter((candidate) => formatOf(candidate) === undefined);
    fc.assert(
      fc.property(fc.uint8Array(), flags, (bytes, given) => {
        expect(decodeValue(Buffer.from(bytes), given)).toMatchObject({ kind: 'undecodable' });
      }),
    );
  });

  const ours = fc
    .tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 3 }))
    .map(([packing, format]) => 0x5c000000 | (packing << 12) | (format << 8));

  it('are read without exception under our own flags, whatever their bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array(), ours, (bytes, flags) => {
        expect(['value', 'undecodable']).toContain(decodeValue(Buffer.from(bytes), flags).kind);
      }),
    );
  });

  it('are read without exception when they were ours and were cut or changed', () => {
    const size = fc.integer({ min: 0, max: 2_000 });
    const damage = fc.tuple(fc.nat(), fc.nat(255), fc.nat());
    fc.assert(
      fc.property(size, damage, (records, [at, byte, length]) => {
        const { value, flags } = encodeValue(
          Array.from({ length: records }, (_, i) => ({ i, name: `n${i}` })),
        );
        const broken = Buffer.from(value.subarray(0, length % (value.length + 1)));
        if (broken.length > 0) broken[at % broken.length] = byte;
        expect(['value', 'undecodable']).toContain(decodeValue(broken, flags).kind);
      }),
    );
  });
});
