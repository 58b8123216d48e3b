// The process of one contender: fills its keys, checks what it reads back, and runs rounds when told to.

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
  const { contender, scenario, nodes } = request;
  const value = Buffer.from(Array.from({ length: scenario.valueBytes }, (_, i) => 97 + (i % 26)));
  lanes = contender === 'ceiling' ? 1 : scenario.inFlight;
  work =
    contender === 'ceiling'
      ? await openCeiling(nodes[0]!, scenario, value)
      : await workOf(contender, scenario, nodes, value);
  return { kind: 'prepared' };
}

async function workOf(
  name: string,
  scenario: Scenario,
  nodes: readonly string[],
  value: Buffer,
): Promise<Work> {
  const contender = await CONTENDERS[name as keyof typeof CONTENDERS](nodes);
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
  for (const key of keys) {
    const stored = await contender.set(key, value);
    if (!contender.isStored(stored)) throw new Error(`set answered ${JSON.stringify(stored)}`);
  }
  for (const key of keys) {
    const found = contender.valueIn(await contender.get(key));
    const text = typeof found === 'string' ? found : found?.toString('latin1');
    if (text !== expected) throw new Error('get gave something else than was set');
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
