import { lookup } from 'node:dns/promises';
import { reasonOf } from '../../base/errors.ts';
import { COPY_SUFFIX, storageKey } from '../../memcached/storage-key.ts';
import { DIALECT_RULES, DIALECTS, type RingDialect } from '../../ring/dialects.ts';
import { buildRing, nodeName, type RingNode } from '../../ring/index.ts';
import { isIpLiteral } from '../../ring/node.ts';
import { DEFAULT_COPIES, SmearRules } from '../../smear/index.ts';
import type { ClusterView } from '../nodes/cluster-view.ts';
import type { Palette } from '../screen/palette.ts';
import { printable } from '../screen/printable.ts';
import { table } from '../screen/table.ts';

export interface WhereReport {
  readonly key: string;
  readonly storageKey: string;
  readonly copyKey: string;
  /** The dialect in use. */
  readonly dialect: RingDialect;
  /** How many nodes hold the key now by the hand-kept list: 1 where it is not smeared. */
  readonly smearedOver: number;
  readonly dialects: readonly DialectPlace[];
}

/** `problem` where the dialect cannot place keys on these nodes. */
type DialectPlace =
  | { readonly dialect: RingDialect; readonly owner: string; readonly copies: readonly string[] }
  | { readonly dialect: RingDialect; readonly problem: string };

export async function whereIs(
  key: string,
  { nodes, prefix, options }: Pick<ClusterView, 'nodes' | 'prefix' | 'options'>,
  copies?: number,
): Promise<WhereReport> {
  const stored = storageKey(prefix, key);
  const ruled = new SmearRules(options.smear.rules).copiesOf(key) ?? 1;
  const wanted = copies ?? (ruled > 1 ? ruled : DEFAULT_COPIES);
  const resolved = await resolveIps(nodes, DIALECTS);
  return {
    key,
    storageKey: stored,
    copyKey: stored + COPY_SUFFIX,
    dialect: options.dialect,
    smearedOver: Math.min(ruled, nodes.length),
    dialects: DIALECTS.map((dialect) => placeIn(dialect, resolved, stored, wanted)),
  };
}

function placeIn(
  dialect: RingDialect,
  nodes: readonly RingNode[],
  key: string,
  copies: number,
): DialectPlace {
  try {
    const [owner, ...others] = buildRing(nodes, { dialect }).successors(key, copies);
    return { dialect, owner: nodeName(owner!), copies: others.map(nodeName) };
  } catch (error) {
    return { dialect, problem: reasonOf(error) };
  }
}

/** Gives nodes their addresses where one of the dialects hashes them; a name that does not resolve stays without. */
export function resolveIps(
  nodes: readonly RingNode[],
  dialects: readonly RingDialect[],
): Promise<RingNode[]> {
  const needed = dialects.some((dialect) => DIALECT_RULES[dialect].hashesIp);
  return Promise.all(
    nodes.map(async (node) => {
      if (!needed || node.ip !== undefined || isIpLiteral(node.host)) return node;
      const found = await lookup(node.host).catch(() => undefined);
      return found === undefined ? node : { ...node, ip: found.address };
    }),
  );
}

export function whereLines(report: WhereReport, { bold, dim }: Palette): string[] {
  const rows = report.dialects.map((place) => [
    `${place.dialect}${place.dialect === report.dialect ? ' *' : ''}`,
    ...('problem' in place ? [printable(place.problem), ''] : [place.owner, place.copies.join('  ')]),
  ]);
  return [
    `${bold(printable(report.key))} is stored as ${bold(printable(report.storageKey))}`,
    report.smearedOver > 1
      ? `smeared: the hand-kept list has it on ${report.smearedOver} nodes, copies under ${printable(report.copyKey)}`
      : `not smeared by the hand-kept list; were it hot, its copies would lie under ${printable(report.copyKey)}`,
    '',
    table(
      [{ title: 'dialect' }, { title: 'owner' }, { title: 'copies, in ring order' }],
      rows,
      (cell, row, column) => {
        if (row < 0) return dim(cell);
        return cell !== '' && rows[row]![0]!.endsWith('*') && column < 2 ? bold(cell) : cell;
      },
    ),
    '',
    dim('* the dialect in use'),
  ];
}
