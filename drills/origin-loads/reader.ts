// Reads the same stream of keys through either client, as many a second as it is told, and counts loads.

import { seededRandom } from '../../src/base/random.ts';
import { createCache } from '../../src/index.ts';
import { age } from '../environments/process.ts';
import { PAST_A_LOOK_MILLIS } from '../environments/settings.ts';
import type { FromReader, ReaderSettings, ToReader } from './messages.ts';
import { PlainKetama } from './plain-ketama.ts';

const TICK_MILLIS = 20;

const settings = JSON.parse(process.argv[2]!) as ReaderSettings;
const { client, configEndpoint, keys, readsPerSecond, ttlSeconds, warmSeconds, seed } = settings;
const random = seededRandom(seed);
const warmed = new Set<string>();
const warmUntil = performance.now() + warmSeconds * 1_000;

const quiet = { debug() {}, info() {}, warn() {} };
const ours = createCache({ discovery: { configurationEndpoint: configEndpoint }, logger: quiet });
const plain = new PlainKetama(settings.nodes);

process.on('message', ({ nodes }: ToReader) => {
  plain.use(nodes);
  age(PAST_A_LOOK_MILLIS);
});
process.on('disconnect', () => process.exit());
// memjs may settle a call twice.
process.on('unhandledRejection', () => {});

let due = 0;
let last = performance.now();
setInterval(() => {
  const now = performance.now();
  due += ((now - last) / 1_000) * readsPerSecond;
  last = now;
  const count = Math.floor(due);
  due -= count;
  for (let i = 0; i < count; i++) void read();
  send({ kind: 'reads', count });
}, TICK_MILLIS);

async function read(): Promise<void> {
  const key = `k${Math.floor(random() * keys)}`;
  const load = async (): Promise<string> => {
    send({ kind: 'load', key });
    return 'x'.repeat(200);
  };
  // The first fills end at different times, as those of a cache that has run for long.
  const isFirst = !warmed.has(key) && performance.now() < warmUntil;
  const ttl = isFirst ? 1 + Math.floor(random() * ttlSeconds) : ttlSeconds;
  warmed.add(key);
  if (client === 'plain Ketama') await plain.wrap(key, load, ttl);
  else await ours.wrap(key, load, { ttlSeconds: ttl });
}

function send(message: FromReader): void {
  process.send?.(message, undefined, undefined, () => {});
}
