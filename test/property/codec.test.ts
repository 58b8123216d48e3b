import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatOf } from '../../src/codec/flags.ts';
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

  it('are read without exception under our own flags, whatever their bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.constantFrom(0, 0x5c000001, 0x5c000002, 0x5c000003), (bytes, flags) => {
        expect(['value', 'undecodable']).toContain(decodeValue(Buffer.from(bytes), flags).kind);
      }),
    );
  });
});
