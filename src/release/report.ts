import type { NodeReport, SelfCheckReport } from '../base/self-check-report.ts';

/**
 * The report in what a function answered to a self-check; `undefined` where it holds none that this check can read: the
 * version knows no self-check, has it switched off, or answers in another format.
 */
export function reportIn(answer: unknown): SelfCheckReport | undefined {
  const report = isRecord(answer) ? answer.smearcache : undefined;
  return isReport(report) ? report : undefined;
}

function isReport(value: unknown): value is SelfCheckReport {
  if (!isRecord(value) || value.version !== 1) return false;
  const { schema, namespace, invalidates, codec, topology, ringFingerprint, nodes, weights } = value;
  return (
    ['packageVersion', 'functionVersion', 'fingerprint', 'dialect', 'placement'].every(
      (name) => typeof value[name] === 'string',
    ) &&
    [schema, namespace, ringFingerprint].every((text) => text === null || typeof text === 'string') &&
    typeof value.disabled === 'boolean' &&
    typeof codec === 'number' &&
    isList(invalidates, isText) &&
    (topology === null ||
      (isRecord(topology) && isText(topology.version) && isList(topology.nodes, isText))) &&
    isList(nodes, isNodeReport) &&
    covers(nodes as NodeReport[], topology) &&
    isRecord(weights) &&
    Object.values(weights).every((weight) => typeof weight === 'number')
  );
}

/** A node of the list that nobody tried would else count as one that is well. */
const covers = (nodes: readonly NodeReport[], topology: unknown): boolean =>
  topology === null ||
  (topology as { nodes: string[] }).nodes.every((name) => nodes.some((node) => node.name === name));

function isNodeReport(value: unknown): value is NodeReport {
  return (
    isRecord(value) &&
    isText(value.name) &&
    typeof value.reachable === 'boolean' &&
    isText(value.writeReadDelete)
  );
}

const isText = (value: unknown): boolean => typeof value === 'string';

const isList = (value: unknown, holds: (entry: unknown) => boolean): boolean =>
  Array.isArray(value) && value.every(holds);

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
