// `npm run bench -- layer`: what the client's layer (ring, smear decision, codec, results) costs per get over the bare
// transport, and what choosing a key's nodes costs by itself. One process; the two take turns; CPU of the process.
import { systemClock } from '../src/base/clock.ts';
import { createCache } from '../src/index.ts';
import { tcpDial } from '../src/memcached/dial.ts';
import { MetaTransport } from '../src/memcached/meta-transport.ts';
import type { NodeTransport } from '../src/memcached/transport.ts';
import { buildRing } from '../src/ring/index.ts';
import { Router, SmearRules } from '../src/smear/index.ts';
import { type Memcached, startMemcachedCluster } from '../test/support/memcached.ts';
import { drive, type RoundFigures, type Work } from './clients/load.ts';
import { median } from './clients/statistics.ts';

const ROUNDS = 15;
const ROUND_MILLIS = 400;
const WARM_UP_MILLIS = 800;
const MOST_MICROS = 0.8;
const SCHEMA = 'layer';
const KEYS = Array.from({ length: 1_000 }, (_, i) => `item:${i}`);
const NEVER = Number.POSITIVE_INFINITY;

export async function run(): Promise<void> {
  await using cluster = await startMemcachedCluster(4, { args: ['-t', '2'] });
  process.stdout.write(`Node ${process.version}, ${ROUNDS} rounds of ${ROUND_MILLIS / 1_000} s, medians\n\n`);
  process.stdout.write('| gets of 100 B | bare, µs CPU | client, µs CPU | layer, µs | must be | |\n');
  process.stdout.write('| --- | ---: | ---: | ---: | ---: | --- |\n');
  for (const nodes of [cluster.nodes.slice(0, 1), cluster.nodes]) await compare(nodes);
  process.stdout.write('\n');
  for (const count of [4, 20]) {
    process.stdout.write(`routeFor, ${count} nodes: ${routingNanos(count).toFixed(0)} ns a key\n`);
  }
}

async function compare(nodes: readonly Memcached[]): Promise<void> {
  const cache = createCache({ discovery: { nodes: nodes.map(({ name }) => name) }, schema: SCHEMA });
  const value = Buffer.alloc(100, 'x');
  for (const key of KEYS) await cache.set(key, value, { ttlSeconds: 3_600 });
  const transports = nodes.map(({ host, port, name }): NodeTransport => {
    const timeouts = { connectTimeoutMillis: 250, operationTimeoutMillis: 100 };
    const listener = { answered: () => undefined, failed: () => undefined };
    return new MetaTransport(name, tcpDial(host, port), timeouts, systemClock, listener);
  });
  const client: Work = {
    operations: 1,
    start: (at) => cache.get(KEYS[at % KEYS.length]!),
    accepts: Buffer.isBuffer,
  };
  try {
    const bare = bareWork(nodes, transports);
    for (const inFlight of [32, 256]) await takeTurns(bare, client, inFlight, nodes.length);
  } finally {
    await Promise.all([cache.close(), ...transports.map((transport) => transport.close())]);
  }
}

/** The same keys from the same nodes, with keys and nodes known beforehand. */
function bareWork(nodes: readonly Memcached[], transports: readonly NodeTransport[]): Work {
  const ring = buildRing(nodes.map(({ host, port }, at) => ({ host, port, transport: transports[at]! })));
  const places = KEYS.map((key) => {
    const stored = `${SCHEMA}:${key}`;
    return { stored, transport: ring.owner(stored).transport };
  });
  return {
    operations: 1,
    start: (at) => {
      const { stored, transport } = places[at % places.length]!;
      return transport.get(stored, NEVER);
    },
    accepts: (reply) => (reply as { kind: string }).kind === 'hit',
  };
}

async function takeTurns(bare: Work, client: Work, inFlight: number, nodes: number): Promise<void> {
  const rounds: { bare: RoundFigures; client: RoundFigures }[] = [];
  await drive(bare, inFlight, WARM_UP_MILLIS);
  await drive(client, inFlight, WARM_UP_MILLIS);
  for (let round = 0; round < ROUNDS; round++) {
    if (round % 2 === 0) {
      const first = await drive(bare, inFlight, ROUND_MILLIS);
      rounds.push({ bare: first, client: await drive(client, inFlight, ROUND_MILLIS) });
    } else {
      const first = await drive(client, inFlight, ROUND_MILLIS);
      rounds.push({ client: first, bare: await drive(bare, inFlight, ROUND_MILLIS) });
    }
  }
  const layer = median(rounds.map((round) => round.client.cpuMicros - round.bare.cpuMicros));
  const cells = [
    `${nodes} ${nodes === 1 ? 'node' : 'nodes'}, ${inFlight} in flight`,
    median(rounds.map((round) => round.bare.cpuMicros)).toFixed(2),
    median(rounds.map((round) => round.client.cpuMicros)).toFixed(2),
    layer.toFixed(2),
    `<= ${MOST_MICROS}`,
    layer <= MOST_MICROS ? 'kept' : 'MISSED',
  ];
  process.stdout.write(`| ${cells.join(' | ')} |\n`);
}

function routingNanos(count: number): number {
  const nodes = Array.from({ length: count }, (_, i) => ({ host: `node-${i + 1}.example`, port: 11_211 }));
  const router = new Router(buildRing(nodes), new SmearRules([]), 'successors', '~copy');
  const stored = KEYS.map((key) => `${SCHEMA}:${key}`);
  const routeAll = (): void => {
    for (const [at, key] of KEYS.entries()) router.routeFor(key, stored[at]!);
  };
  for (let warmUp = 0; warmUp < 200; warmUp++) routeAll();
  const runs = Array.from({ length: 200 }, () => {
    const start = process.hrtime.bigint();
    routeAll();
    return Number(process.hrtime.bigint() - start) / KEYS.length;
  });
  return median(runs);
}
