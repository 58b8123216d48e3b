import { describe, expect, it } from 'vitest';
import { decodeValue, encodeValue } from '../../../src/codec/value.ts';

const roundTrip = (value: unknown): unknown => {
  const { value: bytes, flags } = encodeValue(value);
  const decoded = decodeValue(bytes, flags);
  return decoded.kind === 'value' ? decoded.value : decoded;
};

describe('a value', () => {
  it('that is a string is stored as its UTF-8 bytes with no flag set', () => {
    expect(encodeValue('naïve')).toEqual({ value: Buffer.from('naïve', 'utf8'), flags: 0 });
  });

  it('that is an empty string is told from the stub of a lease by its flags', () => {
    const { value, flags } = encodeValue('');
    expect(value.length).toBe(0);
    expect(flags).not.toBe(0);
    expect(decodeValue(value, flags)).toEqual({ kind: 'value', value: '' });
  });

  it('that looks like JSON but is a string stays a string', () => {
    expect(roundTrip('{"a":1}')).toBe('{"a":1}');
    expect(roundTrip('null')).toBe('null');
  });

  it.each([[null], [true], [0], [-1.5], [[]], [{}], [{ a: [1, null, 'x'] }]])(
    'that JSON can hold comes back equal: %j',
    (value) => {
      expect(roundTrip(value)).toEqual(value);
    },
  );

  it('of bytes comes back as the same bytes', () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    expect(roundTrip(bytes)).toEqual(bytes);
    expect(roundTrip(Buffer.alloc(0))).toEqual(Buffer.alloc(0));
  });

  it('that is a view of a larger buffer takes only its part', () => {
    const whole = new Uint8Array([1, 2, 3, 4, 5]);
    expect(roundTrip(whole.subarray(1, 4))).toEqual(Buffer.from([2, 3, 4]));
    expect(roundTrip(new DataView(whole.buffer, 3))).toEqual(Buffer.from([4, 5]));
  });

  it.each([
    ['undefined', undefined],
    ['a function', () => 1],
    ['a symbol', Symbol('s')],
    ['a BigInt', 1n],
    ['a BigInt inside', { n: 1n }],
  ])('that JSON cannot hold is refused: %s', (_what, value) => {
    expect(() => encodeValue(value)).toThrow(TypeError);
  });

  it('with a cycle is refused', () => {
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    expect(() => encodeValue(cycle)).toThrow(/cannot store this value/);
  });

  it('with a lone surrogate comes back as it was', () => {
    expect(roundTrip('a\ud800b')).toBe('a\ud800b');
  });
});

describe('an item that cannot be read', () => {
  it('because of foreign flags says so and throws nothing', () => {
    expect(decodeValue(Buffer.from('x'), 1)).toEqual({
      kind: 'undecodable',
      reason: 'flags 0x1 are not of this package',
    });
  });

  it('because its JSON was cut says so and throws nothing', () => {
    const { value, flags } = encodeValue({ a: 1 });
    expect(decodeValue(value.subarray(0, -1), flags)).toMatchObject({ kind: 'undecodable' });
    expect(decodeValue(Buffer.alloc(0), flags)).toMatchObject({ kind: 'undecodable' });
  });
});
