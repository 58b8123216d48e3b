import { describe, expect, it } from 'vitest';
import { buildRing, diffRings } from '../../../src/ring/index.ts';

const nodes = (count: number) => Array.from({ length: count }, (_, i) => ({ host: `n${i}`, port: 11211 }));

describe('the difference of two rings', () => {
  it('is nothing for the same nodes', () => {
    const diff = diffRings(buildRing(nodes(5)), buildRing(nodes(5).map((node) => ({ ...node, zone: 'b' }))));
    expect(diff).toMatchObject({ movedShare: 0, added: [], removed: [], exact: true });
    expect(
      diff.nodes.every(({ before, after, gained, lost }) => before === after && gained === 0 && lost === 0),
    ).toBe(true);
  });

  it('of an added node is what that node owns', () => {
    const after = buildRing(nodes(6));
    const diff = diffRings(buildRing(nodes(5)), after);
    expect(diff.added).toEqual(['n5:11211']);
    expect(diff.movedShare).toBe(after.arcs()[5]);
    expect(diff.nodes[5]).toEqual({
      name: 'n5:11211',
      before: 0,
      after: after.arcs()[5],
      gained: after.arcs()[5],
      lost: 0,
    });
  });

  it('of a removed node is what that node owned', () => {
    const before = buildRing(nodes(6));
    const diff = diffRings(before, buildRing(nodes(5)));
    expect(diff.removed).toEqual(['n5:11211']);
    expect(diff.movedShare).toBe(before.arcs()[5]);
    expect(diff.nodes[5]).toEqual({
      name: 'n5:11211',
      before: before.arcs()[5],
      after: 0,
      gained: 0,
      lost: before.arcs()[5],
    });
  });

  it('names the removed nodes in their place and the added ones last', () => {
    const diff = diffRings(buildRing(nodes(3)), buildRing(nodes(4).slice(1)));
    expect(diff.nodes.map(({ name }) => name)).toEqual(['n0:11211', 'n1:11211', 'n2:11211', 'n3:11211']);
  });

  it('is the whole key space when no node stays', () => {
    expect(diffRings(buildRing(nodes(3)), buildRing(nodes(6).slice(3))).movedShare).toBe(1);
  });

  it('of two dialects with one key hash is exact', () => {
    const seven = buildRing(nodes(7));
    const diff = diffRings(seven, buildRing(nodes(7), { dialect: 'node-memcached' }));
    expect(diff.exact).toBe(true);
    expect(diff.movedShare).toBeGreaterThan(0.01);
    expect(diff.movedShare).toBeLessThan(0.04);
  });

  it('of two dialects with different key hashes is measured, and the same each time', () => {
    const measure = () => diffRings(buildRing(nodes(4)), buildRing(nodes(4), { dialect: 'twemproxy' }));
    expect(measure()).toEqual(measure());
    expect(measure().exact).toBe(false);
    expect(measure().movedShare).toBeGreaterThan(0.7);
    expect(measure().movedShare).toBeLessThan(0.8);
  });

  it('from a lone node is exact whatever the hash', () => {
    const after = buildRing(nodes(2), { dialect: 'twemproxy' });
    expect(diffRings(buildRing(nodes(1)), after)).toMatchObject({ exact: true, movedShare: after.arcs()[1] });
  });

  it('takes a ring that somebody else made', () => {
    const ring = buildRing(nodes(3));
    const wrapped = { ...ring, nodes: ring.nodes, owner: (key: string) => ring.owner(key) } as typeof ring;
    expect(diffRings(wrapped, ring)).toMatchObject({ movedShare: 0, exact: false });
  });
});
