import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { createCache } from '../../src/create-cache.ts';
import type { LoadOrder } from './read-load.ts';

/** Starts a process that reads as ordered; resolves once it does. */
export async function startLoad(order: LoadOrder): Promise<AsyncDisposable> {
  await fill(order);
  const child = fork(fileURLToPath(new URL('./read-load.ts', import.meta.url)), { stdio: 'inherit' });
  const exited = once(child, 'exit');
  child.send(order);
  const first = await Promise.race([once(child, 'message'), exited.then(() => undefined)]);
  if (first === undefined) throw new Error('the load ended before it began');
  return {
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/** Not by the reader: who wrote a key reads it from its base for some seconds. */
async function fill({ nodes, weights, valueBytes }: LoadOrder): Promise<void> {
  const cache = createCache({ discovery: { nodes }, operationTimeoutMillis: 10_000 });
  const value = 'x'.repeat(valueBytes);
  await cache.setMany(new Map(Object.keys(weights).map((key) => [key, value])), { ttlSeconds: 600 });
  await cache.close();
}
