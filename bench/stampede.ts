// `npm run bench -- stampede`: what reaches the origin when a hot key expires under 200 callers in 8 processes, and what
// `wrap` costs over `get` while it has not.

import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startMemcachedCluster } from '../test/support/memcached.ts';
import { Fleet } from './stampede/fleet.ts';
import { hitLatency } from './stampede/hit-latency.ts';
import { outcomeOf, type StampedeOutcome } from './stampede/outcome.ts';
import { FRESH_SECONDS, READERS } from './stampede/readers.ts';
import { SCENARIOS, type Scenario, scenarioName } from './stampede/scenarios.ts';
import { type Row, stampedeTables } from './stampede/tables.ts';

const NODES = 8;
const PROCESSES = 8;
const CALLERS_OF_EACH = 25;
/** Enough for a copy on each node. */
const WARM_READS = 25;
/** A refresh beside its readers begins a moment after they were answered. */
const SETTLE_MILLIS = 300;

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string', default: '' },
      readers: { type: 'string', default: Object.keys(READERS).join(',') },
      latency: { type: 'boolean', default: false },
    },
  });
  process.stdout.write(`Node ${process.version}\n\n`);
  if (!values.latency) await holdStampedes(values.only, values.readers.split(','));
  process.stdout.write(`${await hitLatency()}\n`);
}

async function holdStampedes(only: string, readers: readonly string[]): Promise<void> {
  const rows: Row[] = [];
  for (const scenario of SCENARIOS.filter((one) => scenarioName(one).includes(only))) {
    const name = scenarioName(scenario);
    const outcomes = new Map<string, StampedeOutcome>();
    for (const reader of readers) {
      const outcome = await stampede(reader, scenario);
      outcomes.set(reader, outcome);
      process.stderr.write(`${name}: ${reader} loads ${outcome.loads}\n`);
    }
    rows.push({ name, outcomes });
  }
  const callers = PROCESSES * CALLERS_OF_EACH;
  process.stdout.write(`${callers} callers in ${PROCESSES} processes, ${NODES} memcached nodes\n\n`);
  process.stdout.write(`${stampedeTables(rows, readers)}\n\n`);
}

async function stampede(reader: string, { loading, stale }: Scenario): Promise<StampedeOutcome> {
  await using cluster = await startMemcachedCluster(NODES);
  const fleet = new Fleet(PROCESSES, loading);
  const { origin } = fleet;
  try {
    await fleet.open(reader, cluster.names, stale);
    await fleet.warm(WARM_READS);
    // memcached counts whole seconds.
    await sleep((FRESH_SECONDS + 1) * 1_000);
    origin.expire();
    const calls = await fleet.burst(CALLERS_OF_EACH);
    do await sleep(SETTLE_MILLIS);
    while (!origin.idle);
    return outcomeOf(origin.loads, calls);
  } finally {
    await fleet.end();
  }
}
