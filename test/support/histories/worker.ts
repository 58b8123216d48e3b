// One process of the stress test: reads and writes through the public client, and now and then stops itself in the
// middle of a call.

import { setTimeout as sleep } from 'node:timers/promises';
import { createCache, type WrapOptions } from '../../../src/index.ts';
import { machineMillis, type Read, type ReadKind } from './history.ts';
import type { FromWorker, ToWorker, VersionedValue } from './messages.ts';
import {
  AMBUSH_PREFIX,
  BASE_TTLS_SECONDS,
  COPY_TTL_SECONDS,
  isSmeared,
  KEYS,
  LANES,
  NODES,
  PLAIN_KEYS,
  SMEARED_KEYS,
  STALES_SECONDS,
  type WorkerSettings,
} from './settings.ts';

const WRITE_SHARE = 0.02;
/** Of the writes. */
const FOREIGN_SHARE = 0.3;
const FREEZE_SHARE = 0.001;
const REPORT_EVERY = 500;
const LONGEST_PAUSE_MILLIS = 4;
/** Turns of the event loop after which a call is frozen at the latest. */
const MOST_TURNS = 6;
const DELETE_TRIES = 5;
const MOST_AMBUSH_PAUSES = 20;
const AMBUSH_PAUSE_MILLIS = 400;
const MOST_AMBUSH_TURNS = 20;
/** Longer than the freeze: what was there before it is still there after it, but for the write. */
const AMBUSH_TTL_SECONDS = 60;
const LOOKS = 8;
const LOOK_PAUSE_MILLIS = 80;
const SMEARED_RULES = [
  ...SMEARED_KEYS.map((key) => ({ key, copies: NODES })),
  { prefix: AMBUSH_PREFIX, copies: NODES },
];

/** Any key is hot before long. */
const EAGER = { oneIn: 4, leastReadsPerSecond: 1 };

type Reading = Omit<Read, 'worker'>;

const { nodes, leases, auto } = JSON.parse(process.argv[2]!) as WorkerSettings;
const options = {
  discovery: { nodes },
  schema: 'history',
  leases,
  // No node is down here. Nobody is to take one for it because the machine is busy: that has terms of its own.
  connectTimeoutMillis: 5_000,
  operationTimeoutMillis: 5_000,
  logger: { debug() {}, info() {}, warn() {} },
};
const cache = createCache({
  ...options,
  smear: {
    ...(auto ? { auto: EAGER } : { keys: SMEARED_RULES, auto: false }),
    copyTtlSeconds: COPY_TTL_SECONDS,
  },
});
const mayBeSmeared = (key: string): boolean => auto || isSmeared(key);
/** Knows of no copies: to those its deletes are lost, as another client's are. */
const foreign = createCache({ ...options, smear: { auto: false } });
const answers = new Map<number, (version: number) => void>();
let asked = 0;
let stopped = false;
let reads: Reading[] = [];
let empty = 0;

process.on('message', (message: ToWorker) => {
  switch (message.kind) {
    case 'stop':
      stopped = true;
      break;
    case 'write':
      void write(message.key);
      break;
    case 'look':
      void look(message.key);
      break;
    case 'answer':
      answers.get(message.id)?.(message.version);
      answers.delete(message.id);
      break;
    default:
      message satisfies never;
  }
});
process.on('disconnect', () => process.exit());

await Promise.all([...Array.from({ length: LANES }, lane), ambushes()]);
report();
await Promise.all([cache.close(), foreign.close()]);
process.disconnect();

async function lane(): Promise<void> {
  while (!stopped) {
    const call = Math.random() < WRITE_SHARE ? write(drawn(KEYS)) : read();
    if (Math.random() < FREEZE_SHARE) await freezeWithin(MOST_TURNS);
    await call;
    await sleep(Math.random() * LONGEST_PAUSE_MILLIS);
  }
}

/**
 * Freezes a read of a key that nobody else reads, at any of its steps and for longer than any lease. Meanwhile another
 * process writes the key, and at the thaw the others look: what this read still stores would be found.
 */
