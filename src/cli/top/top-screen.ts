import type { ClusterView } from '../nodes/cluster-view.ts';
import { bytes, count, listed, percent, plural } from '../screen/figures.ts';
import type { Palette } from '../screen/palette.ts';
import { printable, shortened } from '../screen/printable.ts';
import { type Column, table, widthOf } from '../screen/table.ts';
import type { RankedKey, Ranking } from './ranking.ts';
import type { NodeState } from './watch.ts';

export interface TopPicture {
  readonly ranking: Ranking;
  readonly states: readonly NodeState[];
  /** How long it has been watching. */
  readonly seconds: number;
  /** How many copies the hand-kept list gives a storage key; 1 for none. */
  smearedOver(key: string): number;
}

const right = 'right' as const;
const COLUMNS: readonly Column[] = [
  { title: '#', align: right },
  { title: 'key' },
  { title: 'req/s', align: right },
  { title: 'share', align: right },
  { title: 'bytes/s', align: right },
  { title: 'node' },
  { title: 'smeared' },
];
const SHARE_COLUMN = 3;
/** What a narrow terminal has no room for, the least first: bytes/s, node, smeared. */
const FIRST_TO_GO = [4, 5, 6];
const SHORTEST_KEY = 12;

/** The table, fitted to `columns` of a terminal by shortening keys, and by leaving columns out where that is not enough. */
export function topLines(
  picture: TopPicture,
  view: ClusterView,
  palette: Palette,
  columns: number,
): string[] {
  const { ranking, seconds, states } = picture;
  const { bold, dim, red, yellow } = palette;
  const cells = (width: number): string[][] =>
    ranking.keys.map((ranked, at) => [
      String(at + 1),
      shortened(ranked.key, width),
      count(ranked.perSecond),
      percent(ranked.share),
      bytes(ranked.bytesPerSecond),
      whereOf(ranked),
      smearedText(ranked, picture.smearedOver(ranked.key)),
    ]);
  const restOf = (shown: readonly number[]): number =>
    Math.max(0, ...tableOf(shown, cells(0)).split('\n').map(widthOf)) - 'key'.length;
  let shown = COLUMNS.map((_, at) => at);
  for (const least of FIRST_TO_GO) {
    if (restOf(shown) + SHORTEST_KEY <= columns) break;
    shown = shown.filter((at) => at !== least);
  }
  const keyWidth = Math.max(SHORTEST_KEY, columns - restOf(shown));
  // A key with more than its even part of the load is what lifts its node.
  const hot = (share: number): boolean => share > 0.1 / Math.max(1, view.nodes.length);
  const paint = (cell: string, row: number, column: number): string => {
    if (row < 0) return dim(cell);
    const ranked = ranking.keys[row]!;
    if (shown[column] === SHARE_COLUMN && hot(ranked.share)) return ranked.copied ? yellow(cell) : red(cell);
    return column === 1 ? bold(cell) : cell;
  };
  return [
    `${bold('smearcache top')}  ${plural(view.nodes.length, 'node')}, ${bold(`${count(ranking.perSecond)} requests/s`)}, ${bytes(ranking.bytesPerSecond)}/s of values`,
    dim(
      `watched for ${seconds.toFixed(0)} s in bursts: ${count(ranking.seen)} requests seen, of ${plural(ranking.distinctKeys, 'key')}`,
    ),
    ...troubleLines(states, palette),
    '',
    ...(ranking.keys.length === 0
      ? [dim('No requests yet.')]
      : tableOf(shown, cells(keyWidth), paint).split('\n')),
  ];
}

function tableOf(
  shown: readonly number[],
  rows: readonly (readonly string[])[],
  paint?: Parameters<typeof table>[2],
): string {
  const chosen = <T>(of: readonly T[]): T[] => shown.map((at) => of[at]!);
  return table(chosen(COLUMNS), rows.map(chosen), paint);
}

function whereOf({ nodes }: RankedKey): string {
  const [busiest, ...others] = nodes;
  return others.length === 0 ? busiest!.node : `${busiest!.node} +${others.length}`;
}

/** What is seen is what counts; the list says what should be. */
function smearedText({ copied, nodes }: RankedKey, listed: number): string {
  if (copied) return `over ${nodes.length}`;
  return listed > 1 ? 'listed, no copy read' : 'no';
}

function troubleLines(states: readonly NodeState[], { yellow }: Palette): string[] {
  const unseen = states.filter(({ seen, trouble }) => !seen && trouble === undefined);
  const waiting =
    unseen.length === 0
      ? []
      : [
          yellow(
            `${plural(unseen.length, 'node')} not watched yet: ${listed(unseen.map(({ node }) => node))}`,
          ),
        ];
  const troubles = states.flatMap(({ node, trouble }) => {
    if (trouble === undefined) return [];
    const what = trouble.kind === 'refused' ? 'refuses `watch`' : 'is not reached';
    return [yellow(`${node} ${what}: ${printable(trouble.reason)}`)];
  });
  return [...waiting, ...troubles];
}
