import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { positionOf } from '../../src/ring/continuum.ts';
import { buildRing, diffRings, nodeName, type RingNode } from '../../src/ring/index.ts';
import { float32LabelCounts } from '../../src/ring/label-counts.ts';
import type { ContinuumRing } from '../../src/ring/ring.ts';
import {
  anyNodes,
  check,
  dialect,
  equalNodes,
  fixedCountDialect,
  hasTies,
  KEYS,
  key,
  tolerance,
  without,
} from './random-rings.ts';

describe('a removed node', () => {
  it('loses its keys, and no other key moves, where every node has a fixed number of labels', () => {
    check(
      fc.property(equalNodes, fixedCountDialect, fc.nat(), (nodes, name, seed) => {
        const before = buildRing(nodes, { dialect: name });
        const removed = seed % nodes.length;
        const after = buildRing(without(nodes, removed), { dialect: name });
        for (const k of KEYS) {
          const owner = before.owner(k);
          if (owner !== nodes[removed]) expect(after.owner(k)).toBe(owner);
          else expect(after.owner(k)).toBe(before.successors(k, 2)[1]);
        }
      }),
    );
  });

  it('moves other keys of an equal libketama ring only by the label that float32 takes or gives', () => {
    const sizes = fc.oneof(equalNodes, fc.constantFrom(25, 26, 47, 48, 50, 51, 61, 62).map(namedNodes));
    check(
      fc.property(sizes, fc.nat(), (nodes, seed) => {
        const removed = seed % nodes.length;
        const left = without(nodes, removed);
        const before = buildRing(nodes) as ContinuumRing<RingNode>;
        const after = buildRing(left) as ContinuumRing<RingNode>;
        const countBefore = float32LabelCounts(nodes.map(() => 1))[0]!;
        const countAfter = float32LabelCounts(left.map(() => 1))[0]!;
        expect(Math.abs(countBefore - countAfter)).toBeLessThanOrEqual(1);
        for (const k of KEYS) {
          const [from, to] = [before.owner(k), after.owner(k)];
          if (from === to || from === nodes[removed]) continue;
          // The key left a label that is gone, or joined one that is new. With equal counts there are none.
          const goneOrNew = [
            ...pointsOfLabels(from, countAfter, countBefore).filter((p) => p === pointOf(before, k)),
            ...pointsOfLabels(to, countBefore, countAfter).filter((p) => p === pointOf(after, k)),
          ];
          expect(goneOrNew.length, `${k} moved from ${nodeName(from)} to ${nodeName(to)}`).toBeGreaterThan(0);
        }
      }),
    );
  });
});

function namedNodes(count: number): RingNode[] {
  return Array.from({ length: count }, (_, i) => ({
    host: `c.000${i}.use1.cache.amazonaws.com`,
    port: 11211,
  }));
}

function pointOf(ring: ContinuumRing<RingNode>, of: string): number {
  const hash = createHash('md5').update(of).digest().readUInt32LE(0);
  const position = positionOf(ring.continuum, hash);
  return ring.continuum.points[position === ring.continuum.points.length - 1 ? 0 : position]!;
}

/** The libketama points of labels `from` up to, not including, `to`. */
function pointsOfLabels({ host, port: p }: RingNode, from: number, to: number): number[] {
  const points: number[] = [];
  for (let label = from; label < to; label++) {
    const digest = createHash('md5')
      .update(p === 11211 ? `${host}-${label}` : `${host}:${p}-${label}`)
      .digest();
    points.push(...[0, 4, 8, 12].map((at) => digest.readUInt32LE(at)));
  }
  return points;
}

describe('an added node', () => {
  it('is where every moved key goes, where every node has a fixed number of labels', () => {
    check(
      fc.property(equalNodes, fixedCountDialect, (nodes, name) => {
        const added = nodes.at(-1)!;
        const before = buildRing(nodes.slice(0, -1), { dialect: name });
        const after = buildRing(nodes, { dialect: name });
        for (const k of KEYS) if (after.owner(k) !== before.owner(k)) expect(after.owner(k)).toBe(added);
      }),
    );
  });

  it('is where every moved key goes on an equal libketama ring whose label count stays', () => {
    const count = (nodes: readonly unknown[]) => float32LabelCounts(nodes.map(() => 1))[0];
    check(
      fc.property(equalNodes, (nodes) => {
        fc.pre(count(nodes) === count(nodes.slice(1)));
        const after = buildRing(nodes);
        const diff = diffRings(buildRing(nodes.slice(0, -1)), after);
        expect(diff.movedShare).toBe(after.arcs().at(-1));
        expect(diff.nodes.slice(0, -1).every(({ gained }) => gained === 0)).toBe(true);
      }),
    );
  });
});

describe('successors', () => {
  it('are distinct nodes, the owner first, as many as asked for or there are', () => {
    check(
      fc.property(
        anyNodes,
        dialect,
        fc.integer({ min: 1, max: 15 }),
        fc.array(key, { maxLength: 20 }),
        (nodes, name, count, keys) => {
          const ring = buildRing(nodes, { dialect: name });
          for (const k of keys) {
            const found = ring.successors(k, count);
            expect(found).toHaveLength(Math.min(count, nodes.length));
            expect(new Set(found).size).toBe(found.length);
            expect(found[0]).toBe(ring.owner(k));
            expect(found.every((node) => nodes.includes(node))).toBe(true);
            expect(ring.successors(k, count + 1).slice(0, count)).toEqual(found);
          }
        },
      ),
    );
  });
});

describe('the order of the list', () => {
  it('matters to shared points only', () => {
    check(
      fc.property(anyNodes, dialect, (nodes, name) => {
        const ring = buildRing(nodes, { dialect: name });
        fc.pre(!hasTies(ring));
        const reversed = buildRing(nodes.toReversed(), { dialect: name });
        expect(reversed.fingerprint).toBe(ring.fingerprint);
        for (const k of KEYS) expect(reversed.owner(k)).toBe(ring.owner(k));
      }),
    );
  });
});

describe('arcs', () => {
  it('add up to 1 and are what a sample of keys finds', () => {
    check(
      fc.property(anyNodes, dialect, (nodes, name) => {
        const ring = buildRing(nodes, { dialect: name });
        const arcs = ring.arcs();
        expect(arcs.reduce((sum, share) => sum + share, 0)).toBe(1);
        const found = new Map<RingNode, number>();
        for (const k of KEYS) found.set(ring.owner(k), (found.get(ring.owner(k)) ?? 0) + 1);
        for (const [i, node] of nodes.entries()) {
          const share = (found.get(node) ?? 0) / KEYS.length;
          expect(Math.abs(share - arcs[i]!)).toBeLessThan(tolerance(KEYS));
        }
      }),
    );
  });
});
