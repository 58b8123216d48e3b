import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/base/random.ts';
import { copiesOf, DEFAULT_HOT_RULES, hotAbove, MOST_HOT_KEYS } from '../../src/hotkeys/index.ts';
import { buildRing, type Ring, type RingNode } from '../../src/ring/index.ts';
import { type HotLoad, readWeights } from '../../src/smear/weights.ts';
import { POPULARITY } from '../support/popularity.ts';

/** A cluster whose nodes have any part of the ring, and hot keys anywhere in it. */
const world = fc.integer({ min: 1, max: 20 }).chain((nodes) => {
  const thousandths = (most: number) => fc.integer({ min: 1, max: most }).map((part) => part / 1_000);
  const hotKey = fc.record({
    share: fc.oneof({ weight: 3, arbitrary: thousandths(50) }, { weight: 1, arbitrary: thousandths(1_000) }),
    nodes: fc.shuffledSubarray(
      Array.from({ length: nodes }, (_, i) => i),
      { minLength: 1 },
    ),
  });
  return fc.record({
    arcs: fc.array(thousandths(1_000), { minLength: nodes, maxLength: nodes }).map((parts) => {
      const all = parts.reduce((sum, part) => sum + part, 0);
      return parts.map((part) => part / all);
    }),
    hot: fc.array(hotKey, { maxLength: 20 }),
  });
});

/** How far the shares are to be scaled down, where estimates come to more than there is. */
const scaleOf = (hot: readonly HotLoad[]): number =>
  1 /
  Math.max(
    1,
    hot.reduce((sum, { share }) => sum + share, 0),
  );

/** Each node's load where the hot keys are read by these weights; without weights each node of a key is as likely. */
function loads(
  arcs: readonly number[],
  hot: readonly HotLoad[],
  weights?: readonly Float64Array[],
): readonly number[] {
  const scale = scaleOf(hot);
  const cold = 1 - hot.reduce((sum, { share }) => sum + share * scale, 0);
  const load = arcs.map((arc) => arc * cold);
  for (const [at, { share, nodes }] of hot.entries()) {
    let before = 0;
    for (const [i, node] of nodes.entries()) {
      const upTo = weights?.[at]?.[i] ?? (i + 1) / nodes.length;
      load[node]! += share * scale * (upTo - before);
      before = upTo;
    }
  }
  return load;
}

/**
 * The lowest level there is: each key in turn is taken back and poured anew, exactly, until nothing changes any more.
 * Source: block coordinate descent, which ends at the minimum of this convex problem.
 */
function lowestLevel(arcs: readonly number[], hot: readonly HotLoad[]): number {
  const load = [...loads(arcs, hot)];
  const scale = scaleOf(hot);
  const poured = hot.map(({ share, nodes }) => nodes.map(() => (share * scale) / nodes.length));
  for (let round = 0; round < 200; round++) {
    for (const [at, { share, nodes }] of hot.entries()) {
      const parts = poured[at]!;
      for (const [i, node] of nodes.entries()) load[node]! -= parts[i]!;
      const grounds = nodes.map((node) => load[node]!).toSorted((a, b) => a - b);
      let level = 0;
      for (let under = 1, sum = 0; under <= grounds.length; under++) {
        sum += grounds[under - 1]!;
        level = (share * scale + sum) / under;
        if (level <= (grounds[under] ?? Number.POSITIVE_INFINITY)) break;
      }
      for (const [i, node] of nodes.entries()) {
        parts[i] = Math.max(0, level - load[node]!);
        load[node]! += parts[i]!;
      }
    }
  }
  return Math.max(...load);
}

