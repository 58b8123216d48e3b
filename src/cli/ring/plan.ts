import { diffRings, nodeName, type Ring, type RingDiff, type RingNode } from '../../ring/index.ts';
import { parseNode, parseWeights, unknownNode, weighted } from '../nodes/node-texts.ts';
import { bar } from '../screen/bars.ts';
import { percent } from '../screen/figures.ts';
import type { Palette } from '../screen/palette.ts';
import { table } from '../screen/table.ts';
import { misuse } from '../world.ts';

export interface Change {
  readonly add?: readonly string[];
  readonly remove?: readonly string[];
  readonly weights?: readonly string[];
}

export interface PlanReport extends RingDiff {
  readonly dialect: string;
  readonly fingerprintBefore: string;
  readonly fingerprintAfter: string;
  /** The least share that any client could move for this change: what the new weights take from the old. */
  readonly leastShare: number;
}

/** @throws CommandFailure (misuse) where the change is none, or not one of these nodes. */
export async function planRing(
  now: readonly RingNode[],
  change: Change,
  ringOf: (nodes: RingNode[]) => Promise<Ring>,
): Promise<PlanReport> {
  const before = await ringOf([...now]);
  const after = await ringOf(nodesAfter(now, change));
  const diff = diffRings(before, after);
  const leastShare = diff.nodes.reduce((sum, node) => sum + Math.max(0, node.after - node.before), 0);
  return {
    dialect: after.dialect,
    fingerprintBefore: before.fingerprint,
    fingerprintAfter: after.fingerprint,
    leastShare,
    ...diff,
  };
}

function nodesAfter(now: readonly RingNode[], { add = [], remove = [], weights = [] }: Change): RingNode[] {
  if (add.length + remove.length + weights.length === 0)
    throw misuse('plan what? Give --add, --remove or --weights');
  const going = remove.map((text) => nodeName(parseNode(text, '--remove')));
  for (const name of going) {
    if (!now.some((node) => nodeName(node) === name)) throw misuse(`--remove: ${unknownNode(name, now)}`);
  }
  const coming = add.map((text) => parseNode(text, '--add'));
  for (const name of coming.map(nodeName)) {
    if (now.some((node) => nodeName(node) === name)) throw misuse(`--add: ${name} is in the cluster already`);
  }
  const twice = coming.map(nodeName).find((name, i, names) => names.indexOf(name) < i);
  if (twice !== undefined) throw misuse(`--add: ${twice} is named twice`);
  const staying = now.filter((node) => !going.includes(nodeName(node)));
  const after = weighted([...staying, ...coming], parseWeights(weights, '--weights'), '--weights');
  if (after.length === 0) throw misuse('--remove: no node would be left');
  return after;
}

const BAR_WIDTH = 20;

export function planLines(plan: PlanReport, { bold, dim, green, red, cyan }: Palette): string[] {
  const most = Math.max(...plan.nodes.map(({ after }) => after));
  const mean = 1 / plan.nodes.filter(({ after }) => after > 0).length;
  const rows = plan.nodes.map(({ name, before, after, gained, lost }) => [
    `${plan.added.includes(name) ? '+' : plan.removed.includes(name) ? '-' : ' '} ${name}`,
    percent(before),
    percent(after),
    `+${percent(gained)}`,
    `-${percent(lost)}`,
    bar(after / most, BAR_WIDTH),
  ]);
  const right = 'right' as const;
  const columns = [
    { title: '  node' },
    { title: 'now', align: right },
    { title: 'after', align: right },
    { title: 'gains', align: right },
    { title: 'loses', align: right },
    { title: '' },
  ];
  const paint = (cell: string, row: number, column: number): string => {
    if (row < 0) return dim(cell);
    if (column === 5) return cyan(cell);
    if (column === 0 && cell.startsWith('+')) return green(cell);
    return column === 0 && cell.startsWith('-') ? red(cell) : cell;
  };
  return [
    `${bold(percent(plan.movedShare))} of the keys move to another node${plan.exact ? '' : ' (measured over 20,000 keys)'}`,
    dim(`dialect ${plan.dialect}, fingerprint ${plan.fingerprintBefore} -> ${plan.fingerprintAfter}`),
    '',
    table(columns, rows, paint),
    '',
    `After it the busiest node has ${(most / mean).toFixed(2)} times the mean, if all keys were read alike.`,
    ...advice(plan),
  ];
}

function advice({ movedShare, removed, added, nodes }: PlanReport): string[] {
  if (movedShare === 0) return ['Nothing moves.'];
  const lost = nodes.filter(({ name }) => removed.includes(name)).reduce((sum, node) => sum + node.before, 0);
  const kept = movedShare - lost > 1e-9 && nodes.length > removed.length + added.length;
  return [
    ...(lost > 0
      ? [`What a removed node held is lost: ${percent(lost)} of the keys are loaded from the origin again.`]
      : []),
    ...(kept
      ? [
          `${lost > 0 ? 'The rest of what moves' : 'What moves'} is asked of its former node while items live; other clients load it again.`,
        ]
      : []),
  ];
}
