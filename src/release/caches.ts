import type { SelfCheckReport } from '../base/self-check-report.ts';
import { type Comparison, compareReports } from './compare.ts';
import { type Budget, type Finding, note, verdictOf } from './findings.ts';
import { nodeFindings } from './node-findings.ts';

/** One cache of a handler in both versions; `undefined` where a version has none like it. */
export interface CachePair {
  readonly live: SelfCheckReport | undefined;
  readonly next: SelfCheckReport | undefined;
}

/** Which cache of the live version is which of the new one: by the name on the context, else by its place. */
export function pairCaches(
  live: readonly SelfCheckReport[],
  next: readonly SelfCheckReport[],
): readonly CachePair[] {
  const left = new Set(live);
  const take = (found: SelfCheckReport | undefined): SelfCheckReport | undefined => {
    if (found !== undefined) left.delete(found);
    return found;
  };
  const byName = next.map(({ contextKey }) =>
    take([...left].find((one) => contextKey !== undefined && one.contextKey === contextKey)),
  );
  const pairs = next.map((report, i) => {
    const before = byName[i] ?? (left.has(live[i]!) ? take(live[i]) : undefined);
    return { live: before, next: report };
  });
  return [...pairs, ...[...left].map((report) => ({ live: report, next: undefined }))];
}

/** Compares all the caches of one handler, pair by pair. A share of keys is the worst pair's. */
export function compareCaches(
  live: readonly SelfCheckReport[],
  next: readonly SelfCheckReport[],
  budget: Budget,
): Comparison {
  const pairs = pairCaches(live, next);
  const comparisons = pairs.map((pair) => comparedPair(pair, budget));
  const shares = comparisons.flatMap(({ movedShare }) => movedShare ?? []);
  const findings = comparisons.flatMap((comparison, i) =>
    comparison.findings.map(({ severity, sentence }) => ({
      severity,
      sentence: pairs.length > 1 ? `cache ${nameOf(pairs[i]!)}: ${sentence}` : sentence,
    })),
  );
  return { ...verdictOf(findings), movedShare: shares.length > 0 ? Math.max(...shares) : undefined };
}

function comparedPair(
  { live, next }: CachePair,
  budget: Budget,
): Pick<Comparison, 'findings' | 'movedShare'> {
  if (next === undefined) {
    const gone: Finding = note('the new version has it no more, and its items stay until their time is over');
    return { findings: [gone], movedShare: undefined };
  }
  if (live !== undefined) return compareReports(live, next, budget);
  const added = note('the live version has none like it, or is too old to tell of it');
  const faults = next.disabled ? [] : nodeFindings({ ...next, nodes: [] }, next);
  return { findings: [added, ...faults], movedShare: undefined };
}

const nameOf = ({ live, next }: CachePair): string => {
  const { contextKey, position } = next ?? live!;
  return contextKey ?? `${(position ?? 0) + 1}`;
};
