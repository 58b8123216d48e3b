import { nodeName, type Ring } from '../../ring/index.ts';
import type { ClusterView } from '../nodes/cluster-view.ts';
import { bar } from '../screen/bars.ts';
import { percent, plural } from '../screen/figures.ts';
import type { Palette } from '../screen/palette.ts';
import { table } from '../screen/table.ts';

const BAR_WIDTH = 24;

export interface RingReport {
  readonly source: string;
  readonly version: string;
  readonly dialect: string;
  readonly fingerprint: string;
  readonly nodes: readonly {
    readonly name: string;
    readonly weight: number;
    readonly share: number;
    readonly ip?: string;
  }[];
}

export function ringReport(
  ring: Ring,
  { source, version }: Pick<ClusterView, 'source' | 'version'>,
): RingReport {
  const shares = ring.arcs();
  const nodes = ring.nodes.map((node, i) => ({
    name: nodeName(node),
    weight: node.weight ?? 1,
    share: shares[i]!,
    ...(node.ip !== undefined && { ip: node.ip }),
  }));
  return { source, version, dialect: ring.dialect, fingerprint: ring.fingerprint, nodes };
}

export function ringLines(
  { source, version, dialect, fingerprint, nodes }: RingReport,
  { bold, dim, cyan }: Palette,
): string[] {
  const most = Math.max(...nodes.map(({ share }) => share));
  const weights = nodes.some(({ weight }) => weight !== 1);
  const rows = nodes.map(({ name, weight, share }) => [
    name,
    ...(weights ? [String(weight)] : []),
    percent(share),
    bar(share / most, BAR_WIDTH),
  ]);
  const columns = [
    { title: 'node' },
    ...(weights ? [{ title: 'weight', align: 'right' as const }] : []),
    { title: 'arc', align: 'right' as const },
    { title: '' },
  ];
  return [
    `${bold(plural(nodes.length, 'node'))} of ${source}, list version ${version}`,
    `dialect ${bold(dialect)}, fingerprint ${bold(fingerprint)}`,
    '',
    table(columns, rows, (cell, row, column) =>
      row < 0 ? dim(cell) : column === columns.length - 1 ? cyan(cell) : cell,
    ),
    '',
    dim(
      `An arc is the share of all keys that a node owns; the largest is ${(most * nodes.length).toFixed(2)} times the mean.`,
    ),
  ];
}
