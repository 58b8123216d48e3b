import { expect, it } from 'vitest';
import { halvedAt } from '../../../bench/balance/halved.ts';

const reads = (nodes: readonly string[]) => nodes.map((node, at) => ({ node, atMillis: 10 * at }));
const times = (count: number, node: string): string[] => Array.from({ length: count }, () => node);

it('never tells a key that only its owner serves as halved', () => {
  expect(halvedAt(reads(times(500, 'owner')), 'owner')).toBeUndefined();
});

it('tells when half of 40 reads in a row went elsewhere', () => {
  const spread = [...times(100, 'owner'), ...times(19, 'other')];
  expect(halvedAt(reads(spread), 'owner')).toBeUndefined();
  expect(halvedAt(reads([...spread, 'other']), 'owner')).toBe(1_190);
});

it('judges by no fewer than 40 reads', () => {
  expect(halvedAt(reads(times(39, 'other')), 'owner')).toBeUndefined();
  expect(halvedAt(reads(times(40, 'other')), 'owner')).toBe(390);
});
