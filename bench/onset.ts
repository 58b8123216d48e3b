// `npm run bench -- onset`: a key that nobody asked for becomes hot from one moment to the next. How long until its
// owner serves at most half of its reads? Every read of the key is noted as its command leaves a client.

import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { buildRing } from '../src/ring/index.ts';
import { Fleet } from './balance/fleet.ts';
import { halvedAt } from './balance/halved.ts';
import { ordersFor, type Plan } from './balance/measure.ts';
import { type Nodes, startNodes } from './balance/nodes.ts';
import { nodeNames } from './balance/rings.ts';
import { FLEET_OPTIONS, fleetOf, positive } from './balance/settings.ts';
import { percent, verdict } from './balance/tables.ts';
import { percentile } from './clients/statistics.ts';

const NODES = 8;
const RING = 1;
const MOST_SECONDS = 3;
const LEARN_SECONDS = 15;
const LOOK_EVERY_MILLIS = 100;

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...FLEET_OPTIONS,
      times: { type: 'string', default: '10' },
      /** Of one node's fair share of the requests. */
      threshold: { type: 'string', default: '0.02' },
      factor: { type: 'string', default: '5' },
      patience: { type: 'string', default: '15' },
    },
  });
  const plan: Plan = { ...fleetOf(values), learnSeconds: LEARN_SECONDS, windowSeconds: 0 };
  const share = (positive('factor', values.factor) * positive('threshold', values.threshold)) / NODES;
  const times = positive('times', values.times);
  const patienceMillis = positive('patience', values.patience) * 1_000;

  await using nodes = await startNodes(NODES);
  await nodes.flush();
  const fleet = await Fleet.start(plan.processes, ordersFor(nodes, RING, 'ours', 'popularity', plan));
  const seconds: number[] = [];
  try {
    await sleep(LEARN_SECONDS * 1_000);
    for (let time = 1; time <= times; time++) {
      const taken = await onset(fleet, nodes, `sudden:${time}`, share, patienceMillis);
      seconds.push(taken);
      const shown = shownSeconds(taken);
      process.stderr.write(`onset ${time}: ${shown}\n`);
    }
    await fleet.end();
  } finally {
    await fleet.kill();
  }
  report(seconds, share, plan);
}

const shownSeconds = (taken: number): string =>
  Number.isFinite(taken) ? `${taken.toFixed(2)} s` : 'longer than was waited for';

/** Seconds, or infinity where patience ends first. The key before it is asked for no more. */
async function onset(
  fleet: Fleet,
  nodes: Nodes,
  key: string,
  share: number,
  patienceMillis: number,
): Promise<number> {
  const owner = ownerOf(key, nodes.addresses);
  const from = Date.now();
  await fleet.surge(key, share);
  while (Date.now() - from < patienceMillis) {
    await sleep(LOOK_EVERY_MILLIS);
    const at = halvedAt(await fleet.watchedReads(), owner);
    if (at !== undefined) return (at - from) / 1_000;
  }
  return Number.POSITIVE_INFINITY;
}

function ownerOf(key: string, addresses: readonly string[]): string {
  const nodes = nodeNames(RING, addresses.length).map((name, at) => {
    const [host = '', port] = name.split(':');
    return { host, port: Number(port), address: addresses[at]! };
  });
  return buildRing(nodes).owner(key).address;
}

function report(seconds: readonly number[], share: number, { environments, rate }: Plan): void {
  const sorted = seconds.toSorted((a, b) => a - b);
  const worst = sorted.at(-1)!;
  process.stdout.write(
    `a key with ${percent(share)} of ${rate} requests/s from ${environments} environments over ${NODES} nodes, ${seconds.length} times:\n` +
      `its owner's load by it halved after ${shownSeconds(percentile(sorted, 0.5))} (median), ${shownSeconds(worst)} (worst); worst must be <= ${MOST_SECONDS} s: ${verdict(worst <= MOST_SECONDS)}\n`,
  );
}
