import { createCache } from '../../src/index.ts';
import { startMemcachedCluster } from '../../test/support/memcached.ts';
import { pairedRatio, percentile } from '../clients/statistics.ts';

const KEYS = 200;
const ROUNDS = 60;
const CALLS_OF_ROUND = 1_000;
const WARM_UP_ROUNDS = 10;
const IN_FLIGHT = [1, 32];

/** `wrap` and `get` on hits of one process, in turns of a few milliseconds. */
export async function hitLatency(): Promise<string> {
  await using cluster = await startMemcachedCluster(1);
  const cache = createCache({ discovery: { nodes: cluster.names }, schema: 'bench' });
  const keys = Array.from({ length: KEYS }, (_, i) => `item:${i}`);
  const value = { text: 'x'.repeat(200) };
  await cache.setMany(
    keys.map((key) => [key, value]),
    { ttlSeconds: 3_600 },
  );
  let loads = 0;
  const load = (): typeof value => {
    loads++;
    return value;
  };
  const calls: Record<string, (key: string) => Promise<unknown>> = {
    get: (key) => cache.get(key),
    wrap: (key) => cache.wrap(key, load, { ttlSeconds: 3_600 }),
  };
  const rows: string[] = [];
  try {
    for (const inFlight of IN_FLIGHT) {
      const medians: Record<string, number[]> = { get: [], wrap: [] };
      for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
        // Who goes first changes with the round.
        const order = round % 2 === 0 ? ['get', 'wrap'] : ['wrap', 'get'];
        for (const name of order) {
          const sorted = (await timesOf(calls[name]!, keys, inFlight)).sort();
          if (round >= 0) medians[name]!.push(percentile(sorted, 0.5));
        }
      }
      const micros = (name: string) =>
        (
          percentile(
            medians[name]!.toSorted((a, b) => a - b),
            0.5,
          ) * 1_000
        ).toFixed(1);
      const more = (pairedRatio(medians.wrap!, medians.get!) - 1) * 100;
      rows.push(`| ${inFlight} | ${micros('get')} | ${micros('wrap')} | ${more.toFixed(1)} % |`);
    }
  } finally {
    await cache.close();
  }
  return [
    'A hit in µs (median), and what `wrap` takes more than `get` (median of the paired rounds)',
    '',
    '| calls in flight | get | wrap | more |',
    '| ---: | ---: | ---: | ---: |',
    ...rows,
    ...(loads === 0 ? [] : ['', `${loads} calls were no hits: the machine was busy with something else.`]),
  ].join('\n');
}

async function timesOf(
  call: (key: string) => Promise<unknown>,
  keys: readonly string[],
  inFlight: number,
): Promise<Float64Array> {
  const times = new Float64Array(CALLS_OF_ROUND);
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let at = next++; at < CALLS_OF_ROUND; at = next++) {
      const from = performance.now();
      await call(keys[at % keys.length]!);
      times[at] = performance.now() - from;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  return times;
}
