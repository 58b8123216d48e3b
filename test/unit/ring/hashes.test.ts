import { createHash } from 'node:crypto';
import { crc32 as zlibCrc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { DIGEST_WORDS, HASHES } from '../../../src/ring/hash/hashes.ts';

const ALPHABETS = ['abc019:-_/.', 'aé€ß', 'a😀漢', '\ud800x\udc00'];

/** Every length over several blocks, in one to four bytes a character, with lone surrogates; then long ones. */
const TEXTS = [
  ...ALPHABETS.flatMap((alphabet) =>
    Array.from({ length: 290 }, (_, length) =>
      Array.from({ length }, (_, i) => alphabet[(i * i + length) % alphabet.length]).join(''),
    ),
  ),
  'x'.repeat(511),
  'x'.repeat(512),
  'x'.repeat(513),
  '€'.repeat(512),
  'é'.repeat(100_000),
];

function digest(name: keyof typeof HASHES, text: string): readonly number[] {
  const words = new Uint32Array(DIGEST_WORDS);
  HASHES[name].digest(text, words);
  return [...words];
}

/** What differs, as text, so that a failure names the first input and not megabytes of it. */
function mismatches(name: keyof typeof HASHES, expected: (bytes: Buffer) => readonly number[]): string[] {
  return TEXTS.filter((text) => {
    const bytes = Buffer.from(new TextEncoder().encode(text));
    return digest(name, text).join() !== [...expected(bytes), 0, 0, 0].slice(0, DIGEST_WORDS).join();
  }).map((text) => `${JSON.stringify(text.slice(0, 20))} of ${text.length}`);
}

const MASK = 0xffffffffn;
const signExtended = (byte: number): bigint => BigInt.asUintN(32, BigInt((byte << 24) >> 24));

const nodeDigest = (algorithm: string, bytes: Buffer): Buffer => createHash(algorithm).update(bytes).digest();
const littleEndianWords = (bytes: Buffer): number[] => [0, 4, 8, 12].map((at) => bytes.readUInt32LE(at));

describe('a hash reads any text as UTF-8, as its reference does', () => {
  it('md5', () => {
    expect(mismatches('md5', (bytes) => littleEndianWords(nodeDigest('md5', bytes)))).toEqual([]);
  });

  it('sha384', () => {
    expect(mismatches('sha384', (bytes) => littleEndianWords(nodeDigest('sha384', bytes)))).toEqual([]);
  });

  it('sha1', () => {
    expect(mismatches('sha1', (bytes) => [nodeDigest('sha1', bytes).readUInt32BE(0)])).toEqual([]);
  });

  it('crc32', () => {
    expect(mismatches('crc32', (bytes) => [zlibCrc32(bytes)])).toEqual([]);
  });

  it('fnv1a-64, which is 64-bit FNV-1a as seen through 32 bits, with signed bytes', () => {
    const reference = (bytes: Buffer) => {
      let hash = 0xcbf29ce484222325n;
      for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ signExtended(byte)) * 0x100000001b3n);
      return [Number(hash & MASK)];
    };
    expect(mismatches('fnv1a64', reference)).toEqual([]);
  });

  it('one-at-a-time, with signed bytes', () => {
    const reference = (bytes: Buffer) => {
      let hash = 0n;
      for (const byte of bytes) {
        hash = (hash + signExtended(byte)) & MASK;
        hash = (hash + (hash << 10n)) & MASK;
        hash ^= hash >> 6n;
      }
      hash = (hash + (hash << 3n)) & MASK;
      hash ^= hash >> 11n;
      return [Number((hash + (hash << 15n)) & MASK)];
    };
    expect(mismatches('oneAtATime', reference)).toEqual([]);
  });
});

it('knows the published values', () => {
  expect(digest('md5', '')[0]).toBe(0xd98c1dd4);
  expect(digest('sha1', 'abc')[0]).toBe(0xa9993e36);
  expect(digest('sha384', 'abc')[0]).toBe(0x3f7500cb);
  expect(digest('oneAtATime', 'a')[0]).toBe(0xca2e9442);
  expect(digest('oneAtATime', 'The quick brown fox jumps over the lazy dog')[0]).toBe(0x519e91f5);
  expect(digest('crc32', '123456789')[0]).toBe(0xcbf43926);
});

it('is not disturbed by a longer text before', () => {
  digest('md5', 'x'.repeat(500));
  expect(digest('md5', 'a').map((word) => word.toString(16))).toEqual([
    'b975c10c',
    'a8b6f1c0',
    'e299c331',
    '61267769',
  ]);
});
