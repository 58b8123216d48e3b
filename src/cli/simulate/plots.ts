// Plots as inline SVG, coloured by the page's style sheet: nothing is loaded and nothing runs.

import { percent } from '../screen/figures.ts';
import { shortened } from '../screen/printable.ts';
import type { Simulation, Trial } from './simulation.ts';

const WIDTH = 760;

/** Text as it may stand in markup, in an attribute, too. Keys come from users. */
export function markup(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  };
  return text.replace(/[&<>"']/g, (character) => entities[character]!);
}

function svg(id: string, height: number, label: string, body: readonly string[]): string {
  return `<svg id="${id}" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${markup(label)}">\n${body.join('\n')}\n</svg>`;
}

const px = (value: number): string => value.toFixed(1);
const text = (x: number, y: number, content: string, kind = '', anchor = 'start'): string =>
  `<text x="${px(x)}" y="${px(y)}" class="${kind}" text-anchor="${anchor}">${markup(content)}</text>`;
const line = (x1: number, y1: number, x2: number, y2: number, kind: string): string =>
  `<line x1="${px(x1)}" y1="${px(y1)}" x2="${px(x2)}" y2="${px(y2)}" class="${kind}"/>`;

const ROW = 38;
const NAME_CHARACTERS = 28;

/** Two bars a node, and the mean as a line through all of them. */
export function loadPlot({ nodes, before, recommended: after }: Simulation): string {
  const left = 12 + 7 * Math.min(NAME_CHARACTERS, Math.max(...nodes.map((name) => name.length)));
  const right = 64;
  const top = 28;
  const height = top + nodes.length * ROW + 8;
  const most = Math.max(...before.loads, ...after.loads);
  const scale = (load: number): number => (load / most) * (WIDTH - left - right);
  const mean = left + scale(1 / nodes.length);
  const bar = (load: number, y: number, kind: string, name: string): string =>
    `<rect x="${left}" y="${px(y)}" width="${px(Math.max(0.5, scale(load)))}" height="13" rx="2" class="bar ${kind}"><title>${markup(`${name}, ${kind === 'before' ? 'without' : 'with'} smearing: ${percent(load)}`)}</title></rect>`;
  const rows = nodes.flatMap((name, i) => {
    const y = top + i * ROW;
    const [was, is] = [before.loads[i]!, after.loads[i]!];
    return [
      text(left - 8, y + 19, shortened(name, NAME_CHARACTERS), 'name', 'end'),
      bar(was, y + 1, 'before', name),
      text(left + scale(was) + 6, y + 12, percent(was), 'figure'),
      bar(is, y + 16, 'after', name),
      text(left + scale(is) + 6, y + 27, percent(is), 'figure'),
    ];
  });
  return svg('load', height, 'share of all requests that each node bears, without smearing and with it', [
    line(mean, top - 6, mean, height - 6, 'mean'),
    text(mean, top - 12, 'mean', 'axis', 'middle'),
    ...rows,
  ]);
}

const PLOT_HEIGHT = 300;
const BOX = { left: 78, right: WIDTH - 24, top: 20, bottom: PLOT_HEIGHT - 44 };

/** Shares by rank, both logarithmic: a straight line is a Zipf distribution. */
export function popularityPlot({ curve, recommended }: Simulation): string {
  const ranks = Math.max(1, Math.log10(curve.at(-1)![0]));
  const highest = Math.ceil(Math.log10(Math.max(curve[0]![1], recommended.threshold)));
  const lowest = Math.min(highest - 1, Math.floor(Math.log10(Math.max(1e-9, curve.at(-1)![1]))));
  const x = (rank: number): number => BOX.left + (Math.log10(rank) / ranks) * (BOX.right - BOX.left);
  const y = (share: number): number =>
    BOX.top + ((highest - Math.log10(share)) / (highest - lowest)) * (BOX.bottom - BOX.top);
  const decades = (from: number, to: number): number[] =>
    Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => 10 ** (from + i));
  const path = curve
    .map(([rank, share], i) => `${i === 0 ? 'M' : 'L'}${px(x(rank))} ${px(y(Math.max(10 ** lowest, share)))}`)
    .join('');
  const hot = recommended.hot.length;
  const cut = y(recommended.threshold);
  return svg(
    'popularity',
    PLOT_HEIGHT,
    'share of each key by its rank, and the threshold above which keys are smeared',
    [
      ...decades(lowest, highest).flatMap((share) => [
        line(BOX.left, y(share), BOX.right, y(share), 'grid'),
        text(BOX.left - 8, y(share) + 4, decadeText(share), 'axis', 'end'),
      ]),
      ...decades(0, Math.floor(ranks)).map((rank) =>
        text(x(rank), BOX.bottom + 18, rank.toLocaleString('en-US'), 'axis', 'middle'),
      ),
      text((BOX.left + BOX.right) / 2, PLOT_HEIGHT - 6, 'rank of the key', 'axis', 'middle'),
      `<path d="${path}" class="curve"/>`,
      line(BOX.left, cut, BOX.right, cut, 'threshold'),
      text(
        BOX.right,
        cut - 7,
        `${hot} hot ${hot === 1 ? 'key' : 'keys'} above ${percent(recommended.threshold)}`,
        'figure',
        'end',
      ),
      ...recommended.hot.map(
        ({ key, share, copies }, i) =>
          `<circle cx="${px(x(i + 1))}" cy="${px(y(share))}" r="3.5" class="hot"><title>${markup(`${shortened(key, 80)}: ${percent(share)}, ${copies} copies`)}</title></circle>`,
      ),
    ],
  );
}

