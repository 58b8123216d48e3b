import {
  type Comparison,
  type ConfigurationOnly,
  compareCaches,
  compareReports,
  type Finding,
  pairCaches,
  refuse,
  type SelfCheckReport,
  warning,
} from '../../src/release/index.ts';
import { cachesOf } from './answers.ts';
import { type CheckEvent, eventsFor } from './check-events.ts';
import type { FunctionVersion } from './function-version.ts';
import { judged } from './judgement.ts';
import type { Patience } from './patience.ts';
import { type Run, replay } from './replay.ts';
import { reportOf, type Told } from './reports.ts';

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
  /** Before a version, or a node, that did not answer is asked again. */
  readonly patience: Patience;
}

export interface ReleaseVerdict {
  readonly passes: boolean;
  /** The share of keys, 0..1, that would move; `undefined` where it could not be told. */
  readonly movedShare: number | undefined;
  readonly findings: readonly Finding[];
}

/** Compares what both versions tell of themselves and, unless that refuses, replays the events against both. */
export async function checkRelease(release: Release): Promise<ReleaseVerdict> {
  const { live, next, namespace, patience } = release;
  const budget = { movedShare: release.movedShareBudget };
  const ofNext = await reportOf(next, namespace, patience);
  if (ofNext.kind === 'failed') {
    const { reason, times } = ofNext;
    return verdict([
      refuse(`the new version fails when it is asked what it is (${reason})${timesTold(times)}: see its log`),
    ]);
  }
  const ofLive = await reportOf(live, namespace, patience);
  const asked = [ofNext, ofLive].flatMap((told) => (told.kind === 'report' ? told.findings : []));
  const nextReport = ofNext.kind === 'report' ? ofNext.report : undefined;
  if (ofLive.kind !== 'report' || nextReport === undefined) {
    const { known, findings } = await withoutReport(release, ofLive);
    const isRefused = findings.some(({ severity }) => severity === 'refuse');
    if (isRefused && nextReport !== undefined) return verdict([...asked, ...findings]);
    const first = compareReports(known, nextReport, budget);
    const all = [...asked, ...first.findings, ...findings];
    if (first.verdict === 'refuse' || nextReport === undefined) return verdict(all, first.movedShare);
    // A version that does not know the field would read and write what production does.
    return verdict([...all, ...(await alone(release, nextReport))], first.movedShare);
  }
  const { report: liveReport } = ofLive;
  // Of caches by other names the right pairs are known once all are.
  const isPair = pairCaches([liveReport], [nextReport]).length === 1 && namesAgree(liveReport, nextReport);
  const first = isPair ? compareReports(liveReport, nextReport, budget) : undefined;
  if (first?.verdict === 'refuse') return verdict([...asked, ...first.findings], first.movedShare);
  // Under another namespace neither version meets the other's items; in one of a check they would.
  const isShared = liveReport.namespace === nextReport.namespace;
  const runs = isShared ? await bothWays(release) : [];
  if (!isShared) runs.push(...(await replay(next, next, ownEvents(release), `${namespace}-1`, patience)));
  const [liveCaches, nextCaches] = [
    await allOf(release, live, liveReport, runs),
    await allOf(release, next, nextReport, runs),
  ];
  const isLone = first !== undefined && liveCaches.length === 1 && nextCaches.length === 1;
  const comparison: Comparison = isLone ? first : compareCaches(liveCaches, nextCaches, budget);
  const found = [...asked, ...comparison.findings];
  if (comparison.verdict === 'refuse') return verdict(found, comparison.movedShare);
  found.push(...(await judgedAll(release, runs, isShared ? live : undefined, liveCaches, nextCaches)));
  return verdict(found, comparison.movedShare);
}

const note = (sentence: string): Finding => ({ severity: 'note', sentence });
const timesTold = (times: number): string => (times > 1 ? `, ${times} times` : '');

/** Both orders of a replay may find the same. */
function verdict(findings: readonly Finding[], movedShare?: number): ReleaseVerdict {
  const distinct = [...new Map(findings.map((finding) => [finding.sentence, finding])).values()];
  return { passes: !distinct.some(({ severity }) => severity === 'refuse'), movedShare, findings: distinct };
}

const namesAgree = (live: SelfCheckReport, next: SelfCheckReport): boolean =>
  live.contextKey === undefined || next.contextKey === undefined || live.contextKey === next.contextKey;

