import { describe, expect, it } from 'vitest';
import { copiesOf, DEFAULT_HOT_RULES, hotAbove, loadOf } from '../../../src/hotkeys/index.ts';

const NODES = Array.from({ length: 59 }, (_, i) => i + 2);
const TOTALS = [100, 1_000, 10_000, 100_000, 1_000_000];
const { tolerance, leastReadsPerSecond } = DEFAULT_HOT_RULES;

describe('the threshold of a hot key', () => {
  it('is a part of one node’s mean load, and never below what any node can bear', () => {
    for (const nodes of NODES) {
      for (const total of TOTALS) {
        const above = hotAbove(total, nodes, DEFAULT_HOT_RULES);
        const part = (above * nodes) / total;
        if (above > leastReadsPerSecond) expect(part).toBeCloseTo(tolerance, 12);
        else expect([above, part >= tolerance]).toEqual([leastReadsPerSecond, true]);
      }
    }
  });

  it.each([
    [2, 100, 20],
    [2, 1_000, 20],
    [2, 100_000, 1_000],
    [8, 10_000, 25],
    [20, 10_000, 20],
    [20, 1_000_000, 1_000],
    [60, 1_000_000, 333.333],
  ])('is, on %i nodes that read %i a second, %d a second', (nodes, total, above) => {
    expect(hotAbove(total, nodes, DEFAULT_HOT_RULES)).toBeCloseTo(above, 2);
  });

  it('rises with the tolerance and with the floor', () => {
    expect(hotAbove(100_000, 10, { ...DEFAULT_HOT_RULES, tolerance: 0.1 })).toBeCloseTo(1_000);
    expect(hotAbove(100_000, 10, { ...DEFAULT_HOT_RULES, leastReadsPerSecond: 5_000 })).toBe(5_000);
  });
});

describe('the copies of a hot key', () => {
  it('are from one to as many as there are nodes, and no fewer for a larger share', () => {
    for (const nodes of [1, ...NODES]) {
      let before = 0;
      for (const share of [0, 1e-9, 1e-4, 1e-3, 0.01, 0.03, 0.1, 0.5, 1]) {
        const copies = copiesOf(share, nodes, DEFAULT_HOT_RULES);
        expect(copies).toBeGreaterThanOrEqual(Math.max(1, before));
        expect(copies).toBeLessThanOrEqual(nodes);
        expect(Number.isInteger(copies)).toBe(true);
        before = copies;
      }
      expect(before).toBe(nodes);
    }
  });

  it('bring no node more than the tolerance, where there are nodes enough', () => {
    for (const nodes of NODES) {
      for (const share of [0.0004, 0.001, 0.004, 0.01, 0.0199]) {
        const copies = copiesOf(share, nodes, DEFAULT_HOT_RULES);
        expect(share / copies).toBeLessThanOrEqual(tolerance / nodes + 1e-12);
        if (copies > 1) expect(share / (copies - 1)).toBeGreaterThan(tolerance / nodes - 1e-12);
      }
    }
  });

  it('are two at once for each key above the threshold', () => {
    for (const nodes of NODES) {
      const share = hotAbove(1e6, nodes, DEFAULT_HOT_RULES) / 1e6;
      expect(copiesOf(share * 1.001, nodes, DEFAULT_HOT_RULES)).toBeGreaterThanOrEqual(2);
      expect(copiesOf(share * 0.999, nodes, DEFAULT_HOT_RULES)).toBe(1);
    }
  });
});

describe('the load of a read', () => {
  it.each([
    [0, 1],
    [1, 1],
    [4_095, 1],
    [4_096, 2],
    [40_960, 11],
    [1_048_576, 257],
  ])('of %i bytes is %i', (bytes, load) => {
    expect(loadOf(bytes)).toBe(load);
  });
});
