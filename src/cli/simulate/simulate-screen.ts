import { bar } from '../screen/bars.ts';
import { bytes, count, percent, plural } from '../screen/figures.ts';
import type { Palette } from '../screen/palette.ts';
import { printable, shortened } from '../screen/printable.ts';
import { table } from '../screen/table.ts';
import type { Simulation } from './simulation.ts';

const BAR_WIDTH = 22;
const KEY_WIDTH = 40;
const MOST_LISTED = 10;

export interface Assumptions {
  /** Of one value, for the memory that copies take. */
  readonly valueBytes: number;
  /** Of the whole cluster. */
  readonly requestsPerSecond?: number | undefined;
}

const right = 'right' as const;

export function simulationLines(simulation: Simulation, assumed: Assumptions, palette: Palette): string[] {
  const { bold, dim } = palette;
  const { title, keyCount, requests, nodes, dialect } = simulation;
  const counted = requests === undefined ? '' : `, ${plural(requests, 'request')}`;
  return [
    `${bold(printable(title))}: ${plural(keyCount, 'key')}${counted}, on ${plural(nodes.length, 'node')} by ${dialect}`,
    '',
    ...loadChart(simulation, palette),
    '',
    ...recommendation(simulation, assumed, palette),
    '',
    ...hotKeyTable(simulation, palette),
    ...(simulation.trials.length > 1
      ? ['', dim('what other tolerances would come to:'), ...trialTable(simulation, palette)]
      : []),
  ];
}

/** Both runs side by side, all bars on one scale. */
function loadChart(
  { nodes, before, recommended: after }: Simulation,
  { dim, red, yellow, green }: Palette,
): string[] {
  const most = Math.max(...before.loads, ...after.loads);
  const mean = 1 / nodes.length;
  const rows = nodes.map((name, i) => [
    name,
    bar(before.loads[i]! / most, BAR_WIDTH),
    percent(before.loads[i]!),
    bar(after.loads[i]! / most, BAR_WIDTH),
    percent(after.loads[i]!),
  ]);
  rows.push(['busiest / mean', '', before.imbalance.toFixed(2), '', after.imbalance.toFixed(2)]);
  const columns = [
    { title: 'load' },
    { title: 'without smearing' },
    { title: '', align: right },
    { title: 'with smearing' },
    { title: '', align: right },
  ];
  return table(columns, rows, (cell, row, column) => {
    if (row < 0 || row === nodes.length) return dim(cell);
    if (column !== 1 && column !== 3) return cell;
    const ratio = (column === 1 ? before : after).loads[row]! / mean;
    return ratio > 1.5 ? red(cell) : ratio > 1.15 ? yellow(cell) : green(cell);
  }).split('\n');
}

function recommendation({ recommended }: Simulation, assumed: Assumptions, { bold }: Palette): string[] {
  const { hot, tolerance, threshold, extraItems, imbalance } = recommended;
  if (hot.length === 0)
    return [
      bold(
        `Nothing needs to be smeared: the busiest node has ${imbalance.toFixed(2)} times the mean as it is.`,
      ),
    ];
  const { requestsPerSecond, valueBytes } = assumed;
  const rate = requestsPerSecond === undefined ? '' : `, ${count(threshold * requestsPerSecond)} requests/s`;
  return [
    `${bold('threshold')}  a key is hot above ${percent(threshold)} of all requests${rate} (smear.auto: { tolerance: ${tolerance} })`,
    `${bold('copies')}     ${plural(hot.length, 'hot key')} of ${hot.at(-1)!.copies} to ${hot[0]!.copies} copies, the base among them: ${plural(extraItems, 'item')} more in all`,
    `${bold('memory')}     ${bytes(extraItems * valueBytes)} more, for values of ${bytes(valueBytes)}`,
  ];
}

function hotKeyTable({ recommended: { hot } }: Simulation, { dim, bold }: Palette): string[] {
  if (hot.length === 0) return [];
  const rows = hot
    .slice(0, MOST_LISTED)
    .map(({ key, share, copies, nodes }, i) => [
      String(i + 1),
      shortened(key, KEY_WIDTH),
      percent(share),
      String(copies),
      nodes[0]!,
    ]);
  const columns = [
    { title: '#', align: right },
    { title: 'hot key' },
    { title: 'share', align: right },
    { title: 'copies', align: right },
    { title: 'owner' },
  ];
  const more = hot.length - rows.length;
  const lines = table(columns, rows, (cell, row, column) =>
    row < 0 ? dim(cell) : column === 1 ? bold(cell) : cell,
  );
  return [...lines.split('\n'), ...(more > 0 ? [dim(`… and ${more} more (--json has all)`)] : [])];
}

function trialTable({ trials, recommended }: Simulation, { bold, dim }: Palette): string[] {
  const rows = trials.map((trial) => [
    `${trial.tolerance}${trial === recommended ? ' *' : ''}`,
    percent(trial.threshold),
    String(trial.hot.length),
    String(trial.extraItems),
    trial.imbalance.toFixed(2),
  ]);
  const columns = [
    { title: 'tolerance' },
    { title: 'hot above', align: right },
    { title: 'keys', align: right },
    { title: 'more items', align: right },
    { title: 'busiest / mean', align: right },
  ];
  return table(columns, rows, (cell, row) =>
    row < 0 ? dim(cell) : trials[row] === recommended ? bold(cell) : cell,
  ).split('\n');
}
