// memcached processes on loopback addresses of their own, all on memcached's usual port.

import { setTimeout as sleep } from 'node:timers/promises';
import { ask } from '../../scripts/local/cluster/ask.ts';
import { endOf, spawnOwned } from '../../scripts/local/owned-process.ts';

const PORT = 11_211;
const MOST_CONNECTIONS = 4_096;
const START_MILLIS = 10_000;
/** memcached's clock ticks once a second, and a flush takes what is older than the tick. */
const FLUSH_MILLIS = 2_100;

export interface Nodes {
  readonly addresses: readonly string[];
  /** How many reads each has served, in the order of the addresses. */
  readsServed(): Promise<number[]>;
  flush(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export async function startNodes(count: number): Promise<Nodes> {
  // Two runs at once do not meet: the block is our process's own.
  const block = `127.${128 + ((process.pid >> 8) & 63)}.${process.pid & 255}`;
  const addresses = Array.from({ length: count }, (_, at) => `${block}.${at + 1}`);
  const asRoot = process.getuid?.() === 0 ? ['-u', 'root'] : [];
  const children = addresses.map((address) => {
    const limits = ['-U', '0', '-m', '64', '-t', '1', '-c', String(MOST_CONNECTIONS)];
    return spawnOwned('memcached', [...asRoot, '-l', address, '-p', String(PORT), ...limits], {
      stdio: 'ignore',
    });
  });
  const end = async (): Promise<void> => {
    const ends = children.map(endOf);
    for (const child of children) child.kill('SIGKILL');
    await Promise.all(ends);
  };
  const statsOf = (host: string): Promise<string> => ask({ host, port: PORT }, 'stats');
  try {
    await Promise.all(
      addresses.map((address, at) => untilAnswering(() => statsOf(address), children[at]!.pid)),
    );
  } catch (error) {
    await end();
    throw error;
  }
  return {
    addresses,
    readsServed: () =>
      Promise.all(addresses.map(async (host) => Number(/STAT cmd_get (\d+)/.exec(await statsOf(host))![1]))),
    async flush() {
      // `stats` after it ends the reply that `ask` waits for.
      await Promise.all(addresses.map((host) => ask({ host, port: PORT }, 'flush_all\r\nstats')));
      await sleep(FLUSH_MILLIS);
    },
    [Symbol.asyncDispose]: end,
  };
}

async function untilAnswering(stats: () => Promise<string>, pid: number | undefined): Promise<void> {
  const giveUpAt = Date.now() + START_MILLIS;
  // Somebody else's server at the address is never taken for ours.
  while (!(await stats().catch(() => '')).includes(`STAT pid ${pid}\r\n`)) {
    if (Date.now() > giveUpAt) throw new Error('memcached did not start: is it installed?');
    await sleep(10);
  }
}