/** What is known of a live version that gave no report, and what is to be said of that. */
async function withoutReport(
  { live, next, movedShareBudget }: Release,
  told: Told,
): Promise<{ known: SelfCheckReport | ConfigurationOnly; findings: Finding[] }> {
  if (told.kind === 'report') return { known: told.report, findings: [] };
  const findings: Finding[] = [];
  const variablesOf = async (version: FunctionVersion, severity: 'warning' | 'note') => {
    try {
      return await version.variables();
    } catch (error) {
      const sentence =
        `the configuration of ${version.name} could not be read (${(error as Error).message}): allow the hook ` +
        'lambda:GetFunctionConfiguration';
      findings.push({ severity, sentence });
      return undefined;
    }
  };
  const variables = (await variablesOf(live, 'warning')) ?? {};
  const known = { version: 0, variables, nextVariables: await variablesOf(next, 'note') } as const;
  if (told.kind === 'other') return { known, findings };
  const failed = `the live version failed when it was asked what it is (${told.reason})${timesTold(told.times)}`;
  const knowsSelfCheck = ['true', '1'].includes(variables.SMEARCACHE_SELF_CHECK?.trim().toLowerCase() ?? '');
  if (!told.mayPass && !knowsSelfCheck) {
    const reason = `knows no self-check (it failed, ${told.times} times: ${told.reason})`;
    return { known: { ...known, reason }, findings };
  }
  const weigh = movedShareBudget >= 1 ? warning : refuse;
  findings.unshift(
    weigh(
      `${failed}, and may be at work all the same: deploy again once it answers or, where the release is to mend it, ` +
        'with a budget of 1',
    ),
  );
  return { known: { ...known, reason: 'gave no report' }, findings };
}

const ownEvents = ({ functionName, events }: Release): readonly CheckEvent[] =>
  eventsFor(functionName, events);

/** Old writes and new reads, then the reverse, in a namespace each: what the first left would be found by the second. */
async function bothWays(release: Release): Promise<Run[]> {
  const { live, next, namespace, patience } = release;
  const own = ownEvents(release);
  return [
    ...(await replay(live, next, own, `${namespace}-1`, patience)),
    ...(await replay(next, live, own, `${namespace}-2`, patience)),
  ];
}

async function alone(release: Release, report: SelfCheckReport): Promise<Finding[]> {
  const { next, namespace, patience } = release;
  const runs = await replay(next, next, ownEvents(release), `${namespace}-1`, patience);
  return judgedAll(release, runs, undefined, [], await allOf(release, next, report, runs));
}

/** Of every cache that a version's handler has, as its answers have shown; the first one's is known. */
async function allOf(
  { namespace, patience }: Release,
  version: FunctionVersion,
  first: SelfCheckReport,
  runs: readonly Run[],
): Promise<readonly SelfCheckReport[]> {
  const answers = runs.flatMap(({ writer, reader, written, read }) => [
    ...(writer === version ? [written] : []),
    ...(reader === version && read !== undefined ? [read] : []),
  ]);
  const count = Math.max(1, ...answers.map((answer) => cachesOf(answer).length));
  const reports = [first];
  for (let position = 1; position < count; position++) {
    const told = await reportOf(version, namespace, patience, position);
    if (told.kind === 'report') reports.push(told.report);
  }
  return reports;
}

/** `live` is `undefined` where it took no part in the runs. */
async function judgedAll(
  release: Release,
  runs: readonly Run[],
  live: FunctionVersion | undefined,
  liveCaches: readonly SelfCheckReport[],
  nextCaches: readonly SelfCheckReport[],
): Promise<Finding[]> {
  if (ownEvents(release).length === 0) {
    return [
      note(`no event was replayed: events/check.json has none that reads from ${release.functionName}`),
      note('of several caches on one handler only the first is compared where no event shows the others'),
    ];
  }
  const before = live === undefined ? nextCaches : liveCaches;
  const places = pairCaches(before, nextCaches)
    .filter((pair) => ALIKE.every((name) => pair.live?.[name] === pair.next?.[name]))
    .map((pair) => [before.indexOf(pair.live!), nextCaches.indexOf(pair.next!)] as const);
  let namespaces = 0;
  const judge = {
    live,
    alike: (writer: FunctionVersion) =>
      writer === live ? places : places.map(([ofLive, ofNext]) => [ofNext, ofLive] as const),
    ownAnswer: ({ recorded, reader }: Run) =>
      runs.find((one) => one.recorded === recorded && one.writer === reader)?.written,
    freshNamespace: () => `${release.namespace}-c${++namespaces}`,
    patience: release.patience,
  };
  const findings: Finding[] = [];
  for (const run of runs) findings.push(...(await judged(run, judge)));
  return findings;
}

/** Where these are equal, both versions look for an item in one place. */
const ALIKE = ['dialect', 'namespace', 'schema', 'codec', 'disabled'] as const;
