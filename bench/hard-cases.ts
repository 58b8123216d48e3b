// `npm run bench -- hard-cases`: where smearing helps little or costs something. A hot key that is deleted as often as it
// is read, and a cluster of two nodes.

import { parseArgs } from 'node:util';
import type { DesignName } from './balance/designs.ts';
import { type Measured, measure, ordersFor, type Plan } from './balance/measure.ts';
import type { Orders } from './balance/messages.ts';
import { startNodes } from './balance/nodes.ts';
import { FLEET_OPTIONS, fleetOf, positive } from './balance/settings.ts';
import { meanOf, table } from './balance/tables.ts';

interface HardCase {
  readonly name: string;
  readonly nodes: number;
  readonly change: Pick<Orders, 'stream' | 'deletes'>;
}

const CASES: readonly HardCase[] = [
  {
    name: 'a key with 20 % of the requests, half of them deletes',
    nodes: 8,
    change: { stream: 'hot0.2', deletes: 0.5 },
  },
  { name: 'the same key, reads only', nodes: 8, change: { stream: 'hot0.2', deletes: 0 } },
  { name: 'two nodes, popularity', nodes: 2, change: { stream: 'popularity', deletes: 0 } },
];
const COMPARED: readonly DesignName[] = ['plain', 'ours'];

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { ...FLEET_OPTIONS, rings: { type: 'string', default: '3' } },
  });
  const plan: Plan = { ...fleetOf(values), learnSeconds: 20, windowSeconds: 20 };
  const rings = positive('rings', values.rings);
  const rows: string[][] = [];
  for (const hard of CASES) {
    await using nodes = await startNodes(hard.nodes);
    for (const design of COMPARED) {
      const figures: Measured[] = [];
      for (let ring = 1; ring <= rings; ring++) {
        const orders = { ...ordersFor(nodes, ring, design, hard.change.stream, plan), ...hard.change };
        figures.push(await measure(nodes, orders, plan));
        process.stderr.write(`${hard.name}, ${design}: ring ${ring}\n`);
      }
      const mean = (of: (figure: Measured) => number): string => meanOf(figures.map(of)).toFixed(3);
      rows.push([
        hard.name,
        design,
        mean(({ perRequest }) => perRequest),
        mean(({ maxOverMeanOfAll }) => maxOverMeanOfAll),
        mean(({ maxOverMean }) => maxOverMean),
      ]);
    }
  }
  const head = ['', 'design', 'commands per request', 'max/mean of all commands', 'max/mean of cmd_get'];
  process.stdout.write(`${table(head, rows)}\n`);
}
