import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DeadlineTimer } from '../../../src/base/deadline-timer.ts';
import { TestClock } from '../../support/test-clock.ts';

/** Runs the timers phase alone: what is due by `millis` from now fires, the poll phase has not come yet. */
function timersPhase(clock: TestClock, millis: number): void {
  clock.advance(millis);
  // One step: the immediate that the timeout sets is the next one.
  vi.advanceTimersToNextTimer();
}

/** Runs the immediate, which Node does once it has read the sockets. */
function checkPhase(): void {
  vi.advanceTimersToNextTimer();
}

describe('the deadline timer', () => {
  let clock: TestClock;
  let expired: { now: number; late: boolean }[];
  let next: number[];
  let timer: DeadlineTimer;

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate'] });
    clock = new TestClock(1_000);
    expired = [];
    next = [];
    timer = new DeadlineTimer(clock, (now, late) => {
      expired.push({ now, late });
      return next.shift() ?? Number.POSITIVE_INFINITY;
    });
  });

  afterEach(() => {
    timer.clear();
    vi.useRealTimers();
  });

  it('is one timer for any number of deadlines', () => {
    for (const deadline of [1_100, 1_200, 1_100, 1_500]) timer.cover(deadline, 1_000);
    expect(vi.getTimerCount()).toBe(1);
  });

  it('fires for the earliest, also where that came last', () => {
    timer.cover(1_500, 1_000);
    timer.cover(1_100, 1_000);
    expect(vi.getTimerCount()).toBe(1);
    timersPhase(clock, 100);
    checkPhase();
    expect(expired).toEqual([{ now: 1_100, late: false }]);
  });

  it('judges only after a poll phase, so that an answer that lies in the socket counts', () => {
    timer.cover(1_100, 1_000);
    timersPhase(clock, 100);
    expect(expired).toEqual([]);
    checkPhase();
    expect(expired).toHaveLength(1);
  });

  it('says that it is late after a freeze', () => {
    timer.cover(1_100, 1_000);
    timersPhase(clock, 5_000);
    checkPhase();
    expect(expired).toEqual([{ now: 6_000, late: true }]);
  });

  it.each([
    [200, false],
    [201, true],
  ])('counts %i ms past the deadline as late: %s', (past, late) => {
    timer.cover(1_100, 1_000);
    timersPhase(clock, 100 + past);
    checkPhase();
    expect(expired).toEqual([{ now: 1_100 + past, late }]);
  });

  it('is set again for the deadline that comes next', () => {
    next = [1_400];
    timer.cover(1_100, 1_000);
    timersPhase(clock, 100);
    checkPhase();
    expect(vi.getTimerCount()).toBe(1);
    timersPhase(clock, 300);
    checkPhase();
    expect(expired.map(({ now }) => now)).toEqual([1_100, 1_400]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('rounds up, since a timer that fires early has to be set again', () => {
    timer.cover(1_100.2, 1_000);
    vi.advanceTimersByTime(100);
    expect(expired).toEqual([]);
    expect(vi.getTimerCount()).toBe(1);
    timersPhase(clock, 101);
    checkPhase();
    expect(expired).toHaveLength(1);
  });

  it('fires at once for a deadline that has passed', () => {
    timer.cover(900, 1_000);
    timersPhase(clock, 0);
    checkPhase();
    expect(expired).toHaveLength(1);
  });

  it('waits for nothing where there is no deadline', () => {
    timer.cover(Number.POSITIVE_INFINITY, 1_000);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('leaves nothing behind when cleared before it fires', () => {
    timer.cover(1_100, 1_000);
    timer.clear();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('leaves nothing behind when cleared between firing and judging', () => {
    timer.cover(1_100, 1_000);
    timersPhase(clock, 100);
    timer.clear();
    expect(vi.getTimerCount()).toBe(0);
    checkPhase();
    expect(expired).toEqual([]);
  });

  it('serves again after it was cleared', () => {
    timer.cover(1_100, 1_000);
    timer.clear();
    timer.cover(1_300, 1_000);
    timersPhase(clock, 300);
    checkPhase();
    expect(expired).toEqual([{ now: 1_300, late: false }]);
  });

  it('takes a later deadline that comes between firing and judging', () => {
    next = [1_250];
    timer.cover(1_100, 1_000);
    timersPhase(clock, 100);
    timer.cover(1_250, 1_100);
    checkPhase();
    timersPhase(clock, 150);
    checkPhase();
    expect(expired.map(({ now }) => now)).toEqual([1_100, 1_250]);
  });

  it('does not keep the process alive', () => {
    vi.useRealTimers();
    const alive = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const before = alive();
    timer.cover(60_000, 1_000);
    expect(alive()).toBe(before);
    timer.clear();
  });
});
