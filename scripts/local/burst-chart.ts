export interface BurstResult {
  readonly title: string;
  readonly seconds: number;
  readonly loads: readonly NodeLoad[];
}

export interface NodeLoad {
  readonly node: string;
  readonly reads: number;
}

const BAR_WIDTH = 24;
const COLUMN_GAP = '   ';

/** The busiest node's reads over the mean: 1 is an even load. */
export function imbalance(loads: readonly NodeLoad[]): number {
  return Math.max(...loads.map(({ reads }) => reads)) / (total(loads) / loads.length);
}

/** The runs side by side, one row a node and all bars on one scale. */
export function burstChart(results: readonly BurstResult[]): string {
  const most = Math.max(...results.flatMap(({ loads }) => loads.map(({ reads }) => reads)));
  const columns = results.map(({ title, seconds, loads }) => {
    const cells = loads.map(({ reads }) => {
      const bar = '█'.repeat(Math.round((reads / most) * BAR_WIDTH)).padEnd(BAR_WIDTH);
      const share = ((reads / total(loads)) * 100).toFixed(1);
      return `${bar}${String(reads).padStart(6)}${share.padStart(6)} %`;
    });
    return [`${title} (${seconds.toFixed(1)} s)`, ...cells, `max / mean = ${imbalance(loads).toFixed(2)}`];
  });
  const width = Math.max(...columns.flat().map((cell) => cell.length));
  const labels = ['reads', ...results[0]!.loads.map((_, index) => `node ${index + 1}`), ''];
  return labels
    .map((label, row) => [label.padEnd(6), ...columns.map((column) => column[row]!.padEnd(width))])
    .map((cells) => cells.join(COLUMN_GAP).trimEnd())
    .join('\n');
}

function total(loads: readonly NodeLoad[]): number {
  return loads.reduce((sum, { reads }) => sum + reads, 0);
}
