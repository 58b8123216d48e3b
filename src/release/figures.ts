import { type Finding, note, percent, type Verdict, verdictOf, warning } from './findings.ts';

/** What CloudWatch counted of one version; `undefined` where it has no data. */
export interface Figures {
  readonly functionVersion: string;
  readonly hits: number | undefined;
  readonly misses: number | undefined;
  readonly unavailable: number | undefined;
  readonly cacheErrors: number | undefined;
  readonly undecodable: number | undefined;
  readonly invocations: number | undefined;
  /** Invocations that threw, or ran out of time. */
  readonly errors: number | undefined;
  /** Invocations that answered with a status of 500 or more. */
  readonly serverErrors: number | undefined;
}

/** The counts that reads come to; `undefined` is zero, of which nothing is published. */
export type ReadCounts = Readonly<Record<'hits' | 'misses' | 'unavailable', number | undefined>>;

/** hits / (hits + misses + unavailable): a read that no node answered found nothing, either. `undefined` without reads. */
export const hitRatioOf = ({ hits, misses, unavailable }: ReadCounts): number | undefined =>
  share(hits, misses, unavailable);

/** So many percentage points between two versions are told. */
const TELLING = 0.05;

/** Compares both versions once the traffic is shifted. It tells and never refuses: to roll back is the alarms' part. */
export function compareFigures(live: Figures, next: Figures): Verdict {
  const findings: Finding[] = [];
  const compare = (
    name: string,
    share: (figures: Figures) => number | undefined,
    worse: 1 | -1,
    todo: string,
  ) => {
    const [before, after] = [share(live), share(next)];
    if (before === undefined || after === undefined) {
      const whose = before === undefined ? live : next;
      findings.push(
        note(
          `there is no ${name} of version ${whose.functionVersion} yet, so it was not compared: ${NO_DATA}`,
        ),
      );
      return;
    }
    const sentence =
      `the ${name} of version ${next.functionVersion} is ${percent(after)}, that of version ` +
      `${live.functionVersion} ${percent(before)}`;
    const isWorse = (after - before) * worse > TELLING;
    findings.push(isWorse ? warning(`${sentence}: ${todo}`) : note(sentence));
  };
  compare(
    'hit ratio',
    hitRatioOf,
    -1,
    'it should rise within the time to live; else look for keys that moved',
  );
  compare('share of failed cache reads', unavailableShare, 1, 'look at the log for nodes that are down');
  compare('share of failed invocations', failedShare, 1, 'roll back if the log shows no other cause');
  if (next.undecodable !== undefined && next.undecodable > 0) {
    findings.push(
      warning(
        `version ${next.functionVersion} could not read ${next.undecodable} items: give a changed shape a new schema`,
      ),
    );
  }
  if (live.undecodable !== undefined && live.undecodable > 0) {
    findings.push(
      warning(
        `version ${live.functionVersion} could not read ${live.undecodable} items while version ` +
          `${next.functionVersion} came beside it: if version ${next.functionVersion} wrote them, roll back, and give a ` +
          'changed shape a new schema',
      ),
    );
  }
  return verdictOf(findings);
}

const NO_DATA = 'metrics take some minutes, and a version without traffic has none';

/** Counts that are zero are not published: of two that belong together one is enough. */
function share(part: number | undefined, ...rest: (number | undefined)[]): number | undefined {
  const all = [part, ...rest];
  if (all.every((count) => count === undefined)) return undefined;
  const total = all.reduce<number>((sum, count) => sum + (count ?? 0), 0);
  return total === 0 ? undefined : (part ?? 0) / total;
}

const unavailableShare = ({ hits, misses, unavailable }: Figures): number | undefined =>
  share(unavailable, hits, misses);

const failedShare = ({ errors, serverErrors, invocations }: Figures): number | undefined =>
  invocations === undefined || invocations === 0
    ? undefined
    : ((errors ?? 0) + (serverErrors ?? 0)) / invocations;
