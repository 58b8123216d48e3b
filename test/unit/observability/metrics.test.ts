import { describe, expect, it, vi } from 'vitest';
import { Tally } from '../../../src/base/tally.ts';
import { METRICS, publishMetrics, publishTrace } from '../../../src/observability/metrics.ts';

/** What is published of these counts: the metrics' names with their values. */
function published(counts: Partial<Tally>): Record<string, number> {
  const addMetric = vi.fn();
  publishMetrics({ addMetric, addDimension: vi.fn() }, Object.assign(new Tally(), counts), '7');
  for (const [, unit] of addMetric.mock.calls) expect(unit).toBe('Count');
  return Object.fromEntries(addMetric.mock.calls.map(([name, , value]) => [name, value]));
}

describe('the metrics of an invocation', () => {
  it('are none where nothing happened', () => {
    expect(published({})).toEqual({});
  });

  it('tell of hot keys: how many there are, became it and are it no more, and of lists that were none', () => {
    const counts = { hotKeysPromoted: 2, hotKeysDemoted: 3, hotKeys: 11, hotListsRefused: 1 };
    expect(published(counts)).toEqual({
      HotKeysPromoted: 2,
      HotKeysDemoted: 3,
      HotKeys: 11,
      HotListsRefused: 1,
    });
    for (const [name, value] of Object.entries(counts)) {
      expect(Object.values(published({ [name]: value }))).toEqual([value]);
    }
  });

  it('leave no count out', () => {
    const counts = Object.fromEntries(Object.keys(new Tally()).map((name, at) => [name, at + 1]));
    expect(Object.values(published(counts)).toSorted((a, b) => a - b)).toEqual(Object.values(counts));
    expect(Object.values(METRICS).toSorted()).toEqual(Object.keys(counts).toSorted());
  });

  it('are kept with the trace, the zeros, too', () => {
    const putMetadata = vi.fn();
    const counts = Object.assign(new Tally(), { hotKeys: 3 });
    publishTrace({ putMetadata }, counts);
    expect(putMetadata).toHaveBeenCalledExactlyOnceWith(
      'counts',
      expect.objectContaining({ hotKeys: 3, hotKeysPromoted: 0, hotKeysDemoted: 0, hotListsRefused: 0 }),
      'smearcache',
    );
  });
});
