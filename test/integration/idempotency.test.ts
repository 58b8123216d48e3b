import {
  IdempotencyAlreadyInProgressError,
  IdempotencyConfig,
  IdempotencyPersistenceLayerError,
  makeIdempotent,
} from '@aws-lambda-powertools/idempotency';
import { CachePersistenceLayer } from '@aws-lambda-powertools/idempotency/cache';
import type { CacheClient } from '@aws-lambda-powertools/idempotency/cache/types';
import { makeHandlerIdempotent } from '@aws-lambda-powertools/idempotency/middleware';
import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  type IdempotencyClient,
  type IdempotencyClientOptions,
  IdempotencyStoreError,
  idempotencyClient,
} from '../../src/idempotency.ts';
import { ManualClock, startCluster, startNode } from '../../src/testing/index.ts';
import { memcachedAvailable, startMemcached, startMemcachedCluster } from '../support/memcached.ts';
import { quietLogger } from '../support/quiet-logger.ts';

const CONTEXT = { getRemainingTimeInMillis: () => 30_000 } as Context;
const EVENT = { order: '7' };

type Handler = (event: unknown, context: Context) => Promise<{ orderId: string }>;

function clientOf(options: IdempotencyClientOptions): IdempotencyClient {
  const client = idempotencyClient({ logger: quietLogger, ...options });
  onTestFinished(() => client.close());
  return client;
}

const storeOf = (client: CacheClient): CachePersistenceLayer => new CachePersistenceLayer({ client });

/** One environment: a store of its own over the cluster, as each Lambda environment has. */
function environment(
  options: IdempotencyClientOptions,
  execute: Handler,
  config: ConstructorParameters<typeof IdempotencyConfig>[0] = {},
) {
  return makeIdempotent(execute, {
    persistenceStore: storeOf(clientOf(options)),
    config: new IdempotencyConfig(config),
  });
}

const messagesOf = (error: unknown): string[] =>
  error instanceof Error ? [error.message, ...messagesOf(error.cause)] : [];

/** Why it failed, from Powertools' own error down to the cache's. */
const failureOf = async (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    (value) => expect.fail(`executed, and gave ${JSON.stringify(value)}`),
    (error: unknown) => error,
  );

afterEach(() => vi.useRealTimers());

