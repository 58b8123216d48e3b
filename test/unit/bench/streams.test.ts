import { describe, expect, it } from 'vitest';
import popularity from '../../../bench/balance/popularity.json' with { type: 'json' };
import { nodeNames } from '../../../bench/balance/rings.ts';
import { streamOf } from '../../../bench/balance/streams.ts';
import { seededRandom } from '../../../src/base/random.ts';

const DRAWS = 200_000;

/** Ranks of keys drawn, by how often. */
function drawn(stream: string): Map<number, number> {
  const random = seededRandom(7);
  const draw = streamOf(stream);
  const counts = new Map<number, number>();
  for (let i = 0; i < DRAWS; i++) {
    const rank = Number(draw(random).slice('item:'.length));
    counts.set(rank, (counts.get(rank) ?? 0) + 1);
  }
  return counts;
}

const shareOf = (counts: ReadonlyMap<number, number>, from: number, to: number): number =>
  [...counts].reduce((sum, [rank, count]) => sum + (rank >= from && rank <= to ? count : 0), 0) / DRAWS;

describe('the streams of the balance bench', () => {
  it('draw each of the hottest keys as often as the table says', () => {
    const counts = drawn('popularity');
    for (const rank of [1, 2, 3, 10, 40])
      expect(shareOf(counts, rank, rank)).toBeCloseTo(popularity.topShares[rank - 1]!, 2.5);
  });

  it('draw the keys below them as often as the table says, down to its last', () => {
    const counts = drawn('popularity');
    let before = 0;
    for (const [rank, sum] of popularity.cumulative) {
      expect(shareOf(counts, before + 1, rank!), `to ${rank}`).toBeCloseTo(
        sum! - (popularity.cumulative.find(([last]) => last === before)?.[1] ?? 0),
        2,
      );
      before = rank!;
    }
    expect(shareOf(counts, 1, popularity.keys)).toBe(1);
  });

  it('draw the second key of a Zipf stream 2^exponent times less often than the first', () => {
    const counts = drawn('zipf1.2');
    expect(shareOf(counts, 1, 1) / shareOf(counts, 2, 2)).toBeCloseTo(2 ** 1.2, 1);
    expect(shareOf(counts, 1, 1_000_000)).toBe(1);
  });

  it('give one key its share', () => {
    expect(shareOf(drawn('hot0.2'), 1, 1)).toBeCloseTo(0.2, 2);
  });

  it.each(['zipf', 'popularity2', 'hot1', 'constructor'])('refuse %s', (name) => {
    expect(() => streamOf(name)).toThrow(RangeError);
  });
});

describe("a ring's node names", () => {
  it('are the same in each run, and share none with another ring', () => {
    expect(nodeNames(3, 8)).toEqual(nodeNames(3, 8));
    expect(new Set([...nodeNames(1, 8), ...nodeNames(2, 8)]).size).toBe(16);
  });
});
