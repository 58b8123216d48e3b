import { hitRatioOf } from '../../src/release/figures.ts';
import { nameOf } from './deployment.ts';
import type { VersionFigures } from './figures.ts';

const COLUMNS: Readonly<Record<string, (figures: VersionFigures) => string>> = {
  version: ({ version }) => nameOf(version),
  invocations: ({ invocations }) => String(invocations),
  errors: ({ errors }) => String(errors),
  '5xx': ({ failures }) => String(failures),
  'p99 ms': ({ p99Millis }) => p99Millis?.toFixed(1) ?? '-',
  hits: ({ hits }) => String(hits),
  misses: ({ misses }) => String(misses),
  'hit ratio': ({ hits, misses, unavailable }) => {
    const ratio = hitRatioOf({ hits, misses, unavailable });
    return ratio === undefined ? '-' : `${(100 * ratio).toFixed(1)} %`;
  },
  'origin loads': ({ originLoads }) => String(originLoads),
};

/** One line a version under its headings. */
export function figuresTable(figures: readonly VersionFigures[]): string {
  const rows = [
    Object.keys(COLUMNS),
    ...figures.map((one) => Object.values(COLUMNS).map((cell) => cell(one))),
  ];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) => row.map((cell, column) => cell.padStart(widths[column]!)).join('  ')).join('\n');
}
