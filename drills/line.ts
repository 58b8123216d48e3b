import type { Verdict } from './verdict.ts';

const TITLE_WIDTH = 44;

/** What was done and what came of it, in one line; `docs/drills.md` says how to read it. */
export function lineOf(title: string, verdict: Verdict, notes: readonly string[]): string {
  const { calls, wrong, older, oldestMillis, failed, p99BeforeMillis, worstMillis } = verdict;
  const { writes, unacknowledged, loads, loadsPerSecondBefore, loadsPerSecondDuring } = verdict;
  const parts = [
    title.padEnd(TITLE_WIDTH),
    `${whole(calls)} calls`,
    `${wrong.length} wrong`,
    older === 0 ? '0 older' : `${whole(older)} older (by ${seconds(oldestMillis)} s at most)`,
    `${failed.length} failed`,
    `${whole(writes)} writes (${whole(unacknowledged)} unacknowledged)`,
    Number.isNaN(p99BeforeMillis)
      ? `worst ${whole(worstMillis)} ms`
      : `+${whole(Math.max(0, worstMillis - p99BeforeMillis))} ms (worst ${whole(worstMillis)}, p99 before ${whole(p99BeforeMillis)})`,
    Number.isNaN(loadsPerSecondBefore)
      ? `${whole(loads)} loads`
      : `${whole(loads)} loads (${whole(loadsPerSecondBefore)}/s before, ${whole(loadsPerSecondDuring)}/s during)`,
  ];
  return [...parts, ...notes].join(' | ');
}

const whole = (value: number): string => value.toLocaleString('en', { maximumFractionDigits: 0 });
const seconds = (millis: number): string => (millis / 1_000).toFixed(1);