describe('read weights', () => {
  it('are probabilities, one for each node of a key, cumulated: none is negative, the last is 1', () => {
    fc.assert(
      fc.property(world, ({ arcs, hot }) => {
        const weights = readWeights(arcs, hot);
        expect(weights).toHaveLength(hot.length);
        for (const [at, row] of weights.entries()) {
          expect(row).toHaveLength(hot[at]!.nodes.length);
          expect(row.at(-1)).toBe(1);
          for (const [i, upTo] of row.entries()) expect(upTo).toBeGreaterThanOrEqual(row[i - 1] ?? 0);
        }
      }),
    );
  });

  it('are the same wherever they are computed from the same', () => {
    fc.assert(
      fc.property(world, ({ arcs, hot }) => {
        const again = structuredClone({ arcs, hot });
        expect(readWeights(again.arcs, again.hot)).toEqual(readWeights(arcs, hot));
        expect({ arcs, hot }).toEqual(again);
      }),
    );
  });

  it('are these, to the last bit: environments of one fleet may run different versions of Node', () => {
    const hot = [
      { share: 0.2, nodes: [0, 1, 2] },
      { share: 0.01, nodes: [2, 3] },
      { share: 0.001, nodes: [1, 0] },
    ];
    expect(readWeights([0.4, 0.3, 0.2, 0.1], hot).map((row) => [...row])).toEqual([
      [0, 0.30024999999999996, 1],
      [0, 1],
      [1, 1],
    ]);
  });

  it('are alike where the nodes are', () => {
    const arcs = [0.25, 0.25, 0.25, 0.25];
    const [weights] = readWeights(arcs, [{ share: 0.01, nodes: [3, 0, 2] }]);
    expect([...weights!].map((upTo) => Number(upTo.toFixed(12)))).toEqual([
      0.333333333333, 0.666666666667, 1,
    ]);
  });

  it('lift no node above the level of copies that are read alike', () => {
    fc.assert(
      fc.property(world, ({ arcs, hot }) => {
        const level = Math.max(...loads(arcs, hot, readWeights(arcs, hot)));
        expect(level).toBeLessThanOrEqual(Math.max(...loads(arcs, hot)) + 1e-9);
      }),
      { numRuns: 300 },
    );
  });

  it('leave nothing at a node of one key that another of its nodes could better bear, where that key is alone', () => {
    fc.assert(
      fc.property(world, fc.nat(), ({ arcs, hot }, which) => {
        fc.pre(hot.length > 0);
        const alone = [hot[which % hot.length]!];
        const weights = readWeights(arcs, alone);
        const load = loads(arcs, alone, weights);
        const { nodes } = alone[0]!;
        const least = Math.min(...nodes.map((node) => load[node]!));
        for (const [i, node] of nodes.entries()) {
          const isRead = weights[0]![i]! > (weights[0]![i - 1] ?? 0) + 1e-9;
          if (isRead) expect(load[node]).toBeLessThanOrEqual(least + 1e-9);
        }
      }),
    );
  });
});

describe.each([
  { nodes: 8, mean: 1.08, alike: 1.1 },
  { nodes: 20, mean: 1.12, alike: 1.14 },
])('the popularity of a production cache on $nodes nodes', ({ nodes, mean, alike }) => {
  /** What is too cold to be listed lies where the ring says, the most popular of it key by key. */
  const world = (ring: Ring<RingNode>, random: () => number) => {
    const name = Math.floor(random() * 1e9);
    const above = hotAbove(1e6, nodes, DEFAULT_HOT_RULES) / 1e6;
    const hot = POPULARITY.filter((share) => share > above).slice(0, MOST_HOT_KEYS);
    const indexes = new Map(ring.nodes.map((node, index) => [node, index]));
    const placed = hot.map((share, rank) => ({
      share,
      nodes: ring
        .successors(`${name}:${rank}`, copiesOf(share, nodes, DEFAULT_HOT_RULES))
        .map((node) => indexes.get(node)!),
    }));
    const lumps = ring.nodes.map(() => 0);
    for (const [at, share] of POPULARITY.slice(hot.length).entries()) {
      const owner = indexes.get(ring.owner(`${name}:${hot.length + at}`))!;
      // Its arc has the rest of it already.
      lumps[owner]! += share;
      for (const [node, arc] of ring.arcs().entries()) lumps[node]! -= share * arc;
    }
    return { arcs: ring.arcs(), hot: placed, lumps };
  };
  const rings = Array.from({ length: 20 }, (_, seed) => {
    const random = seededRandom(seed + 1);
    const names = Array.from({ length: nodes }, () => `n${Math.floor(random() * 1e9)}.example`);
    return world(buildRing(names.map((host) => ({ host, port: 11_211 }))), random);
  });
  const average = (figures: readonly number[]): number =>
    figures.reduce((sum, figure) => sum + figure, 0) / figures.length;
  const overMean = (load: readonly number[], lumps: readonly number[]): number =>
    Math.max(...load.map((each, node) => each + lumps[node]!)) * nodes;

  it(`brings the busiest no more than ${mean} of the mean, which reading copies alike does not`, () => {
    const weighted = rings.map(({ arcs, hot, lumps }) =>
      overMean(loads(arcs, hot, readWeights(arcs, hot)), lumps),
    );
    const uniform = rings.map(({ arcs, hot, lumps }) => overMean(loads(arcs, hot), lumps));
    expect(average(weighted)).toBeLessThanOrEqual(mean);
    expect(average(uniform)).toBeGreaterThan(alike);
  });

  it('is poured to the lowest level there is', () => {
    for (const { arcs, hot } of rings) {
      const level = Math.max(...loads(arcs, hot, readWeights(arcs, hot)));
      expect(level / lowestLevel(arcs, hot)).toBeLessThanOrEqual(1.0001);
    }
  });
});
