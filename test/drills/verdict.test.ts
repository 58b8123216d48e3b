import { describe, expect, it } from 'vitest';
import type { CallOf } from '../../drills/environments/fleet.ts';
import { boundsFor, type DrillRecord, judge, type Outside } from '../../drills/verdict.ts';
import type { Write } from '../../test/support/histories/history.ts';

const FAULT = { from: 1_000, to: 9_000 };
const first: Write = { key: 'k', version: 1, worker: -1, committedAt: 0, acknowledgedAt: 0 };
const second: Write = { key: 'k', version: 2, worker: 1, committedAt: 1_900, acknowledgedAt: 2_000 };
const wrap = (startedAt: number, more: Partial<CallOf> = {}): CallOf => {
  return { op: 'wrap', key: 'k', version: 2, worker: 0, startedAt, endedAt: startedAt + 2, ...more };
};

function verdictOf(
  calls: readonly CallOf[],
  more: Partial<DrillRecord> = {},
  outside: readonly Outside[] = [],
) {
  const record: DrillRecord = {
    calls,
    freezes: [],
    agings: [],
    hanging: 0,
    origin: { writes: [first, second], loads: [] },
    ...more,
  };
  return judge(record, boundsFor(1), outside, 0, FAULT);
}

describe('the judge of a drill', () => {
  const outside: Outside = {
    why: 'owner down',
    boundMillis: 5_000,
    from: 1_000,
    to: 9_000,
    holds: (key) => key === 'k',
  };

  it('takes a value that was never written, or is of another key, for wrong', () => {
    expect(verdictOf([wrap(3_000, { version: 3 }), wrap(3_000, { version: -1 })]).wrong).toHaveLength(2);
  });

  it('takes a value for wrong that is out of date by more than its bound', () => {
    const calls = [wrap(2_900, { version: 1 }), wrap(3_100, { version: 1 })];
    expect(verdictOf(calls)).toMatchObject({ wrong: [expect.stringContaining('old by 1100 ms')], older: 0 });
  });

  it('takes one for older within the bound that holds outside of the contract, and no further', () => {
    const calls = [wrap(3_100, { version: 1 }), wrap(7_100, { version: 1 })];
    const verdict = verdictOf(calls, {}, [outside]);
    expect(verdict).toMatchObject({ older: 1, oldestMillis: 1_100 });
    expect(verdict.wrong).toHaveLength(1);
  });

  it('has no excuse for keys that the fault does not concern, and none for what was never written', () => {
    const elsewhere = { ...outside, holds: () => false };
    expect(verdictOf([wrap(3_100, { version: 1 })], {}, [elsewhere]).wrong).toHaveLength(1);
    expect(verdictOf([wrap(3_100, { version: 9 })], {}, [outside]).wrong).toHaveLength(1);
  });

  it('counts calls that throw, that take longer than an invocation, and that never come back', () => {
    const calls = [wrap(3_000, { version: undefined, error: 'no' }), wrap(3_000, { endedAt: 8_100 })];
    expect(verdictOf(calls, { hanging: 1 }).failed).toHaveLength(3);
  });

  it('holds a process to its own writes, unless more than a minute seems to have passed for it', () => {
    const calls = [wrap(2_500, { key: 'hot-k', version: 1, worker: 1 })];
    const writes = [first, second].map((write) => ({ ...write, key: 'hot-k' }));
    const origin = { writes, loads: [] };
    expect(verdictOf(calls, { origin }).wrong).toEqual([expect.stringContaining('own-write')]);
    expect(verdictOf(calls, { origin, agings: [{ worker: 0, at: 2_200 }] }).wrong).toHaveLength(1);
    expect(verdictOf(calls, { origin, agings: [{ worker: 1, at: 2_200 }] }).wrong).toEqual([]);
  });

  it('does not hold the time against a call in which its process was frozen', () => {
    const calls = [wrap(2_000, { endedAt: 9_500 })];
    const verdict = verdictOf(calls, { freezes: [{ worker: 0, from: 2_100, to: 9_000 }] });
    expect(verdict).toMatchObject({ failed: [], worstMillis: 0 });
  });

  it('measures the worst call of the fault against those before it', () => {
    const calls = [wrap(100, { version: 1 }), wrap(990, { version: 1, endedAt: 1_300 }), wrap(9_500)];
    expect(verdictOf(calls)).toMatchObject({ p99BeforeMillis: 2, worstMillis: 310 });
  });
});
