// One execution environment: a process with one cache, and handlers that read through it, read and write without pause.

import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from '../../src/base/random.ts';
import { createCache } from '../../src/index.ts';
import { machineMillis } from '../../test/support/histories/history.ts';
import type { DrillValue, EnvironmentSettings } from './messages.ts';
import { ask, hanging, knowOnly, leftOpen, load, logger, obey, recorded, report, send } from './process.ts';
import {
  COPIES,
  HOT_PREFIX,
  INVOCATION_MILLIS,
  KEYS,
  LOAD_TIMEOUT_MILLIS,
  SCHEMA,
  TTL_SECONDS,
} from './settings.ts';

/** Invocations side by side. */
const LANES = 4;
const WRITE_SHARE = 0.02;
const GET_SHARE = 0.2;
const HOT_SHARE = 0.3;
const LONGEST_PAUSE_MILLIS = 12;
const DELETE_TRIES = 3;
const DELETE_PAUSE_MILLIS = 150;

const { configEndpoint, copyTtlSeconds, names, seed } = JSON.parse(process.argv[2]!) as EnvironmentSettings;
if (names !== undefined) knowOnly(names);
const random = seededRandom(seed);
const hotKeys = KEYS.filter((key) => key.startsWith(HOT_PREFIX));
const plainKeys = KEYS.filter((key) => !key.startsWith(HOT_PREFIX));
const cache = createCache({
  discovery: { configurationEndpoint: configEndpoint },
  schema: SCHEMA,
  // What is hot is known beforehand here: a verdict needs to know which keys have copies.
  smear: { keys: [{ prefix: HOT_PREFIX, copies: COPIES }], copyTtlSeconds, auto: false },
  loadTimeoutMillis: LOAD_TIMEOUT_MILLIS,
  logger,
});
const stopped = new AbortController();
obey((order) => {
  if (order === 'stop') stopped.abort();
});

await cache.wrapMany<DrillValue>(
  KEYS,
  async (missing) => new Map(await Promise.all(missing.map(async (key) => [key, await load(key)] as const))),
  { ttlSeconds: TTL_SECONDS },
);
send({ kind: 'ready' });

const lanes = Promise.all(Array.from({ length: LANES }, lane));
await new Promise((resolve) => stopped.signal.addEventListener('abort', resolve));
const late = new AbortController();
await Promise.race([lanes, sleep(INVOCATION_MILLIS, undefined, { signal: late.signal }).catch(() => {})]);
late.abort();
const hung = hanging();
await cache.close();
report();
send({ kind: 'ended', hanging: hung, left: await leftOpen() });

async function lane(): Promise<void> {
  while (!stopped.signal.aborted) {
    await invocation();
    await sleep(random() * LONGEST_PAUSE_MILLIS);
  }
}

async function invocation(): Promise<void> {
  const key = drawn(random() < HOT_SHARE ? hotKeys : plainKeys);
  if (random() < WRITE_SHARE) await write(key);
  else if (random() < GET_SHARE) await recorded('get', key, () => cache.get<DrillValue>(key));
  else await recorded('wrap', key, () => cache.wrap(key, () => load(key), { ttlSeconds: TTL_SECONDS }));
}

/** As a handler does it: the database first, then the cache. One that is not acknowledged is tried again, not for ever. */
async function write(key: string): Promise<void> {
  const version = await ask('commit', key);
  for (let tries = 0; tries < DELETE_TRIES; tries++) {
    const outcome = await recorded('delete', key, () => cache.delete(key));
    if (outcome !== undefined && outcome.kind !== 'unavailable') {
      send({ kind: 'acknowledged', key, version, at: machineMillis() });
      return;
    }
    await sleep(DELETE_PAUSE_MILLIS);
  }
}

function drawn<T>(items: readonly T[]): T {
  return items[Math.floor(random() * items.length)]!;
}
