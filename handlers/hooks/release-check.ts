import { compareReports, type Finding, reportIn, type SelfCheckReport } from '../../src/release/index.ts';
import { type CheckEvent, eventsFor } from './check-events.ts';
import type { FunctionVersion } from './function-version.ts';
import { replay } from './replay.ts';

/** One release, as its check needs it. */
export interface Release {
  readonly live: FunctionVersion;
  readonly next: FunctionVersion;
  readonly functionName: string;
  readonly events: readonly CheckEvent[];
  /** The share of keys, 0..1, that may move. */
  readonly movedShareBudget: number;
  /** Begins with `check-`, and nobody has used it before. */
  readonly namespace: string;
  /** How long after a first look at a node that did not answer it is looked at again. */
  readonly retryMillis: number;
}

export interface ReleaseVerdict {
  readonly passes: boolean;
  /** The share of keys, 0..1, that would move; `undefined` where it could not be told. */
  readonly movedShare: number | undefined;
  readonly findings: readonly Finding[];
}

/** Compares what both versions tell of themselves and, unless that refuses, replays the events against both. */
export async function checkRelease(release: Release): Promise<ReleaseVerdict> {
  const { live, namespace, movedShareBudget } = release;
  const nextReport = await nextReportOf(release);
  if (typeof nextReport === 'string') {
    const sentence = `the new version fails when it is asked what it is (${nextReport}): see its log`;
    return { passes: false, movedShare: undefined, findings: [{ severity: 'refuse', sentence }] };
  }
  const answer = await live.invoke(reportEvent(namespace));
  const liveReport = answer.kind === 'answered' ? reportIn(answer.payload) : undefined;
  const known = liveReport ?? (await configurationOf(live));
  const { findings, verdict, movedShare } = compareReports(known, nextReport, {
    movedShare: movedShareBudget,
  });
  const all = [...findings, ...('fault' in known ? [known.fault] : [])];
  if (verdict === 'pass') all.push(...(await replayed(release, liveReport !== undefined)));
  return { passes: !all.some(({ severity }) => severity === 'refuse'), movedShare, findings: all };
}

const reportEvent = (namespace: string): object => ({
  'smearcache:check': { report: true, namespace },
});

/** Its report, `undefined` where it answers something else, or why it failed. A node is given a second chance. */
async function nextReportOf({
  next,
  namespace,
  retryMillis,
}: Release): Promise<SelfCheckReport | string | undefined> {
  const ask = async () => {
    const answer = await next.invoke(reportEvent(namespace));
    return answer.kind === 'failed' ? answer.reason : reportIn(answer.payload);
  };
  const report = await ask();
  if (typeof report !== 'object' || isWell(report)) return report;
  await new Promise((resolve) => setTimeout(resolve, retryMillis));
  return ask();
}

const isWell = ({ disabled, nodes }: SelfCheckReport): boolean =>
  disabled || (nodes.length > 0 && nodes.every(({ writeReadDelete }) => writeReadDelete === 'ok'));

/** All that can be known of a live version without a self-check. */
async function configurationOf(live: FunctionVersion) {
  try {
    return { version: 0, variables: await live.variables() } as const;
  } catch (error) {
    const sentence =
      `the configuration of the live version could not be read (${(error as Error).message}): allow the hook ` +
      'lambda:GetFunctionConfiguration';
    return { version: 0, variables: {}, fault: { severity: 'warning', sentence } } as const;
  }
}

/** Old writes and new reads, then the reverse, in a namespace each: what the first left would be found by the second. */
async function replayed(
  { live, next, functionName, events, namespace }: Release,
  liveKnows: boolean,
): Promise<readonly Finding[]> {
  const own = eventsFor(functionName, events);
  if (own.length === 0) {
    const sentence = `no event was replayed: events/check.json has none that reads from ${functionName}`;
    return [{ severity: 'note', sentence }];
  }
  // A version that does not know the field would read and write what production does.
  if (!liveKnows) return replay(next, next, own, `${namespace}-1`);
  return [
    ...(await replay(live, next, own, `${namespace}-1`)),
    ...(await replay(next, live, own, `${namespace}-2`)),
  ];
}
