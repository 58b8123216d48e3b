import { describe, expect, it } from 'vitest';
import { cacheFingerprint } from '../../../src/client/cache-fingerprint.ts';
import type { SmearOptions } from '../../../src/client/options.ts';
import { resolveOptions } from '../../../src/client/resolve-options.ts';

const fingerprintOf = (smear: SmearOptions): string =>
  cacheFingerprint(resolveOptions({ discovery: { nodes: ['a.example:1', 'b.example:1'] }, smear }, {}));

describe('the fingerprint of a cache that looks for hot keys', () => {
  it('differs with each of the rules by which a key is hot, and from that of one that does not', () => {
    const others = [
      { auto: false },
      { auto: { tolerance: 0.05 } },
      { auto: { leastReadsPerSecond: 50 } },
      { auto: { oneIn: 64 } },
    ].map(fingerprintOf);
    expect(new Set([fingerprintOf({}), ...others]).size).toBe(others.length + 1);
  });

  it('is the same where the defaults are said', () => {
    const said = { oneIn: 128, leastReadsPerSecond: 20, tolerance: 0.02 };
    for (const auto of [true, {}, said]) expect(fingerprintOf({ auto })).toBe(fingerprintOf({}));
  });

  it('does not differ under `suffix`, where nobody looks', () => {
    const placement = 'suffix';
    expect(fingerprintOf({ placement, auto: { oneIn: 64 } })).toBe(fingerprintOf({ placement, auto: false }));
  });
});
