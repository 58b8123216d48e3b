// One process of the fleet: opens a reader, warms it, and lets its callers loose at a given moment.

import { setTimeout as sleep } from 'node:timers/promises';
import type { CallOfBurst, FromWorker, ToWorker, Value } from './messages.ts';
import { READERS, type Read } from './readers.ts';

let read: Read;
let loads = 0;
const loading = new Map<number, (value: Value | undefined) => void>();

process.on('message', (message: ToWorker) => {
  if (message.kind === 'loaded') {
    loading.get(message.id)?.(message.value);
    loading.delete(message.id);
    return;
  }
  void answer(message)
    .catch((error): FromWorker => ({ kind: 'failed', reason: String(error) }))
    .then(send);
});
// The bench is gone.
process.on('disconnect', () => process.exit());
// A refresh that fails beside its readers is nobody's promise in some of the libraries.
process.on('unhandledRejection', () => {});

async function answer(message: Exclude<ToWorker, { kind: 'loaded' }>): Promise<FromWorker> {
  switch (message.kind) {
    case 'open': {
      const { reader, nodes, stale } = message;
      read = await READERS[reader as keyof typeof READERS](nodes, stale, load);
      return { kind: 'ready' };
    }
    case 'warm':
      for (let i = 0; i < message.reads; i++) await read();
      return { kind: 'ready' };
    case 'burst': {
      await sleep(Math.max(0, message.atMillis - Date.now()));
      return { kind: 'calls', calls: await Promise.all(Array.from({ length: message.callers }, call)) };
    }
    default:
      return message satisfies never;
  }
}

async function load(): Promise<Value> {
  const id = ++loads;
  const value = await new Promise<Value | undefined>((resolve) => {
    loading.set(id, resolve);
    send({ kind: 'load', id });
  });
  if (value === undefined) throw new Error('the origin failed');
  return value;
}

async function call(): Promise<CallOfBurst> {
  const startedAt = performance.now();
  const value = await read().catch(() => undefined);
  return { version: value?.version, millis: performance.now() - startedAt };
}

function send(message: FromWorker): void {
  process.send!(message);
}