describe.skipIf(!memcachedAvailable)('Powertools Idempotency on memcached', () => {
  async function cluster(count = 3) {
    const { names, nodes, close } = await startMemcachedCluster(count);
    onTestFinished(close);
    return { nodes, options: { discovery: { nodes: names } } satisfies IdempotencyClientOptions };
  }

  it.each(['meta', 'memjs'] as const)(
    'executes an event once, whichever environment it comes to, by %s',
    async (transport) => {
      const { options } = await cluster();
      const execute = vi.fn<Handler>(async () => ({ orderId: 'o-1' }));
      const first = environment({ ...options, transport }, execute);
      const second = environment({ ...options, transport }, execute);
      expect(await first(EVENT, CONTEXT)).toEqual({ orderId: 'o-1' });
      expect(await second(EVENT, CONTEXT)).toEqual({ orderId: 'o-1' });
      expect(await first(EVENT, CONTEXT)).toEqual({ orderId: 'o-1' });
      expect(execute).toHaveBeenCalledTimes(1);
      await second({ order: '8' }, CONTEXT);
      expect(execute).toHaveBeenCalledTimes(2);
    },
  );

  it('refuses an event that is being executed, and gives its result afterwards', async () => {
    const { options } = await cluster();
    const execution = Promise.withResolvers<{ orderId: string }>();
    const begun = Promise.withResolvers<void>();
    const execute = vi.fn<Handler>(() => {
      begun.resolve();
      return execution.promise;
    });
    const first = environment(options, execute)(EVENT, CONTEXT);
    await begun.promise;
    const second = environment(options, execute);
    expect(await failureOf(second(EVENT, CONTEXT))).toBeInstanceOf(IdempotencyAlreadyInProgressError);
    execution.resolve({ orderId: 'o-1' });
    await first;
    expect(await second(EVENT, CONTEXT)).toEqual({ orderId: 'o-1' });
    expect(execute).toHaveBeenCalledTimes(1);
  });

  it('executes one of many that come at once', async () => {
    const { options } = await cluster();
    const execution = Promise.withResolvers<{ orderId: string }>();
    const execute = vi.fn<Handler>(() => execution.promise);
    const environments = Array.from({ length: 20 }, () => environment(options, execute));
    let settled = 0;
    const calls = environments.map((handle) =>
      handle(EVENT, CONTEXT).finally(() => {
        // All others are refused before the one is let go.
        if (++settled === 19) execution.resolve({ orderId: 'o-1' });
      }),
    );
    const outcomes = await Promise.allSettled(calls);
    expect(execute).toHaveBeenCalledTimes(1);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected')
        expect(outcome.reason).toBeInstanceOf(IdempotencyAlreadyInProgressError);
    }
  });

  it('executes again after a handler that failed', async () => {
    const { options } = await cluster();
    const execute = vi
      .fn<Handler>()
      .mockRejectedValueOnce(new Error('out of stock'))
      .mockResolvedValueOnce({ orderId: 'o-2' });
    const handle = environment(options, execute);
    await expect(handle(EVENT, CONTEXT)).rejects.toThrow('out of stock');
    expect(await environment(options, execute)(EVENT, CONTEXT)).toEqual({ orderId: 'o-2' });
  });

  it('works as a Middy middleware', async () => {
    const { options } = await cluster();
    const execute = vi.fn(async () => ({ orderId: 'o-1' }));
    const persistenceStore = storeOf(clientOf(options));
    const handler = middy<unknown, { orderId: string }>()
      .use(makeHandlerIdempotent({ persistenceStore }))
      .handler(execute);
    expect(await handler(EVENT, CONTEXT)).toEqual({ orderId: 'o-1' });
    expect(await handler(EVENT, CONTEXT)).toEqual({ orderId: 'o-1' });
    expect(execute).toHaveBeenCalledTimes(1);
  });

  it('keeps a large response, and finds it again', async () => {
    const { options } = await cluster(1);
    const orderId = 'a response that repeats itself; '.repeat(100_000);
    const execute = vi.fn<Handler>(async () => ({ orderId }));
    const handle = environment(options, execute);
    await handle(EVENT, CONTEXT);
    expect(await handle(EVENT, CONTEXT)).toEqual({ orderId });
    expect(execute).toHaveBeenCalledTimes(1);
  });

  it('executes nothing while the record has no node, nor on any other node', async () => {
    const { nodes, options } = await cluster();
    const execute = vi.fn<Handler>(async () => ({ orderId: 'o-1' }));
    const handle = environment(options, execute);
    await Promise.all(nodes.map((node) => node.close()));
    for (let tries = 0; tries < 3; tries++) {
      const failure = await failureOf(handle(EVENT, CONTEXT));
      expect(failure).toBeInstanceOf(IdempotencyPersistenceLayerError);
      expect((failure as Error).cause).toBeInstanceOf(IdempotencyStoreError);
    }
    expect(execute).not.toHaveBeenCalled();
  });

  it('does not execute elsewhere what its own node, which is gone, may have recorded', async () => {
    const { nodes, options } = await cluster(2);
    const execute = vi.fn<Handler>(async () => ({ orderId: 'o-1' }));
    const orders = Array.from({ length: 20 }, (_, i) => ({ order: String(i) }));
    await Promise.all(orders.map((order) => environment(options, execute)(order, CONTEXT)));
    expect(execute).toHaveBeenCalledTimes(20);
    await nodes[0]!.close();
    const handle = environment(options, execute);
    const outcomes = await Promise.allSettled(orders.map((order) => handle(order, CONTEXT)));
    const kinds = new Set(outcomes.map(({ status }) => status));
    expect(kinds).toEqual(new Set(['fulfilled', 'rejected']));
    expect(execute).toHaveBeenCalledTimes(20);
  });

  it('fails where the node goes while the handler runs, and says so to the caller', async () => {
    const node = await startMemcached();
    onTestFinished(() => node.close());
    const execute = vi.fn<Handler>(async () => {
      await node.close();
      return { orderId: 'o-1' };
    });
    const handle = environment({ discovery: { nodes: [node.name] } }, execute);
    const failure = await failureOf(handle(EVENT, CONTEXT));
    expect(failure).toBeInstanceOf(IdempotencyPersistenceLayerError);
    expect(messagesOf(failure).join('\n')).toMatch(/not certain that the record was stored/);
  });
});