/** `10 %`, `0.001 %`. */
const decadeText = (share: number): string =>
  `${(share * 100).toFixed(Math.max(0, -Math.round(Math.log10(share * 100))))} %`;

/** The busiest node over the mean, by how many copies it takes. */
export function trialsPlot({ trials, recommended, before }: Simulation): string {
  const all: readonly Trial[] = trials;
  const mostCopies = Math.max(1, ...all.map(({ extraItems }) => extraItems));
  const most = Math.max(before.imbalance, ...all.map(({ imbalance }) => imbalance), 1.1);
  const x = (copies: number): number => BOX.left + (copies / mostCopies) * (BOX.right - BOX.left - 20);
  const y = (imbalance: number): number =>
    BOX.bottom - ((imbalance - 1) / (most - 1)) * (BOX.bottom - BOX.top);
  const points = [{ extraItems: 0, imbalance: before.imbalance }, ...all];
  const path = points
    .map(({ extraItems, imbalance }, i) => `${i === 0 ? 'M' : 'L'}${px(x(extraItems))} ${px(y(imbalance))}`)
    .join('');
  const ticks = Array.from({ length: 5 }, (_, i) => 1 + ((most - 1) * i) / 4);
  return svg('trials', PLOT_HEIGHT, 'the busiest node over the mean, by the number of copies', [
    ...ticks.flatMap((tick) => [
      line(BOX.left, y(tick), BOX.right, y(tick), 'grid'),
      text(BOX.left - 8, y(tick) + 4, tick.toFixed(2), 'axis', 'end'),
    ]),
    ...[0, 0.25, 0.5, 0.75, 1].map((part) =>
      text(
        x(part * mostCopies),
        BOX.bottom + 18,
        Math.round(part * mostCopies).toLocaleString('en-US'),
        'axis',
        'middle',
      ),
    ),
    text((BOX.left + BOX.right) / 2, PLOT_HEIGHT - 6, 'items that copies add', 'axis', 'middle'),
    `<path d="${path}" class="curve"/>`,
    ...all.map((trial) => {
      const chosen = trial === recommended;
      const label = `tolerance ${trial.tolerance}: ${trial.hot.length} keys, ${trial.extraItems} more items, busiest ${trial.imbalance.toFixed(2)} times the mean`;
      return `<circle cx="${px(x(trial.extraItems))}" cy="${px(y(trial.imbalance))}" r="${chosen ? 6 : 3.5}" class="${chosen ? 'chosen' : 'hot'}"><title>${markup(label)}</title></circle>`;
    }),
  ]);
}