async function ambushes(): Promise<void> {
  for (let n = 0; ; n++) {
    for (let pauses = Math.random() * MOST_AMBUSH_PAUSES; pauses > 0 && !stopped; pauses--) {
      await sleep(AMBUSH_PAUSE_MILLIS);
    }
    if (stopped) return;
    const key = `${AMBUSH_PREFIX}${process.pid}-${n}`;
    const filled = Math.random() < 0.7;
    if (filled) await wrap(key, { ttlSeconds: AMBUSH_TTL_SECONDS });
    const call = filled ? get(key, false) : wrap(key, { ttlSeconds: AMBUSH_TTL_SECONDS });
    await freezeWithin(MOST_AMBUSH_TURNS, key);
    await call;
  }
}

async function look(key: string): Promise<void> {
  for (let looks = 0; looks < LOOKS; looks++) {
    await get(key, false);
    await sleep(LOOK_PAUSE_MILLIS);
  }
}

function read(): Promise<void> {
  const smeared = Math.random() < 0.6;
  const key = drawn(smeared ? SMEARED_KEYS : PLAIN_KEYS);
  const at = Math.random();
  if (at < 0.5) {
    return get(key, Math.random() < 0.1);
  }
  if (at < 0.55) return readMany();
  return wrap(key, { ttlSeconds: drawn(BASE_TTLS_SECONDS), staleSeconds: drawn(STALES_SECONDS) });
}

function get(key: string, consistentRead: boolean): Promise<void> {
  const kind = mayBeSmeared(key) && !consistentRead ? 'smeared get' : 'base get';
  return recorded(kind, key, () => cache.get<VersionedValue>(key, { consistentRead }));
}

function wrap(key: string, options: WrapOptions): Promise<void> {
  return recorded(mayBeSmeared(key) ? 'smeared wrap' : 'plain wrap', key, () =>
    cache.wrap(key, async () => ({ key, version: await ask('load', key) }), options),
  );
}

async function readMany(): Promise<void> {
  const startedAt = machineMillis();
  const { hits, misses } = await cache.getMany<VersionedValue>(KEYS);
  const endedAt = machineMillis();
  for (const [key, value] of hits) {
    record(mayBeSmeared(key) ? 'smeared get' : 'base get', key, value, startedAt, endedAt);
  }
  empty += misses.length;
}

async function recorded(
  kind: ReadKind,
  key: string,
  read: () => Promise<VersionedValue | undefined>,
): Promise<void> {
  const startedAt = machineMillis();
  // A loader that does not settle in time is an error to the caller: there is no value to check.
  const value = await read().catch(() => undefined);
  record(kind, key, value, startedAt, machineMillis());
}

function record(
  kind: ReadKind,
  key: string,
  value: VersionedValue | undefined,
  startedAt: number,
  endedAt: number,
): void {
  if (value === undefined) empty++;
  // Another key's value was never committed under this one.
  else reads.push({ kind, key, version: value.key === key ? value.version : -1, startedAt, endedAt });
  if (reads.length >= REPORT_EVERY) report();
}

async function write(key: string): Promise<void> {
  const own = Math.random() >= FOREIGN_SHARE;
  const version = await ask(own ? 'commit' : 'foreign-commit', key);
  for (let tries = 0; tries < DELETE_TRIES; tries++) {
    const deleted = (own ? cache : foreign).delete(key);
    // Between the call and the moment when it is sent.
    if (Math.random() < FREEZE_SHARE * 10) freeze();
    if ((await deleted).kind === 'unavailable') continue;
    send({ kind: 'acknowledged', key, version, at: machineMillis() });
    return;
  }
}

function ask(kind: 'load' | 'commit' | 'foreign-commit', key: string): Promise<number> {
  const id = ++asked;
  return new Promise((resolve) => {
    answers.set(id, resolve);
    send({ kind, id, key });
  });
}

/** After a few turns of the event loop, in each of which replies may come and calls go on. */
async function freezeWithin(mostTurns: number, ambush?: string): Promise<void> {
  for (let turns = Math.floor(Math.random() * mostTurns); turns > 0; turns--) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  freeze(ambush);
}

/** Returns when the parent has thawed us. */
function freeze(ambush?: string): void {
  send({ kind: 'frozen', ...(ambush !== undefined && { ambush }) });
  process.kill(process.pid, 'SIGSTOP');
}

function report(): void {
  send({ kind: 'reads', reads, empty });
  reads = [];
  empty = 0;
}

function drawn<T>(items: readonly T[]): T {
  return items[Math.floor(Math.random() * items.length)]!;
}

function send(message: FromWorker): void {
  // The parent may be gone.
  process.send?.(message, undefined, undefined, () => {});
}
