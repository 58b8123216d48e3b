// The bound on staleness, against real memcached and processes that are frozen in the middle of their calls. The
// nightly form is test/long/histories.ts.

import { describe, expect, it } from 'vitest';
import { checkHistory } from '../support/histories/checker.ts';
import type { Bounds, Read, Write } from '../support/histories/history.ts';
import { reportOf } from '../support/histories/report.ts';
import { BOUNDS, LONGEST_BASE_SECONDS } from '../support/histories/settings.ts';
import { stress } from '../support/histories/stress.ts';
import { memcachedAvailable } from '../support/memcached.ts';

const STRESS_MILLIS = 7_000;
const LEAST_READS = 2_000;

describe.skipIf(!memcachedAvailable)('the history of eight processes that are frozen at random', () => {
  it('has no read that is staler than its bound', { timeout: 60_000 }, async () => {
    const outcome = await stress({ millis: STRESS_MILLIS, leastReads: LEAST_READS, seed: 7 });
    const verdict = checkHistory(outcome.history, BOUNDS);
    expect(verdict.violations, reportOf(outcome, verdict)).toEqual([]);
    expect(outcome.history.reads.length).toBeGreaterThanOrEqual(LEAST_READS);
    expect(outcome.history.writes.length).toBeGreaterThan(20);
    expect(outcome.freezesMillis.some((millis) => millis > LONGEST_BASE_SECONDS * 1_000)).toBe(true);
  });

  it('has none either where keys become hot in its course', { timeout: 60_000 }, async () => {
    const outcome = await stress({ millis: STRESS_MILLIS, leastReads: LEAST_READS, seed: 8, auto: true });
    const verdict = checkHistory(outcome.history, BOUNDS);
    expect(verdict.violations, reportOf(outcome, verdict)).toEqual([]);
    expect(outcome.hotKeys).toBeGreaterThan(5);
  });
});

describe('the checker of histories', () => {
  const bounds: Bounds = { 'base get': 0, 'smeared get': 4_000, 'plain wrap': 1_000, 'smeared wrap': 5_000 };
  const first: Write = { key: 'k', version: 1, worker: 0, committedAt: 0, acknowledgedAt: 0 };
  const second: Write = { key: 'k', version: 2, worker: 1, committedAt: 100, acknowledgedAt: 200 };
  const read = (version: number, startedAt: number, more: Partial<Read> = {}): Read => {
    return { kind: 'base get', key: 'k', version, worker: 5, startedAt, endedAt: startedAt + 1, ...more };
  };
  const faultsOf = (reads: readonly Read[], writes: readonly Write[] = [first, second]) =>
    checkHistory({ reads, writes }, bounds).violations.map(({ fault }) => fault);

  it('lets a reader see either value until the delete is acknowledged', () => {
    expect(faultsOf([read(1, 150), read(2, 150), read(1, 200), read(2, 201)])).toEqual([]);
  });

  it('finds a base that is out of date after the acknowledgement', () => {
    expect(faultsOf([read(1, 200.1)])).toEqual(['stale']);
  });

  it('takes the time of a read from its start', () => {
    expect(faultsOf([read(1, 150, { endedAt: 90_000 })])).toEqual([]);
  });

  it.each([
    ['smeared get', 4_000],
    ['plain wrap', 1_000],
    ['smeared wrap', 5_000],
  ] as const)('gives a %s its bound and no more', (kind, bound) => {
    expect(faultsOf([read(1, 200 + bound, { kind })])).toEqual([]);
    expect(faultsOf([read(1, 200 + bound + 1, { kind })])).toEqual(['stale']);
  });

  it('finds a value that comes back after it was gone', () => {
    expect(faultsOf([read(1, 50), read(2, 210), read(1, 9_000, { kind: 'smeared get' })])).toEqual(['stale']);
  });

  it('allows either value for as long as a write is not acknowledged', () => {
    const unfinished: Write = { key: 'k', version: 2, worker: 1, committedAt: 100 };
    expect(faultsOf([read(1, 99_000), read(2, 99_000)], [first, unfinished])).toEqual([]);
  });

  it('counts a later write that was acknowledged before an earlier one', () => {
    const third: Write = { key: 'k', version: 3, worker: 2, committedAt: 110, acknowledgedAt: 120 };
    expect(faultsOf([read(1, 130), read(2, 130), read(3, 130)], [first, second, third])).toEqual([
      'stale',
      'stale',
    ]);
  });

  it('finds a version that nobody had committed yet, and one of another key', () => {
    expect(faultsOf([read(2, 50), read(3, 300), read(-1, 300), read(1, 300, { key: 'other' })])).toEqual([
      'unknown',
      'unknown',
      'unknown',
      'unknown',
    ]);
  });

  it('holds a process to its own acknowledged writes, within any bound', () => {
    const kind = 'smeared get';
    expect(faultsOf([read(1, 199, { kind, worker: 1 })])).toEqual([]);
    expect(faultsOf([read(1, 201, { kind, worker: 1 }), read(1, 201, { kind, worker: 2 })])).toEqual([
      'own-write',
    ]);
  });

  it('tells the worst staleness by the kind of read', () => {
    const reads = [
      read(1, 700, { kind: 'smeared get' }),
      read(1, 900, { kind: 'smeared get' }),
      read(2, 900),
    ];
    expect(checkHistory({ reads, writes: [first, second] }, bounds).worstStaleMillis).toEqual({
      'base get': 0,
      'smeared get': 700,
      'plain wrap': 0,
      'smeared wrap': 0,
    });
  });
});
