import { bytes, count, percent, plural } from '../screen/figures.ts';
import { printable, shortened } from '../screen/printable.ts';
import { loadPlot, markup, popularityPlot, trialsPlot } from './plots.ts';
import type { Assumptions } from './simulate-screen.ts';
import type { Simulation } from './simulation.ts';

const STYLE = `
:root { color-scheme: light dark; --page: #fbfbfa; --card: #fff; --ink: #1d2127; --soft: #5d6673; --rule: #e3e5e8; --before: #b3bac4; --after: #0b7a75; --hot: #c2410c; }
@media (prefers-color-scheme: dark) { :root { --page: #14171b; --card: #1c2026; --ink: #e7eaee; --soft: #9aa4b1; --rule: #313842; --before: #5b6675; --after: #35c2b8; --hot: #ff9457; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 52rem; margin: 0 auto; padding: 2rem 1rem 4rem; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .25rem; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; margin: 0 0 .25rem; }
p { margin: .25rem 0 1rem; color: var(--soft); }
section, dl { background: var(--card); border: 1px solid var(--rule); border-radius: 10px; padding: 1.1rem 1.25rem; margin: 1.25rem 0; }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(10rem, 1fr)); gap: 1rem; }
dt { color: var(--soft); font-size: .85rem; } dd { margin: 0; font-size: 1.35rem; font-weight: 600; } dd small { display: block; font-size: .8rem; font-weight: 400; color: var(--soft); }
section { overflow-x: auto; } svg { width: 100%; min-width: 36rem; height: auto; display: block; font: 12px system-ui, sans-serif; }
svg text { fill: var(--ink); paint-order: stroke; stroke: var(--card); stroke-width: 4px; stroke-linejoin: round; } svg .axis, svg .figure { fill: var(--soft); font-variant-numeric: tabular-nums; }
.before { fill: var(--before); } .after { fill: var(--after); } .hot { fill: var(--hot); } .chosen { fill: var(--after); stroke: var(--card); stroke-width: 2; }
.curve { fill: none; stroke: var(--soft); stroke-width: 1.75; } .grid { stroke: var(--rule); } .mean, .threshold { stroke: var(--hot); stroke-dasharray: 4 4; }
.key span { display: inline-block; width: .8em; height: .8em; border-radius: 2px; margin: 0 .35em 0 1em; } .key span:first-child { margin-left: 0; }
.key .before { background: var(--before); } .key .after { background: var(--after); }
.wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-size: .9rem; } th { color: var(--soft); font-weight: 500; text-align: left; }
th, td { padding: .35rem .6rem .35rem 0; border-bottom: 1px solid var(--rule); } td + td, th + th { padding-left: .6rem; } td { white-space: nowrap; } td:nth-child(2) { white-space: normal; min-width: 8rem; } td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; } td code { overflow-wrap: anywhere; }
`;

const MOST_LISTED = 64;

/** One page that needs nothing else: no script, no font, no request. */
export function simulationPage(simulation: Simulation, assumed: Assumptions): string {
  const { title, keyCount, requests, nodes, dialect, before, recommended } = simulation;
  const name = markup(printable(title));
  const counted = requests === undefined ? '' : `, ${plural(requests, 'request')}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<link rel="icon" href="data:,">
<title>smearcache simulate: ${name}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${name}</h1>
<p>${plural(keyCount, 'key')}${counted}, on ${plural(nodes.length, 'node')} by ${markup(dialect)}</p>
<dl>
${tile('busiest node, without smearing', `${before.imbalance.toFixed(2)} × mean`)}
${tile('busiest node, with smearing', `${recommended.imbalance.toFixed(2)} × mean`)}
${tile('a key is hot above', percent(recommended.threshold), thresholdNote(simulation, assumed))}
${tile('more items', count(recommended.extraItems), `for ${plural(recommended.hot.length, 'hot key')}, ${bytes(recommended.extraItems * assumed.valueBytes)} of memory`)}
</dl>
<section>
<h2>Load of each node</h2>
<p class="key"><span class="before"></span>without smearing <span class="after"></span>with smearing</p>
${loadPlot(simulation)}
</section>
<section>
<h2>How popular the keys are</h2>
<p>Share of all requests by rank, both logarithmic. Dots are the keys that would be smeared.</p>
${popularityPlot(simulation)}
</section>
${simulation.trials.length < 2 ? '' : trialsSection(simulation)}
${hotSection(simulation)}
</main>
</body>
</html>
`;
}

const tile = (term: string, value: string, note = ''): string =>
  `<div><dt>${term}</dt><dd>${markup(value)}${note === '' ? '' : `<small>${markup(note)}</small>`}</dd></div>`;

function thresholdNote(
  { recommended: { threshold, tolerance } }: Simulation,
  { requestsPerSecond }: Assumptions,
): string {
  const rate = requestsPerSecond === undefined ? '' : `${count(threshold * requestsPerSecond)} requests/s, `;
  return `${rate}smear.auto: { tolerance: ${tolerance} }`;
}

function trialsSection(simulation: Simulation): string {
  return `<section>
<h2>What more copies would bring</h2>
<p>The busiest node over the mean, by the number of items that copies add. The large dot is the recommendation.</p>
${trialsPlot(simulation)}
</section>`;
}

function hotSection({ recommended: { hot } }: Simulation): string {
  if (hot.length === 0) return '<section><h2>Hot keys</h2><p>Nothing needs to be smeared.</p></section>';
  const rows = hot.slice(0, MOST_LISTED).map(({ key, share, copies, nodes }, i) => {
    const cells = [`<code>${markup(shortened(key, 120))}</code>`, markup(nodes[0]!)];
    return `<tr><td class="n">${i + 1}</td><td>${cells[0]}</td><td class="n">${percent(share)}</td><td class="n">${copies}</td><td>${cells[1]}</td></tr>`;
  });
  return `<section>
<h2>Hot keys</h2>
<div class="wide"><table>
<thead><tr><th class="n">#</th><th>key</th><th class="n">share</th><th class="n">copies</th><th>owner</th></tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table></div>
</section>`;
}
