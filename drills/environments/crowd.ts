// Many environments in one process, each with a client of its own, that all begin with their first invocation at once.

import { createCache } from '../../src/index.ts';
import type { EnvironmentSettings } from './messages.ts';
import { hanging, leftOpen, load, logger, obey, recorded, report, send } from './process.ts';
import { COPIES, HOT_PREFIX, KEYS, LOAD_TIMEOUT_MILLIS, SCHEMA, TTL_SECONDS } from './settings.ts';

/** What a first invocation reads, one after another. */
const READS = 12;

const { configEndpoint, copyTtlSeconds, clients, seed } = JSON.parse(process.argv[2]!) as EnvironmentSettings;
const caches = Array.from({ length: clients }, () =>
  createCache({
    discovery: { configurationEndpoint: configEndpoint },
    schema: SCHEMA,
    // What is hot is known beforehand here: a verdict needs to know which keys have copies.
    smear: { keys: [{ prefix: HOT_PREFIX, copies: COPIES }], copyTtlSeconds, auto: false },
    loadTimeoutMillis: LOAD_TIMEOUT_MILLIS,
    logger,
  }),
);

obey((order) => void (order === 'burst' ? burst() : stop()));
send({ kind: 'ready' });

async function burst(): Promise<void> {
  await Promise.all(
    caches.map(async (cache, client) => {
      for (let i = 0; i < READS; i++) {
        const key = KEYS[(seed + client * READS + i * 17) % KEYS.length]!;
        await recorded('wrap', key, () => cache.wrap(key, () => load(key), { ttlSeconds: TTL_SECONDS }));
      }
    }),
  );
  report();
  send({ kind: 'burst-over' });
}

async function stop(): Promise<void> {
  const hung = hanging();
  await Promise.all(caches.map((cache) => cache.close()));
  report();
  send({ kind: 'ended', hanging: hung, left: await leftOpen() });
}
