// `npm run bench -- balance`: how evenly real memcached nodes are read while the production cache's hot keys are asked for
// by hundreds of short-lived environments. Loads are read off the nodes' own counters.

import { parseArgs } from 'node:util';
import { DESIGNS, type DesignName } from './balance/designs.ts';
import { type Measured, measure, ordersFor, type Plan, planOf } from './balance/measure.ts';
import { type Nodes, startNodes } from './balance/nodes.ts';
import { FLEET_OPTIONS, fleetOf, listOf, positive } from './balance/settings.ts';
import { streamOf } from './balance/streams.ts';
import { balanceTable, detectionTable, percent, type Row } from './balance/tables.ts';

/** To empty the nodes, start the processes and end them. */
const BETWEEN_SECONDS = 4;

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...FLEET_OPTIONS,
      nodes: { type: 'string' },
      rings: { type: 'string' },
      streams: { type: 'string' },
      designs: { type: 'string', default: Object.keys(DESIGNS).join(',') },
      seconds: { type: 'string', default: '30+30' },
      quick: { type: 'boolean', default: false },
    },
  });
  const { quick } = values;
  const counts = listOf(values.nodes ?? (quick ? '8' : '8,20')).map((text) => positive('nodes', text));
  const rings = positive('rings', values.rings ?? (quick ? '3' : '20'));
  const streams = listOf(values.streams ?? (quick ? 'popularity' : 'popularity,zipf0.99,zipf1.2'));
  for (const stream of streams) streamOf(stream);
  const designs = listOf(values.designs).map(designNamed);
  const [learnSeconds = Number.NaN, windowSeconds = Number.NaN] = values.seconds.split('+').map(Number);
  if (!(learnSeconds >= 0 && windowSeconds > 0))
    throw new RangeError(`--seconds must be learning+window, as in 30+30, got ${values.seconds}`);
  const plan: Plan = { ...fleetOf(values), learnSeconds, windowSeconds };

  const rounds = counts.length * streams.length * rings;
  const minutes = (rounds * secondsOfRing(designs, plan)) / 60;
  process.stderr.write(`${rounds} rounds of ${designs.length} designs: ${minutes.toFixed(0)} minutes\n`);
  const rows: Row[] = [];
  for (const count of counts) {
    await using nodes = await startNodes(count);
    for (const stream of streams) rows.push(...(await compare(nodes, stream, designs, rings, plan)));
  }
  report(rows, plan, rings);
}

function designNamed(name: string): DesignName {
  if (Object.hasOwn(DESIGNS, name)) return name as DesignName;
  throw new RangeError(`${name} is no design; there are ${Object.keys(DESIGNS).join(', ')}`);
}

function secondsOfRing(designs: readonly DesignName[], plan: Plan): number {
  return designs.reduce((sum, design) => {
    const { learnSeconds, windowSeconds } = planOf(design, plan);
    return sum + learnSeconds + windowSeconds + BETWEEN_SECONDS;
  }, 0);
}

/** Ring by ring, so that all designs meet the machine in the same moods. */
async function compare(
  nodes: Nodes,
  stream: string,
  designs: readonly DesignName[],
  rings: number,
  plan: Plan,
): Promise<Row[]> {
  const measured = new Map(designs.map((design) => [design, [] as Measured[]]));
  for (let ring = 1; ring <= rings; ring++) {
    for (const [design, figures] of measured) {
      const figure = await measure(nodes, ordersFor(nodes, ring, design, stream, plan), planOf(design, plan));
      figures.push(figure);
      const { maxOverMean, rate, shed, warnings, sockets, cores } = figure;
      process.stderr.write(
        `${nodes.addresses.length} nodes, ${stream}, ring ${ring}, ${design}: ${maxOverMean.toFixed(3)}` +
          ` (${rate.toFixed(0)}/s, ${percent(shed)} not made, ${warnings} warnings, ${sockets} sockets, ${cores.toFixed(2)} cores)\n`,
      );
    }
  }
  return designs.map((design) => ({
    nodes: nodes.addresses.length,
    stream,
    design,
    rings: measured.get(design)!,
  }));
}

function report(rows: readonly Row[], plan: Plan, rings: number): void {
  const { environments, lifeSeconds, processes, rate, learnSeconds, windowSeconds } = plan;
  process.stdout.write(
    `Node ${process.version}; ${environments} environments that live ${lifeSeconds} s, in ${processes} processes, asked ${rate}` +
      ` times a second; ${rings} rings; ours from ${learnSeconds} s after a cold start, for ${windowSeconds} s\n\n` +
      `${balanceTable(rows)}\n\n`,
  );
  if (rows.some(({ design }) => design === 'ours')) process.stdout.write(`${detectionTable(rows)}\n`);
}
