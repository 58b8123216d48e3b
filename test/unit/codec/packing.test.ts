import { createHash, randomBytes } from 'node:crypto';
import { constants, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { packed, UNPACKED_LIMIT, unpacked } from '../../../src/codec/packing.ts';

/** Records as an API gives them, `size` bytes of JSON or a little more. */
function json(size: number): Buffer {
  const items: unknown[] = [];
  let length = 0;
  for (let i = 0; length < size; i++) {
    const item = { id: `item-${i * 7919}`, name: `chair ${i}`, priceCents: i * 31, tags: ['a', 'b'] };
    items.push(item);
    length += JSON.stringify(item).length + 1;
  }
  return Buffer.from(JSON.stringify(items));
}

/** A Node before 22.15, whose zlib is otherwise the same. */
function withoutZstd(): void {
  const real = process.getBuiltinModule('node:zlib');
  const older = { ...real, zstdCompressSync: undefined, zstdDecompressSync: undefined };
  vi.spyOn(process, 'getBuiltinModule').mockReturnValue(older as unknown as object);
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('a value that can shrink', () => {
  it.each([
    [2_048, 'deflate'],
    [16_000, 'deflate'],
    [20_000, 'zstd'],
    [1_000_000, 'zstd'],
  ])('of %d bytes is packed by %s, and unpacked again', (size, packing) => {
    const bytes = json(size);
    const result = packed(bytes)!;
    expect(result.packing).toBe(packing);
    expect(result.bytes.length).toBeLessThan(bytes.length / 2);
    expect(unpacked(result.packing, result.bytes)).toEqual(bytes);
  });

  it('is packed by deflate where Node has no zstd', () => {
    withoutZstd();
    const bytes = json(100_000);
    const result = packed(bytes)!;
    expect(result.packing).toBe('deflate');
    expect(result.bytes.length).toBeLessThan(bytes.length / 2);
    vi.restoreAllMocks();
    expect(unpacked('deflate', result.bytes)).toEqual(bytes);
  });

  it('is packed from 2 kB on', () => {
    expect(packed(Buffer.alloc(2_047, 'x'))).toBeUndefined();
    expect(packed(Buffer.alloc(2_048, 'x'))).toBeDefined();
  });

  it('is left as it is where it could not be unpacked again', () => {
    const largest = packed(Buffer.alloc(UNPACKED_LIMIT, 'x'))!;
    expect(unpacked(largest.packing, largest.bytes)).toHaveLength(UNPACKED_LIMIT);
    expect(packed(Buffer.alloc(UNPACKED_LIMIT + 1, 'x'))).toBeUndefined();
  });
});

describe('a value that cannot shrink', () => {
  const hashes = Array.from({ length: 3_000 }, (_, i) => createHash('sha1').update(`${i}`).digest('base64'));
  const text = JSON.stringify(hashes);
  it.each([
    ['random', randomBytes(100_000)],
    ['random, of the least size', randomBytes(2_048)],
    ['compressed by gzip', gzipSync(text)],
    ['compressed by zstd', zstdCompressSync(Buffer.from(text))],
  ])('costs no call of a compressor: %s', (_what, bytes) => {
    const loaded = vi.spyOn(process, 'getBuiltinModule');
    expect(packed(bytes)).toBeUndefined();
    expect(loaded).not.toHaveBeenCalled();
  });

  it('by a tenth is left as it is, even where its middle looks as if it could', () => {
    const bytes = Buffer.concat([randomBytes(20_000), Buffer.alloc(1_024, 'x'), randomBytes(20_000)]);
    expect(packed(bytes)).toBeUndefined();
  });
});

describe('packed bytes that cannot be unpacked', () => {
  const cases = [packed(json(8_000))!, packed(json(30_000))!];

  it.each(cases)('because they are cut say so, wherever they are cut: $packing', ({ packing, bytes }) => {
    for (let length = 0; length < bytes.length; length += 7) {
      expect(unpacked(packing, bytes.subarray(0, length))).toMatch(/^its \w+ data cannot be unpacked: /);
    }
  });

  it.each(cases)('because a bit changed are never read as something else: $packing', ({ packing, bytes }) => {
    const right = unpacked(packing, bytes) as Buffer;
    for (let at = 0; at < bytes.length; at += 5) {
      const garbled = Buffer.from(bytes);
      garbled[at]! ^= 1 << (at % 8);
      const result = unpacked(packing, garbled);
      // A bit of a header may mean nothing.
      if (typeof result !== 'string') expect(result).toEqual(right);
    }
  });

  it.each(['deflate', 'zstd'] as const)('because they never were packed say so: %s', (packing) => {
    expect(unpacked(packing, Buffer.from('neither'))).toMatch(/cannot be unpacked/);
  });

  it('because they are larger than the limit are given up at once', () => {
    const bytes = Buffer.alloc(UNPACKED_LIMIT + 1, 'x');
    expect(unpacked('deflate', deflateSync(bytes))).toMatch(/cannot be unpacked/);
    expect(unpacked('zstd', zstdCompressSync(bytes))).toMatch(/cannot be unpacked/);
  });

  it('because they ask for a huge window are refused before the memory is taken', () => {
    const params = { [constants.ZSTD_c_compressionLevel]: 1, [constants.ZSTD_c_windowLog]: 27 };
    const bomb = zstdCompressSync(Buffer.alloc(20_000_000), { params });
    expect(bomb.length).toBeLessThan(2_000);
    expect(unpacked('zstd', bomb)).toMatch(/too much memory/);
  });

  it('because Node has no zstd say so', () => {
    const { bytes } = packed(json(30_000))!;
    withoutZstd();
    expect(unpacked('zstd', bytes)).toBe('this version of Node has no zstd');
  });
});
