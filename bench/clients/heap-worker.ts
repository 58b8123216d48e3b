// Prints the bytes that one idle client of these nodes retains. Run with `--expose-gc` and the nodes as arguments.
import { setTimeout as sleep } from 'node:timers/promises';
import { type Cache, createCache } from '../../src/index.ts';

const CLIENTS = 50;
const KEYS = Array.from({ length: 200 }, (_, i) => `item:${i}`);
const nodes = process.argv.slice(2);

/** A client with a connection to every node. */
async function connected(): Promise<Cache> {
  const cache = createCache({ discovery: { nodes } });
  const { unavailable } = await cache.getMany(KEYS);
  if (unavailable.length > 0) throw new Error('a node does not answer');
  return cache;
}

async function settled(): Promise<NodeJS.MemoryUsage> {
  for (let pass = 0; pass < 5; pass++) {
    await sleep(50);
    globalThis.gc!();
  }
  return process.memoryUsage();
}

// What is loaded, compiled and shared once is not a client's.
const first = [await connected(), await connected(), await connected()];
const before = await settled();
const clients: Cache[] = [];
for (let i = 0; i < CLIENTS; i++) clients.push(await connected());
const after = await settled();
process.stdout.write(
  JSON.stringify({
    heapBytes: (after.heapUsed - before.heapUsed) / CLIENTS,
    externalBytes: (after.external - before.external) / CLIENTS,
  }),
);
await Promise.all([...first, ...clients].map((cache) => cache.close()));
