// The process of one contender: fills its keys, checks what it reads back, and runs rounds when told to.

import { setTimeout as sleep } from 'node:timers/promises';
import { openCeiling } from './ceiling.ts';
import type { Contender } from './contender.ts';
import { CONTENDERS } from './contenders.ts';
import { drive, type Work } from './load.ts';
import type { Reply, Request } from './messages.ts';
import { BATCH_KEYS, MIX_SET_EVERY, type Scenario } from './scenarios.ts';

const BATCHES = 10;
const KEYS = 1_000;
/** Bytes of values that one contender may have in the servers. */
const VALUES_BYTES = 4_000_000;

const FILL_ATTEMPTS = 10;
const FILL_PAUSE_MILLIS = 400;

let work: Work | undefined;
let lanes = 0;

process.on('message', (request: Request) => {
  void answer(request)
    .catch((error): Reply => ({ kind: 'failed', reason: reasonOf(error) }))
    .then((reply) => process.send!(reply));
});
// The bench is gone.
process.on('disconnect', () => process.exit());

async function answer(request: Request): Promise<Reply> {
  if (request.kind === 'round')
    return { kind: 'figures', figures: await drive(work!, lanes, request.millis) };
  const { contender, scenario, nodes, bundle } = request;
  const value = Buffer.from(Array.from({ length: scenario.valueBytes }, (_, i) => 97 + (i % 26)));
  lanes = contender === 'ceiling' ? 1 : scenario.inFlight;
  work =
    contender === 'ceiling'
      ? await openCeiling(nodes[0]!, scenario, value)
      : await workOf(await open(contender, nodes, bundle), contender, scenario, value);
  return { kind: 'prepared' };
}

function open(name: string, nodes: readonly string[], bundle: string): Promise<Contender> {
  return CONTENDERS[name as keyof typeof CONTENDERS](nodes, bundle);
}

async function workOf(contender: Contender, name: string, scenario: Scenario, value: Buffer): Promise<Work> {
  const count = Math.min(KEYS, Math.floor(VALUES_BYTES / scenario.valueBytes));
  const keys = Array.from({ length: count }, (_, i) => `${name}:item:${i}`);
  await fill(contender, keys, value);
  const keyOf = (at: number): string => keys[at % count]!;
  const isHit = (reply: unknown): boolean => contender.valueIn(reply) !== undefined;
  const operations = 1;
  switch (scenario.operation) {
    case 'get':
      return { operations, start: (at) => contender.get(keyOf(at)), accepts: isHit };
    case 'set':
      return { operations, start: (at) => contender.set(keyOf(at), value), accepts: contender.isStored };
    case 'mix':
      return {
        operations,
        start: (at) =>
          at % MIX_SET_EVERY === 0 ? contender.set(keyOf(at), value) : contender.get(keyOf(at)),
        accepts: (reply) => contender.isStored(reply) || isHit(reply),
      };
    case 'batch': {
      const batches = Array.from({ length: BATCHES }, (_, i) =>
        keys.slice(i * BATCH_KEYS, (i + 1) * BATCH_KEYS),
      );
      return {
        operations,
        start: (at) => contender.getMany(batches[at % BATCHES]!),
        accepts: (reply) => contender.hitsIn(reply) === BATCH_KEYS,
      };
    }
    default:
      return scenario.operation satisfies never;
  }
}

async function fill(contender: Contender, keys: readonly string[], value: Buffer): Promise<void> {
  const expected = value.toString('latin1');
  for (const key of keys) await store(contender, key, value);
  for (const key of keys) {
    const found = contender.valueIn(await contender.get(key));
    const text = typeof found === 'string' ? found : found?.toString('latin1');
    if (text !== expected) throw new Error('get gave something else than was set');
  }
}

/** On a busy machine a call may time out, and a client may then leave the node alone for a while. */
async function store(contender: Contender, key: string, value: Buffer): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const stored = await contender.set(key, value);
    if (contender.isStored(stored)) return;
    if (attempt === FILL_ATTEMPTS) throw new Error(`set answered ${JSON.stringify(stored)}`);
    await sleep(FILL_PAUSE_MILLIS);
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
