// A ring that can be followed by hand. The hash is a look-up: each label says its point, each key is its own hash.
//
//   a-0 → 10   a-1 → 50      b-0 → 20   b-1 → 50      c-0 → 30   c-1 → 4294967295
//
//   0 ── 10 a ── 20 b ── 30 c ── 50 a, b ── 4294967295 c ── back to 10 a
import { describe, expect, it } from 'vitest';
import { DIALECT_RULES, type DialectRules } from '../../../src/ring/dialects.ts';
import type { Hash } from '../../../src/ring/hash/hashes.ts';
import { labelsPerNode } from '../../../src/ring/label-counts.ts';
import { ContinuumRing } from '../../../src/ring/ring.ts';

const POINTS: Readonly<Record<string, number>> = {
  'a-0': 10,
  'a-1': 50,
  'b-0': 20,
  'b-1': 50,
  'c-0': 30,
  'c-1': 4294967295,
};

const lookup: Hash = {
  name: 'lookup',
  digest: (text, words) => {
    words[0] = POINTS[text] ?? Number(text);
  },
};

const RULES: DialectRules = {
  ...DIALECT_RULES.libketama,
  layout: { labels: labelsPerNode(2), pointHash: lookup, pointsPerLabel: 1 },
  keyHash: lookup,
};

const NODES = ['a', 'b', 'c'].map((host) => ({ host, port: 11211 }));
const ringOf = (rules: Partial<DialectRules> = {}, nodes = NODES) =>
  new ContinuumRing(nodes, 'libketama', { ...RULES, ...rules });
const owners = (ring: ReturnType<typeof ringOf>, hashes: readonly number[]) =>
  hashes.map((hash) => ring.owner(String(hash)).host).join('');

describe('a ring looked up upwards', () => {
  it('gives a key to the first point at or above its hash', () => {
    expect(owners(ringOf(), [0, 9, 10, 11, 20, 21, 30, 31])).toBe('aaabbcca');
  });

  it('goes on from the last point to the first', () => {
    const withoutC = ringOf({}, NODES.slice(0, 2));
    expect(owners(withoutC, [50, 51, 4294967294, 4294967295])).toBe('aaaa');
    expect(withoutC.successors('51', 2).map(({ host }) => host)).toEqual(['a', 'b']);
  });

  it('has a point on the last hash of all', () => {
    expect(owners(ringOf(), [51, 4294967294, 4294967295])).toBe('ccc');
  });

  it('gives a shared point to the node that the tie rule names', () => {
    expect(owners(ringOf({ ties: 'first-listed' }), [31, 50])).toBe('aa');
    expect(owners(ringOf({ ties: 'last-listed' }), [31, 50])).toBe('bb');
    expect(owners(ringOf({ ties: 'shortest-name' }, NODES.toReversed()), [31, 50])).toBe('aa');
  });

  it('walks on to the next distinct nodes', () => {
    const walk = (hash: number, count: number) =>
      ringOf()
        .successors(String(hash), count)
        .map(({ host }) => host)
        .join('');
    expect(walk(25, 1)).toBe('c');
    expect(walk(25, 2)).toBe('ca');
    expect(walk(25, 3)).toBe('cab');
    expect(walk(25, 9)).toBe('cab');
    expect(walk(4294967295, 3)).toBe('cab');
    expect(walk(25, 0)).toBe('');
  });

  it('gives each node the arcs that end at its points', () => {
    const space = 2 ** 32;
    // a: 0..10 and 31..50; b: 11..20; c: 21..30 and 51..4294967295
    expect(ringOf().arcs()).toEqual([31 / space, 10 / space, (10 + 4294967295 - 50) / space]);
  });
});

describe('a ring looked up downwards', () => {
  it('gives a key to the last point at or below its hash', () => {
    expect(owners(ringOf({ search: 'downwards' }), [10, 19, 20, 29, 30, 49])).toBe('aabbcc');
  });

  it('goes on from below the first point to the last', () => {
    expect(owners(ringOf({ search: 'downwards' }), [0, 9, 4294967295])).toBe('ccc');
    expect(owners(ringOf({ search: 'downwards' }, NODES.slice(1)), [0, 19, 20, 50])).toBe('ccbb');
  });

  it('gives a shared point to the node that the tie rule names', () => {
    expect(owners(ringOf({ search: 'downwards', ties: 'first-listed' }), [50, 51])).toBe('aa');
    expect(owners(ringOf({ search: 'downwards', ties: 'last-listed' }), [50, 51])).toBe('bb');
  });

  it('has a point on hash 0', () => {
    const onZero: Hash = {
      name: 'on zero',
      digest: (text, words) => lookup.digest(text === 'a-0' ? '0' : text, words),
    };
    const layout = { ...RULES.layout, pointHash: onZero };
    expect(owners(ringOf({ search: 'downwards', layout }), [0, 19, 20, 50, 4294967294, 4294967295])).toBe(
      'aabaac',
    );
  });
});
