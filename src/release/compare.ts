import type { SelfCheckReport } from '../base/self-check-report.ts';
import { assumedOf, type ConfigurationOnly } from './configuration.ts';
import { type Budget, type Finding, note, refuse, type Verdict, verdictOf, warning } from './findings.ts';
import { movedOf } from './moved-share.ts';
import { nodeFindings, ringFindings } from './node-findings.ts';

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
    const { report, otherNodes } = assumedOf(live, next);
    const { findings, movedShare } = compared(report, next, budget);
    const moves = otherNodes === undefined || report.disabled ? [] : [elsewhere(otherNodes, budget)];
    return {
      ...verdictOf([unknown(live), ...moves, ...findings]),
      movedShare: moves.length > 0 ? 1 : movedShare,
    };
  }
  const { findings, movedShare } = compared(live, next, budget);
  return { ...verdictOf(findings), movedShare };
}

const only = (finding: Finding): Comparison => ({ ...verdictOf([finding]), movedShare: undefined });

const unknown = ({ reason = 'knows no self-check' }: ConfigurationOnly): Finding =>
  warning(
    `the live version ${reason}, so it was compared by its environment variables alone, and what its code sets was ` +
      'not seen: see for yourself that nodes, dialect, namespace and schema are the same; between versions with a ' +
      'self-check this is done here',
  );

/** What costs all keys is the operator's to want. */
const weighedBy = (budget: Budget) => (budget.movedShare >= 1 ? warning : refuse);

const elsewhere = (change: string, budget: Budget): Finding =>
  weighedBy(budget)(
    `${change}: other nodes hold none of the items, so 100 % of the keys would move; keep it, or raise the budget to ` +
      '1, also where both lead to the same nodes',
  );

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
  const keys = movedOf(live, next);
  const asStored = storedFindings(live, next, budget);
  const ofSchema = schemaFindings(live, next);
  const findings = [
    ...nodeFindings(live, next),
    ...ringFindings(live, next, keys, budget),
    ...asStored,
    ...ofSchema,
    ...smearFindings(live, next),
  ];
  const otherKeys = asStored.length > 0 || live.schema !== next.schema;
  return { findings, movedShare: otherKeys ? 1 : keys?.share };
}

/** What makes all keys others, or all items unreadable. */
function storedFindings(live: SelfCheckReport, next: SelfCheckReport, budget: Budget): Finding[] {
  const weigh = weighedBy(budget);
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
  // Neither version meets items of the other, whatever the schema: the change of namespace is weighed by itself.
  if (live.namespace !== next.namespace) return [note(`${change}, under another namespace`)];
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
    const change = `smear.placement changes from ${live.placement} to ${next.placement}`;
    // Then neither reads what the other one wrote.
    if (live.namespace !== next.namespace) {
      return [warning(`${change}, under another namespace: be sure that this is meant`)];
    }
    return [
      refuse(
        `${change}: deletes of smeared keys by one version would not reach what the other reads; give the new version ` +
          'another namespace, too, and raise the budget to 1',
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
