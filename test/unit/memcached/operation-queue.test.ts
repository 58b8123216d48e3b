import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { MetaOperation } from '../../../src/memcached/meta-operation.ts';
import { OperationQueue } from '../../../src/memcached/operation-queue.ts';

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

function store(token: number): MetaOperation {
  return MetaOperation.store('ms key 1', Buffer.alloc(1), token, false, Number.POSITIVE_INFINITY, () => {});
}

it('does not keep what is complete alive while others wait', async () => {
  const queue = new OperationQueue();
  const push = (token: number): WeakRef<MetaOperation> => {
    const operation = store(token);
    queue.push(operation);
    return new WeakRef(operation);
  };
  const [complete, waiting] = [push(1), push(2)];
  queue.takeUnsent();
  queue.takeUnsent();
  queue.advance();
  await turn();
  collectGarbage();

  expect(complete.deref()).toBeUndefined();
  expect(queue.front).toBe(waiting.deref());
  expect(queue.empty).toBe(false);
});
