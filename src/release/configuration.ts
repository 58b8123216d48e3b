import type { NodeReport, SelfCheckReport } from '../base/self-check-report.ts';
import { listed } from './findings.ts';

type Variables = Readonly<Record<string, string | undefined>>;

/** All that is known of a live version without a report: the environment variables of its function. */
export interface ConfigurationOnly {
  readonly version: 0;
  readonly variables: Variables;
  /** Those of the new version's function: what was not set before and is now has changed, too. */
  readonly nextVariables?: Variables | undefined;
  /** Why there is no report, in words that go on from "the live version"; by default it knows no self-check. */
  readonly reason?: string | undefined;
}

export interface Assumed {
  readonly report: SelfCheckReport;
  /** The change of where the nodes are looked for, where there is one: what lies there is not known. */
  readonly otherNodes: string | undefined;
}

const PREFIX = 'SMEARCACHE_';
const NODES = 'NODES';
const ENDPOINTS = ['CONFIGURATION_ENDPOINT', 'CLUSTER_ID', 'SERVERLESS_ENDPOINT'] as const;

/**
 * The new version's report with what the live one's variables say in it. What neither's variables say is taken for
 * unchanged: it is set in code, which is not seen.
 */
export function assumedOf({ variables, nextVariables }: ConfigurationOnly, next: SelfCheckReport): Assumed {
  const before = (name: string): string | undefined => variables[PREFIX + name]?.trim() || undefined;
  const after = (name: string): string | undefined => nextVariables?.[PREFIX + name]?.trim() || undefined;
  // A version without a single variable, before one that finds its nodes by them, may well be one without a cache.
  const isFirst = isUnset(variables) && [NODES, ...ENDPOINTS].some((name) => after(name) !== undefined);
  const assume = <T>(name: string, now: T, fallback: T): string | T => {
    const isNew = !isFirst && after(name) !== undefined && after(name) === now;
    return before(name) ?? (isNew ? fallback : now);
  };
  const dialect = assume('DIALECT', next.dialect, 'libketama');
  const names = before(NODES) === undefined ? undefined : listIn(before(NODES)!);
  const topology = names === undefined ? next.topology : { version: PREFIX + NODES, nodes: names };
  const smearAlike =
    nextVariables === undefined ||
    ['SMEAR_KEYS', 'SMEAR_COPY_TTL_SECONDS'].every((name) => isFirst || before(name) === after(name));
  return {
    report: {
      ...next,
      disabled: ['true', '1'].includes(before('DISABLED')?.toLowerCase() ?? ''),
      fingerprint: smearAlike ? next.fingerprint : '',
      dialect,
      namespace: assume('NAMESPACE', next.namespace, null),
      schema: assume('SCHEMA', next.schema, null),
      invalidates: listIn(before('INVALIDATES') ?? ''),
      placement: assume('SMEAR_PLACEMENT', next.placement, 'successors'),
      topology,
      // Not known, and so compared ring by ring.
      ringFingerprint: dialect === next.dialect && names === undefined ? next.ringFingerprint : '',
      nodes: (topology?.nodes ?? []).map((name) => well(name, next)),
    },
    otherNodes: nextVariables === undefined || names !== undefined ? undefined : moveOf(before, after),
  };
}

/** From where to where the look for nodes moves; a version that says it in code says nothing here. */
function moveOf(
  before: (name: string) => string | undefined,
  after: (name: string) => string | undefined,
): string | undefined {
  const changed = ENDPOINTS.filter((name) => before(name)?.toLowerCase() !== after(name)?.toLowerCase());
  if (!changed.some((name) => before(name) !== undefined)) return undefined;
  const shown = (text: string | undefined): string => (text === undefined ? 'none' : `"${text}"`);
  return listed(
    changed.map((name) => `${PREFIX}${name} changes from ${shown(before(name))} to ${shown(after(name))}`),
  );
}

/** Of its health nothing is known, and so nothing is held against the release. */
function well(name: string, { nodes }: SelfCheckReport): NodeReport {
  const seen = nodes.find((node) => node.name === name);
  return { name, roundTripMillis: null, ...seen, reachable: true, writeReadDelete: 'ok' };
}

const isUnset = (variables: Variables): boolean =>
  Object.entries(variables).every(([name, value]) => !name.startsWith(PREFIX) || !value);

const listIn = (text: string): string[] =>
  text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
