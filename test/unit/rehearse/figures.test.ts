import { describe, expect, it } from 'vitest';
import type { Invocation } from '../../../scripts/local/runtime/invocation.ts';
import { NEW, OLD, type Version } from '../../../scripts/rehearse/deployment.ts';
import { Figures, warningsOf } from '../../../scripts/rehearse/figures.ts';
import { figuresTable } from '../../../scripts/rehearse/figures-table.ts';
import { MetricStore } from '../../../scripts/rehearse/metric-store.ts';

/** Figures of so many invocations that answered 200, and so many that answered 502, a version. */
function figuresOf(counts: Readonly<Record<Version, readonly [well: number, failed: number]>>) {
  const store = new MetricStore();
  const figures = new Figures(store, ['Get']);
  for (const version of [OLD, NEW] as const) {
    const [well, failed] = counts[version];
    for (let i = 0; i < well + failed; i += 1) {
      const dimensions = { FunctionName: 'Get', Resource: 'Get:live', ExecutedVersion: version };
      for (const [name, value] of Object.entries({ Invocations: 1, Errors: 0, Duration: i + 1 })) {
        store.record({ namespace: 'AWS/Lambda', name, dimensions }, value);
      }
      answer(figures, version, { statusCode: i < failed ? 502 : 200 });
    }
  }
  return figures;
}

function answer(
  figures: Figures,
  version: Version,
  payload: unknown,
  status: 'success' | 'error' = 'success',
) {
  figures.answered(version, { status, payload: JSON.stringify(payload), durationMs: 1 } as Invocation);
}

describe('the figures of a rehearsal', () => {
  it('count what was answered with 5xx, version by version', () => {
    const figures = figuresOf({ [OLD]: [9, 1], [NEW]: [3, 2] });
    expect(figures.all()).toEqual([
      expect.objectContaining({ version: OLD, invocations: 10, errors: 0, failures: 1, p99Millis: 10 }),
      expect.objectContaining({ version: NEW, invocations: 5, errors: 0, failures: 2, p99Millis: 5 }),
    ]);
  });

  it('count no failed invocation twice, and no answer without a status', () => {
    const figures = figuresOf({ [OLD]: [1, 0], [NEW]: [1, 0] });
    answer(figures, NEW, { statusCode: 500 }, 'error');
    answer(figures, NEW, { statusCode: '500' });
    answer(figures, NEW, null);
    figures.answered(NEW, { status: 'success', payload: '', durationMs: 1 } as Invocation);
    expect(figures.of(NEW).failures).toBe(0);
    answer(figures, NEW, { statusCode: 500 });
    expect(figures.of(NEW).failures).toBe(1);
  });

  it('warn where the new version answers 5xx more often, by its share', () => {
    expect(warningsOf(figuresOf({ [OLD]: [99, 1], [NEW]: [18, 2] }).all())).toEqual([
      expect.stringContaining(
        'the new version answers 5xx more often than the old one, 2 of 20 requests (10 %) against 1 of 100 requests (1 %)',
      ),
    ]);
    expect(warningsOf(figuresOf({ [OLD]: [8, 2], [NEW]: [97, 3] }).all())).toEqual([]);
    expect(warningsOf(figuresOf({ [OLD]: [10, 0], [NEW]: [0, 0] }).all())).toEqual([]);
  });

  it('warn where the old version could not read items, which no alarm sees', () => {
    const [old, next] = figuresOf({ [OLD]: [9, 0], [NEW]: [3, 0] }).all();
    expect(warningsOf([old!, next!])).toEqual([]);
    expect(warningsOf([old!, { ...next!, undecodable: 4 }])).toEqual([]);
    expect(warningsOf([{ ...old!, undecodable: 4 }, next!])).toEqual([
      expect.stringMatching(/^the old version could not read 4 items: if the new one wrote them/),
    ]);
  });

  it('stand in a table with a column for 5xx', () => {
    const table = figuresTable(figuresOf({ [OLD]: [9, 1], [NEW]: [3, 2] }).all());
    expect(table.split('\n').map((line) => line.trim().split(/ {2,}/).slice(0, 4))).toEqual([
      ['version', 'invocations', 'errors', '5xx'],
      ['old', '10', '0', '1'],
      ['new', '5', '0', '2'],
    ]);
  });
});
