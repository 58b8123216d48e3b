import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  FORMATS,
  type Format,
  flagsOf,
  formatOf,
  hotShareOf,
  isHot,
  packingOf,
  withHotShare,
} from '../../src/codec/flags.ts';

const ours = fc.constantFrom(
  ...(Object.keys(FORMATS) as Format[]).map((format) => flagsOf(format)),
  ...(['bytes', 'json'] as const).flatMap((format) => [flagsOf(format, 'deflate'), flagsOf(format, 'zstd')]),
);
/** As many small ones as large ones, from 0.00005 to 1. */
const share = fc.integer({ min: 0, max: 9_900 }).map((steps) => Math.exp(-steps / 1_000));
const others = fc
  .oneof(fc.integer({ min: 1, max: 0xffffffff }), fc.integer({ min: 0x5c000000, max: 0x5cffffff }))
  .filter((flags) => formatOf(flags) === undefined);

describe('client flags that tell of a hot key', () => {
  it('tell its share, to two percent', () => {
    fc.assert(
      fc.property(ours, share, (flags, given) => {
        const hot = withHotShare(flags, given);
        expect(isHot(hot)).toBe(true);
        expect(Math.abs(hotShareOf(hot) / given - 1)).toBeLessThanOrEqual(0.02);
      }),
    );
  });

  it('tell of any share above nothing as one between the least and all', () => {
    fc.assert(
      fc.property(ours, fc.double({ min: Number.MIN_VALUE, max: 10, noNaN: true }), (flags, given) => {
        const told = hotShareOf(withHotShare(flags, given));
        expect(told).toBeGreaterThan(0);
        expect(told).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('say the same of the value as before, in 32 bits', () => {
    fc.assert(
      fc.property(ours, share, (flags, given) => {
        const hot = withHotShare(flags, given);
        expect(hot).toBe(hot >>> 0);
        expect(formatOf(hot)).toBe(formatOf(flags));
        expect(packingOf(hot)).toBe(packingOf(flags));
      }),
    );
  });

  it('are those of before once the key is hot no more, however often it was', () => {
    fc.assert(
      fc.property(ours, share, share, (flags, one, other) => {
        const hot = withHotShare(withHotShare(flags, one), other);
        expect(hot).toBe(withHotShare(flags, other));
        expect(withHotShare(hot, 0)).toBe(flags);
        expect(isHot(withHotShare(hot, 0))).toBe(false);
      }),
    );
  });

  it('leave the lower half of a string’s to other clients', () => {
    fc.assert(
      fc.property(share, (given) => {
        expect(withHotShare(flagsOf('string'), given) & 0xffff).toBe(0);
      }),
    );
  });
});

describe('client flags of others', () => {
  it('are left as they are', () => {
    fc.assert(
      fc.property(others, fc.oneof(share, fc.constant(0)), (flags, given) => {
        expect(withHotShare(flags, given)).toBe(flags);
      }),
    );
  });

  it('without our mark tell of no hot key', () => {
    const unmarked = fc.integer({ min: 0, max: 0xffffffff }).filter((flags) => flags >>> 24 !== 0x5c);
    fc.assert(
      fc.property(unmarked, (flags) => {
        expect(isHot(flags)).toBe(false);
        expect(hotShareOf(flags)).toBe(0);
      }),
    );
  });
});
