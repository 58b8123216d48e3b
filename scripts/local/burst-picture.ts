import { type BurstResult, imbalance } from './burst-chart.ts';

const WIDTH = 840;
const PANEL_WIDTH = 390;
const TOP = 64;
const ROW = 34;
const BAR_LEFT = 58;
const BAR_MOST = 230;

/** Grey that reads on white as on GitHub's dark pages, since a picture there does not learn which one it is on. */
const INK = '#6e7781';
const BARS = ['#c2413b', '#2f81c7'];

/** The runs side by side as an SVG, one bar a node and all on one scale: for the README. */
export function burstPicture(results: readonly BurstResult[], requests: string): string {
  const most = Math.max(...results.flatMap(({ loads }) => loads.map(({ reads }) => reads)));
  const rows = Math.max(...results.map(({ loads }) => loads.length));
  const height = TOP + rows * ROW + 44;
  const panels = results.map((result, index) => panel(result, index, most));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" font-family="system-ui, sans-serif" font-size="14" fill="${INK}">`,
    `  <title>${results.map(described).join('; ')}</title>`,
    ...panels.flat().map((line) => `  ${line}`),
    `  <text x="0" y="${height - 6}" font-size="12">${requests}</text>`,
    '</svg>',
    '',
  ].join('\n');
}

function panel({ title, loads }: BurstResult, index: number, most: number): string[] {
  const left = index * (WIDTH - PANEL_WIDTH);
  const sum = loads.reduce((reads, load) => reads + load.reads, 0);
  const bars = loads.flatMap(({ reads }, row) => {
    const y = TOP + row * ROW;
    const width = Math.round((reads / most) * BAR_MOST);
    const label = `${reads.toLocaleString('en')} · ${Math.round((reads / sum) * 100)} %`;
    return [
      `<text x="${left}" y="${y + 16}">node ${row + 1}</text>`,
      `<rect x="${left + BAR_LEFT}" y="${y}" width="${width}" height="22" rx="3" fill="${BARS[index % BARS.length]}"/>`,
      `<text x="${left + BAR_LEFT + width + 8}" y="${y + 16}">${label}</text>`,
    ];
  });
  const load = `busiest node: ${imbalance(loads).toFixed(1)} times the mean`;
  return [
    `<text x="${left}" y="20" font-size="17" font-weight="600">${title}</text>`,
    `<text x="${left}" y="44">${load}</text>`,
    ...bars,
  ];
}

const described = ({ title, loads }: BurstResult): string =>
  `${title}: ${loads.map(({ reads }, row) => `node ${row + 1} served ${reads} reads`).join(', ')}`;
