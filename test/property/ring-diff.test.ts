import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diffRings, nodeName, type Ring } from '../../src/ring/index.ts';
import { check, MANY_KEYS, tolerance, twoRings } from './random-rings.ts';

const ownerName = (ring: Ring, key: string): string => nodeName(ring.owner(key));

describe('the difference of two rings', () => {
  it('is what a comparison key by key finds', () => {
    fc.assert(
      fc.property(twoRings, ([before, after]) => {
        const moved = MANY_KEYS.filter((k) => ownerName(before, k) !== ownerName(after, k)).length;
        const diff = diffRings(before, after);
        expect(Math.abs(diff.movedShare - moved / MANY_KEYS.length)).toBeLessThan(tolerance(MANY_KEYS));
        if (diff.movedShare === 0 && diff.exact) expect(moved).toBe(0);
      }),
      { numRuns: 40 },
    );
  });

  it('balances: what is lost is gained, and each node ends with what it had and won', () => {
    check(
      fc.property(twoRings, ([before, after]) => {
        const { movedShare, nodes } = diffRings(before, after);
        const total = (of: 'before' | 'after' | 'gained' | 'lost') =>
          nodes.reduce((sum, node) => sum + node[of], 0);
        expect(total('before')).toBeCloseTo(1, 9);
        expect(total('after')).toBeCloseTo(1, 9);
        expect(total('gained')).toBeCloseTo(movedShare, 9);
        expect(total('lost')).toBeCloseTo(movedShare, 9);
        for (const node of nodes) expect(node.before - node.lost + node.gained).toBeCloseTo(node.after, 9);
      }),
    );
  });
});

describe('the fingerprint', () => {
  it('is equal if and only if every key has the same owner', () => {
    fc.assert(
      fc.property(twoRings, ([before, after]) => {
        const { movedShare } = diffRings(before, after);
        expect(before.fingerprint === after.fingerprint).toBe(movedShare === 0);
      }),
      { numRuns: 200 },
    );
  });
});
