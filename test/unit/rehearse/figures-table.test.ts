import { expect, it } from 'vitest';
import { figuresTable } from '../../../scripts/rehearse/figures-table.ts';

const FIGURES = {
  version: '1',
  invocations: 0,
  errors: 0,
  failures: 0,
  p99Millis: undefined,
  hits: 0,
  misses: 0,
  unavailable: 0,
  originLoads: 0,
  undecodable: 0,
} as const;

it('shows a hit ratio of all reads, those that no node answered among them', () => {
  const table = figuresTable([
    { ...FIGURES, hits: 6, misses: 2, unavailable: 4 },
    { ...FIGURES, version: '2', hits: 3, misses: 1 },
    { ...FIGURES, version: '2' },
  ]);
  expect(table.split('\n').map((row) => row.trimStart().split(/ {2,}/).at(7))).toEqual([
    'hit ratio',
    '50.0 %',
    '75.0 %',
    '-',
  ]);
});
