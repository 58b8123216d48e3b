import { median, percentile } from '../clients/statistics.ts';
import type { DesignName } from './designs.ts';
import type { Measured } from './measure.ts';

/** One design under one stream, over all rings. */
export interface Row {
  readonly nodes: number;
  readonly stream: string;
  readonly design: DesignName;
  readonly rings: readonly Measured[];
}

/** What is promised of ours, for the production cache's popularity: mean and 95th percentile over the rings. */
const MUST_BE: Readonly<Record<number, readonly [mean: number, p95: number]>> = {
  8: [1.08, 1.12],
  20: [1.12, 1.15],
};
const MOST_DETECTION = 0.01;

export function balanceTable(rows: readonly Row[]): string {
  return table(
    [
      'nodes',
      'stream',
      'design',
      'max/mean of cmd_get',
      'p95',
      'must be',
      '',
      'by chance',
      'requests/s',
      'not made',
    ],
    rows.map((row) => {
      const ratios = row.rings.map(({ maxOverMean }) => maxOverMean).toSorted((a, b) => a - b);
      const [mean, p95] = [meanOf(ratios), percentile(ratios, 0.95)];
      const [mostMean, mostP95] = boundsOf(row) ?? [];
      const kept = mostMean === undefined ? '' : verdict(mean <= mostMean && p95 <= mostP95!);
      return [
        String(row.nodes),
        row.stream,
        row.design,
        mean.toFixed(3),
        p95.toFixed(3),
        mostMean === undefined ? '' : `<= ${mostMean} (${mostP95})`,
        kept,
        // The deviation of one node's reads where all are loaded alike; it is in every figure of the row.
        percent(meanOf(row.rings.map(({ reads }) => Math.sqrt(row.nodes / reads)))),
        median(row.rings.map(({ rate }) => rate)).toFixed(0),
        percent(meanOf(row.rings.map(({ shed }) => shed))),
      ];
    }),
  );
}

function boundsOf({ nodes, stream, design }: Row): readonly [number, number] | undefined {
  return design === 'ours' && stream === 'popularity' ? MUST_BE[nodes] : undefined;
}

/** What ours sends beside reads and writes, from the cold start to the end. */
export function detectionTable(rows: readonly Row[]): string {
  return table(
    ['nodes', 'stream', 'commands per request', 'commands of detection', 'must be', '', 'of which'],
    rows
      .filter(({ design }) => design === 'ours')
      .map(({ nodes, stream, rings }) => {
        const shares = new Map<string, number>();
        for (const { own } of rings)
          for (const [kind, share] of Object.entries(own))
            shares.set(kind, (shares.get(kind) ?? 0) + share / rings.length);
        const all = [...shares.values()].reduce((sum, share) => sum + share, 0);
        const kinds = [...shares].map(([kind, share]) => `${kind} ${percent(share)}`);
        return [
          String(nodes),
          stream,
          meanOf(rings.map(({ perRequest }) => perRequest)).toFixed(3),
          percent(all),
          `<= ${percent(MOST_DETECTION)}`,
          // What detects nothing keeps no promise.
          all === 0 ? '-' : verdict(all <= MOST_DETECTION),
          kinds.join(', ') || 'none',
        ];
      }),
  );
}

export const verdict = (kept: boolean): string => (kept ? 'kept' : 'MISSED');
export const percent = (share: number): string => `${(share * 100).toFixed(2)} %`;
export const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** Markdown. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
