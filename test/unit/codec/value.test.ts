import { randomBytes } from 'node:crypto';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { flagsOf, packingOf } from '../../../src/codec/flags.ts';
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

  it('that is JSON of 2 kB or more is packed, and comes back equal', () => {
    const value = Array.from({ length: 500 }, (_, i) => ({
      id: i,
      name: `chair ${i}`,
      text: 'naïve \ud800',
    }));
    const { value: bytes, flags } = encodeValue(value);
    expect(packingOf(flags)).not.toBe('none');
    expect(bytes.length).toBeLessThan(JSON.stringify(value).length / 3);
    expect(roundTrip(value)).toEqual(value);
  });

  it('that is a string is never packed, whatever its length', () => {
    const text = 'x'.repeat(100_000);
    expect(encodeValue(text)).toEqual({ value: Buffer.from(text), flags: 0 });
  });

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
    ['NaN', Number.NaN],
    ['infinity', Number.NEGATIVE_INFINITY],
    ['a toJSON that throws', { toJSON: () => JSON.parse('') }],
  ])('that JSON cannot hold is refused: %s', (_what, value) => {
    expect(() => encodeValue(value)).toThrow(TypeError);
  });

  class Chair {
    readonly #secret = 1;
    readonly name = 'chair';
    get secret(): number {
      return this.#secret;
    }
  }
  class Fieldless {
    greet(): string {
      return 'hello';
    }
  }
  it.each([
    ['a Map', new Map([[1, 2]]), 'class Map'],
    ['a Set, as DynamoDB gives them', new Set(['a']), 'class Set'],
    ['a Promise', Promise.resolve(1), 'await it first'],
    ['an Error', new Error('e'), 'class Error'],
    ['a Response', new Response('x'), 'class Response'],
    ['a RegExp', /x/, 'class RegExp'],
    ['a SharedArrayBuffer', new SharedArrayBuffer(2), 'class SharedArrayBuffer'],
    ['an instance without fields', new Fieldless(), 'class Fieldless'],
  ])('of which JSON would leave nothing is refused, also deep inside: %s', (_what, value, words) => {
    for (const given of [value, [value], { a: { b: [1, {}, { c: value }] } }, [new Date(0), { value }]]) {
      expect(() => encodeValue(given)).toThrow(words);
      expect(() => encodeValue(given)).toThrow(TypeError);
    }
  });

  it.each([
    ['a Promise (await it first)', Promise.resolve(1)],
    ['a Promise (await it first) at price', { name: 'chair', price: Promise.resolve(1) }],
    ['an object of class Map at items[1].tags', { items: [{}, { tags: new Map() }] }],
    ['an object of class Set at [0]["odd key"]', [{ 'odd key': new Set() }]],
    ['an object of class Set at [""]', { '': new Set() }],
    ['an object of class Uint8Array inside of another value at a.b', { a: { b: new Uint8Array(1) } }],
    ['a BigInt', 1n],
    ['a BigInt at total', { at: new Date(0), total: 1n }],
    ['a BigInt at lines[2]', { lines: [1, null, 1n] }],
    ['an object of class BigInt64Array inside of another value at a', { a: new BigInt64Array(1) }],
  ])('that is refused is told by its place: %s', (words, value) => {
    expect(() => encodeValue(value)).toThrow(`the cache cannot store ${words}: give`);
  });

  it('that has both a cycle and a BigInt is refused', () => {
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    expect(() => encodeValue({ cycle, n: 1n })).toThrow(TypeError);
    expect(() => encodeValue({ n: 1n, cycle })).toThrow('a BigInt at n');
  });

  it.each([
    ['a Buffer', Buffer.from('x')],
    ['an empty Buffer', Buffer.alloc(0)],
    ['a Uint8Array', new Uint8Array(2)],
    ['an empty Uint8Array', new Uint8Array(0)],
    ['a Float64Array', new Float64Array(1)],
    ['a DataView', new DataView(new ArrayBuffer(1))],
    ['an ArrayBuffer', new ArrayBuffer(1)],
  ])('with bytes inside is refused, since JSON would make an object of them: %s', (_what, bytes) => {
    expect(() => encodeValue({ body: bytes })).toThrow(/cannot store/);
    expect(() => encodeValue([[bytes]])).toThrow(/cannot store/);
  });

  it.each<[string, unknown, unknown]>([
    ['a Date becomes its string', { at: new Date(0) }, { at: '1970-01-01T00:00:00.000Z' }],
    ['a Date alone, too', new Date(0), '1970-01-01T00:00:00.000Z'],
    ['a URL becomes its string', [new URL('http://a.example/')], ['http://a.example/']],
    ['a field that is undefined is left out', { a: undefined, b: 1 }, { b: 1 }],
    ['a field that is a function is left out', { a: () => 1, b: 1 }, { b: 1 }],
    ['undefined in a list becomes null', [undefined], [null]],
    ['NaN inside becomes null', { n: Number.NaN }, { n: null }],
    ['an instance becomes its fields', new Chair(), { name: 'chair' }],
    ['toJSON has its say', { toJSON: () => ({ a: 1 }) }, { a: 1 }],
    ['toJSON has its say, also of a Map', Object.assign(new Map(), { toJSON: () => ({}) }), {}],
    ['minus zero becomes zero', -0, 0],
  ])('is changed as JSON changes it: %s', (_what, value, back) => {
    expect(roundTrip(value)).toEqual(back);
  });

  it.each<[unknown]>([
    [{ a: {} }],
    [[{}, []]],
    [Object.create(null)],
    [{ 0: 'a' }],
    [{ type: 'Buffer', data: [1] }],
    [runInNewContext('({ other: {} })')],
  ])('that only looks like something lost is stored: %j', (value) => {
    expect(roundTrip(value)).toEqual(JSON.parse(JSON.stringify(value)));
  });

  it.each([
    ['a typed array', new Float64Array([1, 2])],
    ['an ArrayBuffer', new Float64Array([1, 2]).buffer],
    ['a view of shared memory', new Uint8Array(new SharedArrayBuffer(16))],
    ['many of them', new Float64Array(1_000)],
  ])('that is bytes in another dress comes back as a Buffer of them: %s', (_what, value) => {
    const back = roundTrip(value);
    expect(back).toBeInstanceOf(Buffer);
    const bytes = ArrayBuffer.isView(value)
      ? Buffer.from(value.buffer, value.byteOffset, value.byteLength)
      : Buffer.from(value);
    expect(bytes.equals(back as Buffer)).toBe(true);
  });

  it.each([[10], [10_000]])('of %d bytes is stored as it was when it was given', (size) => {
    const given = randomBytes(size);
    const before = Buffer.from(given);
    const { value } = encodeValue(given);
    given.fill(0);
    expect(value.equals(before)).toBe(true);
  });

  it('with a key named __proto__ gives its object that key, and no other object anything', () => {
    const given = JSON.parse('{"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}}}');
    const back = roundTrip(given) as Record<string, unknown>;
    expect(Object.keys(back)).toEqual(['__proto__', 'constructor']);
    expect(Object.getPrototypeOf(back)).toBe(Object.prototype);
    expect(back.admin).toBeUndefined();
    expect(({} as Record<string, unknown>).admin).toBeUndefined();
  });

  it('that is nested deeper than the stack is refused', () => {
    let deep: unknown = {};
    for (let i = 0; i < 100_000; i++) deep = [deep];
    expect(() => encodeValue(deep)).toThrow(TypeError);
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

  it.each([
    ['text', 0],
    ['JSON', 0x5c000200],
  ])('because its %s is not UTF-8 says so', (what, flags) => {
    const bytes = Buffer.from([0x22, 0xc3, 0x28, 0x22]);
    expect(decodeValue(bytes, flags)).toEqual({ kind: 'undecodable', reason: `its ${what} is not UTF-8` });
  });

  it('is told from a text that holds the replacement character by itself', () => {
    expect(decodeValue(Buffer.from('a\ufffdb'), 0)).toEqual({ kind: 'value', value: 'a\ufffdb' });
  });

  it('does not bring its content into the log', () => {
    const decoded = decodeValue(Buffer.from('secret'), flagsOf('json'));
    expect(decoded).toEqual({ kind: 'undecodable', reason: 'its JSON is broken' });
  });

  it('because its JSON was cut says so and throws nothing', () => {
    const { value, flags } = encodeValue({ a: 1 });
    expect(decodeValue(value.subarray(0, -1), flags)).toMatchObject({ kind: 'undecodable' });
    expect(decodeValue(Buffer.alloc(0), flags)).toMatchObject({ kind: 'undecodable' });
  });
});
