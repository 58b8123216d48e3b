import { describe, expect, it } from 'vitest';
import {
  dalliLabelCounts,
  doubleLabelCounts,
  float32LabelCounts,
  labelsPerNode,
} from '../../../src/ring/label-counts.ts';

const equal = (nodes: number): number[] => new Array<number>(nodes).fill(1);
const only = (counts: readonly number[]): number => {
  expect(new Set(counts).size).toBe(1);
  return counts[0]!;
};

describe('equal nodes', () => {
  it.each([1, 2, 3, 5, 8, 20, 27, 46, 60, 90])(
    'get 40 labels on a ring of %i, in float32 and in doubles',
    (nodes) => {
      expect(only(float32LabelCounts(equal(nodes)))).toBe(40);
      expect(only(doubleLabelCounts(equal(nodes)))).toBe(40);
    },
  );

  it.each([7, 14, 28, 49, 56, 98])('keep a label in float32 that doubles lose, on a ring of %i', (nodes) => {
    expect(only(float32LabelCounts(equal(nodes)))).toBe(40);
    expect(only(doubleLabelCounts(equal(nodes)))).toBe(39);
  });

  it.each([25, 47, 50, 55, 61, 71, 94, 100])(
    'lose a label in float32 that doubles keep, on a ring of %i',
    (nodes) => {
      expect(only(float32LabelCounts(equal(nodes)))).toBe(39);
      expect(only(doubleLabelCounts(equal(nodes)))).toBe(40);
    },
  );

  it('get the same whether all weigh 1 or all weigh 100', () => {
    for (const counts of [float32LabelCounts, dalliLabelCounts]) {
      expect(counts(equal(8).map(() => 100))).toEqual(counts(equal(8)));
    }
  });
});

describe('unequal nodes', () => {
  it('share the labels by weight', () => {
    expect(float32LabelCounts([1, 2, 3])).toEqual([20, 40, 60]);
    expect(doubleLabelCounts([1, 2, 3])).toEqual([20, 40, 60]);
    expect(dalliLabelCounts([1, 2, 3])).toEqual([80, 160, 240]);
  });

  it('may be too light for a label', () => {
    expect(float32LabelCounts([1, 1000])).toEqual([0, 79]);
  });

  it('weigh the same where the client has no weights', () => {
    expect(labelsPerNode(40)([1, 2, 3])).toEqual([40, 40, 40]);
  });
});