describe('a record', () => {
  async function served(options: IdempotencyClientOptions = {}) {
    const clock = new ManualClock();
    const node = await startNode({ clock });
    onTestFinished(() => node.close());
    const nodes: IdempotencyClientOptions = { discovery: { nodes: [node.name] }, ...options };
    return { clock, node, client: clientOf(nodes), nodes };
  }

  it('is forgotten once its time is over, and not before', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: 1_767_225_600_500 });
    const { clock, nodes } = await served();
    const execute = vi.fn<Handler>(async () => ({ orderId: 'o-1' }));
    const handle = environment(nodes, execute, { expiresAfterSeconds: 60 });
    const pass = (millis: number): void => {
      clock.advance(millis);
      vi.setSystemTime(Date.now() + millis);
    };
    await handle(EVENT, CONTEXT);
    pass(60_000);
    await handle(EVENT, CONTEXT);
    expect(execute).toHaveBeenCalledTimes(1);
    pass(2_500);
    await handle(EVENT, CONTEXT);
    expect(execute).toHaveBeenCalledTimes(2);
  });

  it('that has ended by its own account is replaced, although its node still has it', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: 1_767_225_600_000 });
    const { nodes, node } = await served();
    const execute = vi.fn<Handler>(async () => ({ orderId: 'o-1' }));
    const handle = environment(nodes, execute, { expiresAfterSeconds: 60 });
    await handle(EVENT, CONTEXT);
    vi.setSystemTime(Date.now() + 61_000);
    await handle(EVENT, CONTEXT);
    expect(execute).toHaveBeenCalledTimes(2);
    expect(node.items().some(({ key }) => key.endsWith(':lock'))).toBe(true);
  });

  it('is asked of its former node after the node list has changed', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const cluster = await startCluster({ nodes: 1, clock: new ManualClock() });
    onTestFinished(() => cluster.close());
    const options = { discovery: { configurationEndpoint: cluster.configEndpoint } };
    const [writer, reader] = [clientOf(options), clientOf(options)];
    const names = Array.from({ length: 30 }, (_, i) => `record-${i}`);
    const addAll = (value: string): Promise<('OK' | null)[]> =>
      Promise.all(names.map((name) => reader.set(name, value, { EX: 600, NX: true })));
    for (const name of names) await writer.set(name, 'a', { EX: 600, NX: true });
    expect(await addAll('b')).toEqual(names.map(() => null));
    const added = await cluster.addNode();
    // Past the minute after which the list is looked at again, by the first call that comes then.
    vi.setSystemTime(Date.now() + 90_000);
    await expect.poll(async () => (await addAll('c')) && added.stats.total_connections).toBeGreaterThan(0);
    expect(await addAll('d')).toEqual(names.map(() => null));
    for (const name of names) expect(await reader.get(name), name).toBe('a');
  });

  it('has a schema of its own, whatever the environment says, and no copies', async () => {
    vi.stubEnv('SMEARCACHE_SCHEMA', 'item-v2');
    vi.stubEnv('SMEARCACHE_NAMESPACE', 'shop');
    vi.stubEnv('SMEARCACHE_SMEAR_KEYS', 'k');
    vi.stubEnv('SMEARCACHE_SMEAR_PLACEMENT', 'suffix');
    onTestFinished(() => void vi.unstubAllEnvs());
    const { client, node } = await served();
    expect(await client.set('k', 'a', { EX: 60, NX: true })).toBe('OK');
    expect(node.items().map(({ key }) => key)).toEqual(['shop:idempotency:k']);
    expect(node.items()[0]!.ttlSeconds).toBe(61);
  });

  it('is of no other kind than text, and is told from what is none', async () => {
    const { client } = await served();
    expect(await client.get('k')).toBeNull();
    expect(await client.set(Buffer.from('k'), 'größer', { EX: 60 })).toBe('OK');
    expect(await client.get('k')).toBe('größer');
    expect(await client.set('k', 'b', { EX: 60, NX: true })).toBeNull();
    expect(await client.del(['k', 'l'])).toBe(1);
    await expect(client.set('k', 7, { EX: 60 })).rejects.toThrow(TypeError);
  });

  it.each([
    ['nothing', undefined],
    ['0 seconds', { EX: 0 }],
    ['text', { EX: '60' }],
    ['more than the 30 days that memcached can keep it', { EX: 2_592_001, NX: true }],
    ['an option that would be passed over', { PX: 60_000, EX: 60 }],
    ['what is neither new nor not', { EX: 60, NX: 1 }],
  ])('is refused for %s', async (_what, options) => {
    const { client, node } = await served();
    await expect(client.set('k', 'a', options)).rejects.toThrow(TypeError);
    expect(node.items()).toEqual([]);
  });

  it('may live for 30 days', async () => {
    const { client, node } = await served();
    await client.set('k', 'a', { EX: 2_592_000 });
    expect(node.items()[0]!.ttlSeconds).toBe(2_592_000);
  });

  it('is not taken for stored, read or deleted where nobody said so', async () => {
    const { client, node } = await served({ operationTimeoutMillis: 50 });
    await client.set('k', 'a', { EX: 60 });
    node.faults.set({ kind: 'drop' });
    await expect(client.get('k')).rejects.toThrow(IdempotencyStoreError);
    await expect(client.set('k', 'b', { EX: 60 })).rejects.toThrow(IdempotencyStoreError);
    await expect(client.set('k', 'b', { EX: 60, NX: true })).rejects.toThrow(IdempotencyStoreError);
    await expect(client.del(['k'])).rejects.toThrow(IdempotencyStoreError);
  });

  it('whose `add` lost its reply is not executed: it may be there, or another may have it', async () => {
    const { node, nodes } = await served();
    const execute = vi.fn<Handler>(async () => ({ orderId: 'o-1' }));
    const handle = environment(
      { ...nodes, operationTimeoutMillis: 50, connectTimeoutMillis: 2_000 },
      execute,
    );
    // The version and the look for the record are answered.
    node.faults.set({ kind: 'drop', skip: 2, times: 1 });
    const failure = await failureOf(handle(EVENT, CONTEXT));
    expect(messagesOf(failure).join('\n')).toMatch(/not certain that the record was stored/);
    expect(execute).not.toHaveBeenCalled();
    expect(node.items()).toHaveLength(1);
  });

  it('that is too large is an error', async () => {
    const node = await startNode({ itemSizeMaxBytes: 1_000 });
    onTestFinished(() => node.close());
    const client = clientOf({ discovery: { nodes: [node.name] } });
    await expect(client.set('k', 'a'.repeat(1_500), { EX: 60 })).rejects.toThrow(
      /larger than its node takes/,
    );
  });

  it('is not kept by a disabled cache, and nothing is executed', async () => {
    const execute = vi.fn<Handler>(async () => ({ orderId: 'o-1' }));
    const options: IdempotencyClientOptions = { disabled: true };
    const failure = await failureOf(environment(options, execute)(EVENT, CONTEXT));
    expect(messagesOf(failure).join('\n')).toMatch(/the cache is disabled/);
    expect(execute).not.toHaveBeenCalled();
    const client = clientOf(options);
    await expect(client.get('k')).rejects.toThrow(IdempotencyStoreError);
    await expect(client.set('k', 'a', { EX: 60 })).rejects.toThrow(IdempotencyStoreError);
    await expect(client.del(['k'])).rejects.toThrow(IdempotencyStoreError);
  });

  it('is never smeared, by no option', () => {
    const smeared = { discovery: { nodes: ['127.0.0.1:1'] }, smear: { keys: ['k'] }, schema: 'a' };
    expect(() => idempotencyClient(smeared)).toThrow(/schema is fixed for records; smear is fixed/);
  });
});
