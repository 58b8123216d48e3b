import type { SelfCheckReport } from '../base/self-check-report.ts';
import { type Budget, type Finding, note, refuse, type Verdict, verdictOf, warning } from './findings.ts';
import { movedShareOf } from './moved-share.ts';
import { nodeFindings, ringFindings } from './node-findings.ts';

/** All that is known of a version without a self-check: the environment variables of its function. */
export interface ConfigurationOnly {
  readonly version: 0;
  readonly variables: Readonly<Record<string, string | undefined>>;
}

/** What two versions of the code, side by side over one cache, mean for each other. */
export interface Comparison extends Verdict {
  /** The share of keys, 0..1, that the new version looks for elsewhere; `undefined` where it cannot be told. */
  readonly movedShare: number | undefined;
}

/**
 * Whether the new version may share the cache with the live one. `next` is `undefined` where it answered no self-check.
 * Of a live version without one only its variables are compared.
 */
export function compareReports(
  live: SelfCheckReport | ConfigurationOnly,
  next: SelfCheckReport | undefined,
  budget: Budget,
): Comparison {
  if (next === undefined) {
    return only(
      refuse(
        'the new version answered no self-check: give smearCache selfCheck: true (SMEARCACHE_SELF_CHECK=true), and ' +
          'let smearcache be of a version that has it',
      ),
    );
  }
  if (next.disabled) {
    return only(
      warning(
        'the cache is switched off in the new version, so nothing was compared: be sure that the origin bears all ' +
          'reads, or unset SMEARCACHE_DISABLED',
      ),
    );
  }
  if (live.version === 0) {
    const { findings, movedShare } = compared(assumedOf(live, next), next, budget);
    return { ...verdictOf([UNKNOWN, ...findings]), movedShare };
  }
  const { findings, movedShare } = compared(live, next, budget);
  return { ...verdictOf(findings), movedShare };
}

const only = (finding: Finding): Comparison => ({ ...verdictOf([finding]), movedShare: undefined });

const UNKNOWN = warning(
  'the live version knows no self-check, so it was compared by its environment variables alone, and what its code sets ' +
    'was not seen: see for yourself that dialect, namespace and schema are the same; from the next release on this is done here',
);

/** The new version with what the live one's variables say: what they do not say is taken for unchanged. */
function assumedOf({ variables }: ConfigurationOnly, next: SelfCheckReport): SelfCheckReport {
  const said = (name: string): string | undefined => variables[`SMEARCACHE_${name}`] || undefined;
  const dialect = said('DIALECT') ?? next.dialect;
  const invalidates = said('INVALIDATES')
    ?.split(',')
    .map((name) => name.trim());
  return {
    ...next,
    dialect,
    namespace: said('NAMESPACE') ?? next.namespace,
    schema: said('SCHEMA') ?? next.schema,
    invalidates: invalidates ?? [],
    placement: said('SMEAR_PLACEMENT') ?? next.placement,
    ringFingerprint: dialect === next.dialect ? next.ringFingerprint : '',
    nodes: next.nodes.map((node) => ({ ...node, reachable: true, writeReadDelete: 'ok' })),
  };
}

function compared(
  live: SelfCheckReport,
  next: SelfCheckReport,
  budget: Budget,
): Pick<Comparison, 'findings' | 'movedShare'> {
  if (live.disabled) {
    const off = note(
      'the cache is switched off in the live version: there is nothing that the new one could move',
    );
    return { findings: [off, ...nodeFindings(live, next)], movedShare: undefined };
  }
  const ringShare = movedShareOf(live, next);
  const asStored = storedFindings(live, next, budget);
  const ofSchema = schemaFindings(live, next);
  const findings = [
    ...nodeFindings(live, next),
    ...ringFindings(live, next, ringShare, budget),
    ...asStored,
    ...ofSchema,
    ...smearFindings(live, next),
  ];
  const otherKeys = asStored.length > 0 || live.schema !== next.schema;
  return { findings, movedShare: otherKeys ? 1 : ringShare };
}

/** What makes all keys others, or all items unreadable. */
function storedFindings(live: SelfCheckReport, next: SelfCheckReport, budget: Budget): Finding[] {
  const weigh = budget.movedShare >= 1 ? warning : refuse;
  const findings: Finding[] = [];
  if (live.namespace !== next.namespace) {
    findings.push(
      weigh(
        `the namespace changes from ${shown(live.namespace)} to ${shown(next.namespace)}: 100 % of the keys would ` +
          'move, and neither version’s deletes would reach the other’s items; keep it, or raise the budget to 1',
      ),
    );
  }
  if (live.codec !== next.codec) {
    findings.push(
      weigh(
        `the format of keys and values changes from ${live.codec} to ${next.codec} (smearcache ${live.packageVersion} ` +
          `and ${next.packageVersion}): 100 % of the items would not be found or read; give the new version another ` +
          'schema or namespace, and raise the budget to 1',
      ),
    );
  }
  return findings;
}

/** Another schema is another set of items, which is what it is for; what matters is that deletes reach both. */
function schemaFindings(live: SelfCheckReport, next: SelfCheckReport): Finding[] {
  if (live.schema === next.schema) return [];
  const change = `the schema changes from ${shown(live.schema)} to ${shown(next.schema)}`;
  if (next.schema === null) {
    return [
      refuse(`${change}: a change of shape needs a new name; give the new version a schema of its own`),
    ];
  }
  const findings: Finding[] = [
    note(
      `${change}: the new version begins with an empty cache, and the origin bears its share of the traffic`,
    ),
  ];
  if (!live.invalidates.includes(next.schema)) {
    findings.push(
      warning(
        `deletes by the live version do not reach the items of ${shown(next.schema)}, which may be served until their ` +
          `time is over: first release a version that has ${shown(next.schema)} in \`invalidates\``,
      ),
    );
  }
  if (live.schema !== null && !next.invalidates.includes(live.schema)) {
    findings.push(
      warning(
        `deletes by the new version do not reach the items of ${shown(live.schema)}, which the live version serves ` +
          `until the release is done: add ${shown(live.schema)} to its \`invalidates\``,
      ),
    );
  }
  return findings;
}

function smearFindings(live: SelfCheckReport, next: SelfCheckReport): Finding[] {
  if (live.placement !== next.placement) {
    return [
      refuse(
        `smear.placement changes from ${live.placement} to ${next.placement}: deletes of smeared keys by one version ` +
          'would not reach what the other reads; change it together with the namespace',
      ),
    ];
  }
  const alike = (['dialect', 'namespace', 'schema', 'codec'] as const).every(
    (name) => live[name] === next[name],
  );
  const weightsAlike = JSON.stringify(live.weights) === JSON.stringify(next.weights);
  if (!alike || !weightsAlike || live.fingerprint === next.fingerprint) return [];
  return [
    warning(
      'the smear rules change: until the release is done, a delete by the version with fewer copies does not reach the ' +
        'further ones of the other, which live for copyTtlSeconds; nothing is to be done if that is short enough',
    ),
  ];
}

const shown = (name: string | null): string => (name === null ? 'none' : `"${name}"`);
