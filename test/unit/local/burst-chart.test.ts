import { expect, it } from 'vitest';
import { burstChart, imbalance } from '../../../scripts/local/burst-chart.ts';

const loads = (...reads: number[]) => reads.map((count, index) => ({ node: `n${index}`, reads: count }));

it('measures the busiest node against the mean', () => {
  expect(imbalance(loads(10, 10, 10, 10))).toBe(1);
  expect(imbalance(loads(70, 10, 10, 10))).toBe(2.8);
});

it('draws the runs side by side on one scale', () => {
  const chart = burstChart([
    { title: 'plain', seconds: 1, loads: loads(60, 20) },
    { title: 'smeared', seconds: 2, loads: loads(40, 40) },
  ]);
  expect(chart.split('\n')).toEqual([
    'reads    plain (1.0 s)                            smeared (2.0 s)',
    'node 1   ████████████████████████    60  75.0 %   ████████████████            40  50.0 %',
    'node 2   ████████                    20  25.0 %   ████████████████            40  50.0 %',
    '         max / mean = 1.50                        max / mean = 1.00',
  ]);
});
