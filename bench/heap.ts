// `npm run bench -- heap`: what an idle, connected client of 4 nodes retains.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { startMemcachedCluster } from '../test/support/memcached.ts';
import { median } from './clients/statistics.ts';

const WORKER = fileURLToPath(new URL('./clients/heap-worker.ts', import.meta.url));
const RUNS = 5;
const MOST_KILOBYTES = 60;

interface Retained {
  readonly heapBytes: number;
  readonly externalBytes: number;
}

export async function run(): Promise<void> {
  await using cluster = await startMemcachedCluster(4);
  const runs = Array.from({ length: RUNS }, (): Retained => {
    const args = ['--expose-gc', WORKER, ...cluster.names];
    return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8', timeout: 60_000 }));
  });
  const heap = median(runs.map(({ heapBytes }) => heapBytes)) / 1_000;
  const external = median(runs.map(({ externalBytes }) => externalBytes)) / 1_000;
  const total = heap + external;
  process.stdout.write(`Node ${process.version}, 50 clients of 4 nodes, medians of ${RUNS} processes\n\n`);
  process.stdout.write(`heap ${heap.toFixed(1)} kB, outside of it ${external.toFixed(1)} kB a client\n`);
  const verdict = total <= MOST_KILOBYTES ? 'kept' : 'MISSED';
  process.stdout.write(`together ${total.toFixed(1)} kB (must be <= ${MOST_KILOBYTES}): ${verdict}\n`);
}
