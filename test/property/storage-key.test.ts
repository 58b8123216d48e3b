import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { COPY_SUFFIX, keyPrefix, RESERVED_PREFIX, storageKey } from '../../src/memcached/storage-key.ts';

const LONGEST_SUFFIX = 3;

const part = fc.option(fc.stringMatching(/^[!-9;-~]{1,64}$/), { nil: undefined });
const prefix = fc.tuple(part, part).map(([namespace, schema]) => keyPrefix(namespace, schema));

/** Whatever a caller may have for a key: text, code units without partners, bytes that mean something on the wire. */
const key = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.string({ unit: 'grapheme', maxLength: 300 }),
  fc.string({ unit: 'grapheme-ascii', maxLength: 300 }),
  fc
    .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 130 })
    .map((units) => String.fromCharCode(...units)),
  fc.string({ maxLength: 260 }).map((text) => text + COPY_SUFFIX),
  fc.string({ maxLength: 260 }).map((text) => RESERVED_PREFIX + text),
  fc.integer({ min: 230, max: 260 }).map((length) => 'k'.repeat(length)),
);

describe('storage keys', () => {
  it('fit memcached with any suffix, whatever the caller gave', () => {
    fc.assert(
      fc.property(prefix, key, (before, given) => {
        const stored = storageKey(before, given);
        expect(Buffer.byteLength(stored) + LONGEST_SUFFIX).toBeLessThanOrEqual(250);
        expect(stored.startsWith(before)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  it('hold no byte that ends a key or a command line', () => {
    fc.assert(
      fc.property(prefix, key, (before, given) => {
        const bytes = Buffer.from(storageKey(before, given));
        expect(bytes.length).toBeGreaterThan(0);
        expect(bytes.every((byte) => byte > 0x20 && byte !== 0x7f)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  it('are different for different keys', () => {
    fc.assert(
      fc.property(prefix, fc.uniqueArray(key, { minLength: 2, maxLength: 20 }), (before, keys) => {
        // As bytes, since that is what a node tells apart.
        const stored = new Set(keys.map((given) => Buffer.from(storageKey(before, given)).toString('hex')));
        expect(stored.size).toBe(keys.length);
      }),
      { numRuns: 500 },
    );
  });

  it('are never taken for a copy', () => {
    fc.assert(
      fc.property(prefix, key, key, (before, one, other) => {
        expect(storageKey(before, one) + COPY_SUFFIX).not.toBe(storageKey(before, other));
        expect(storageKey(before, one).endsWith(COPY_SUFFIX)).toBe(false);
      }),
      { numRuns: 1_000 },
    );
  });

  it('are the plain key where it is short visible text that we do not reserve', () => {
    const plain = fc
      .stringMatching(/^[!-~]{1,100}$/)
      .filter((text) => !text.endsWith(COPY_SUFFIX) && !text.startsWith(RESERVED_PREFIX));
    fc.assert(
      fc.property(prefix, plain, (before, given) => {
        expect(storageKey(before, given)).toBe(before + given);
      }),
    );
  });
});
