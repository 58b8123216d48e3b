import type { Verdict, Violation } from './checker.ts';
import { READ_KINDS, type Write } from './history.ts';
import { BOUNDS, LONGEST_BASE_SECONDS } from './settings.ts';
import type { Stress } from './stress.ts';

const SHOWN_VIOLATIONS = 3;
const SHOWN_WRITES = 4;

/** What was done, how stale the worst reads were, and the first violations in full. */
export function reportOf({ history, empty, freezesMillis }: Stress, verdict: Verdict): string {
  const { reads, writes } = history;
  const acknowledged = writes.filter(({ acknowledgedAt }) => acknowledgedAt !== undefined).length;
  const long = freezesMillis.filter((millis) => millis > LONGEST_BASE_SECONDS * 1_000).length;
  const lines = [
    `reads    ${count(reads.length)} with a value, ${count(empty)} without`,
    `writes   ${count(writes.length)}, ${count(acknowledged)} of them acknowledged`,
    `freezes  ${count(freezesMillis.length)}, ${count(long)} of them longer than any base lives`,
    ...READ_KINDS.map((kind) => {
      const ofKind = reads.filter((read) => read.kind === kind).length;
      const [worst, bound] = [verdict.worstStaleMillis[kind], BOUNDS[kind]].map(count);
      return `${kind.padEnd(12)} ${count(ofKind).padStart(9)} reads, stale by ${worst} ms at the worst (bound ${bound} ms)`;
    }),
    `violations ${count(verdict.violations.length)}`,
  ];
  return [...lines, ...verdict.violations.slice(0, SHOWN_VIOLATIONS).map(excerpt)].join('\n');
}

/** The read and the writes around it, in milliseconds from the read's start. */
function excerpt({ fault, read, staleMillis, writes }: Violation): string {
  const { kind, key, version, worker, startedAt, endedAt } = read;
  const from = (at: number | undefined): string =>
    at === undefined ? 'never' : `${(at - startedAt).toFixed(1)}`;
  const lineOf = (write: Write): string =>
    `    version ${write.version} by worker ${write.worker}: committed ${from(write.committedAt)}, acknowledged ${from(write.acknowledgedAt)}`;
  return [
    `  ${fault}: ${kind} of ${key} by worker ${worker} gave version ${version}, ended ${from(endedAt)}, stale by ${staleMillis.toFixed(1)} ms`,
    ...writes.slice(0, SHOWN_WRITES).map(lineOf),
  ].join('\n');
}

const count = (value: number): string => value.toLocaleString('en', { maximumFractionDigits: 0 });
