import type { Seconds } from '../../base/units.ts';
import { copiesOf, DEFAULT_HOT_RULES, type HotKey } from '../../hotkeys/index.ts';
import { nodeName } from '../../ring/index.ts';
import { percent, plural } from '../screen/figures.ts';
import type { Palette } from '../screen/palette.ts';
import { printable, shortened } from '../screen/printable.ts';
import { table } from '../screen/table.ts';
import type { FoundList } from './hot-list-access.ts';

export interface HotRow extends HotKey {
  /** The owner first. By the default tolerance; a fleet may have another. */
  readonly nodes: readonly string[];
}

/** Keys with share 0 were taken off, and stay off until then. */
export function hotRows({ list, ring }: FoundList): HotRow[] {
  return list.keys.map((entry) => {
    const copies = entry.share === 0 ? 1 : copiesOf(entry.share, ring.nodes.length, DEFAULT_HOT_RULES);
    return { ...entry, nodes: ring.successors(entry.key, copies).map(nodeName) };
  });
}

const KEY_WIDTH = 48;

export function hotLines(found: FoundList, now: Seconds, { bold, dim, yellow }: Palette): string[] {
  const { list, behind, refused, unreachable } = found;
  const rows = hotRows(found);
  const hot = rows.filter(({ share }) => share > 0);
  const cells = rows.map(({ key, share, nodes, until }) => [
    shortened(key, KEY_WIDTH),
    share === 0 ? 'off' : percent(share),
    share === 0 ? '' : String(nodes.length),
    nodes[0]!,
    lasting(until - now),
  ]);
  const right = 'right' as const;
  const columns = [
    { title: 'key' },
    { title: 'share', align: right },
    { title: 'nodes', align: right },
    { title: 'owner' },
    { title: 'for another', align: right },
  ];
  return [
    `${bold(plural(hot.length, 'hot key'))}, list version ${list.version}`,
    ...refused.map(({ node, reason }) => yellow(`${node} holds what is no list: ${printable(reason)}`)),
    ...unreachable.map(({ reason }) => yellow(`no answer: ${printable(reason)}`)),
    ...(behind.length > 0 && list.version > 0 ? [dim(`not told yet: ${behind.join(', ')}`)] : []),
    ...(rows.length === 0
      ? []
      : [
          '',
          table(columns, cells, (cell, row, column) =>
            row < 0 || rows[row]!.share === 0 ? dim(cell) : column === 0 ? bold(cell) : cell,
          ),
        ]),
  ];
}

/** `2 h 5 min`, `3 min`, `40 s`. */
export function lasting(seconds: Seconds): string {
  if (seconds < 120) return `${Math.max(0, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} days`;
}
