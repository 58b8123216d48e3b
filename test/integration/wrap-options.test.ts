import * as v from 'valibot';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import type { WrapOptions } from '../../src/client/cache.ts';
import { createCache } from '../../src/create-cache.ts';
import { ManualClock, startNode, type TestNode } from '../../src/testing/index.ts';
import { startLeaseWorkers } from '../support/lease-workers.ts';
import { LeasedCache, type LeasedCacheOptions } from '../support/leased-cache.ts';
import { memcachedAvailable, startMemcachedCluster } from '../support/memcached.ts';
import { quietLogger } from '../support/quiet-logger.ts';
import { exchange } from '../support/raw-client.ts';

const TTL = { ttlSeconds: 60 };

let clock: ManualClock;
let node: TestNode;
const caches: LeasedCache[] = [];
beforeEach(async () => {
  clock = new ManualClock();
  node = await startNode({ clock });
});
afterEach(async () => {
  await Promise.all(caches.splice(0).map((cache) => cache.close()));
  await node.close();
});
function open(options: LeasedCacheOptions = {}): LeasedCache {
  const opened = new LeasedCache([node], options);
  caches.push(opened);
  return opened;
}

const undecodable = ({ events }: LeasedCache): string[] =>
  events.flatMap((event) => (event.kind === 'value-undecodable' ? [event.reason] : []));

describe.each([
  ['with leases', true],
  ['without leases', false],
])('negative results %s', (_how, leases) => {
  it.each([undefined, null])('keeps %s for its own time', async (nothing) => {
    const { cache } = open({ leases });
    const load = vi.fn(() => nothing);
    const options = { ...TTL, negativeTtlSeconds: 10 };
    expect(await cache.wrap('k', load, options)).toBe(nothing);
    expect(node.item('k')).toMatchObject({ ttlSeconds: 10 });
    expect(await cache.wrap('k', load, options)).toBe(nothing);
    expect(load).toHaveBeenCalledTimes(1);
    expect(await cache.get('k')).toBe(nothing);
    clock.advance(11_000);
    await cache.wrap('k', load, options);
    expect(load).toHaveBeenCalledTimes(2);
  });

  it('keeps a value for the time of values', async () => {
    await open({ leases }).cache.wrap('k', () => 0, { ...TTL, negativeTtlSeconds: 10 });
    expect(node.item('k')).toMatchObject({ ttlSeconds: 60 });
  });

  it('does not hold them against a schema', async () => {
    const { cache } = open({ leases });
    const load = vi.fn((): string | undefined => undefined);
    const options = { ...TTL, negativeTtlSeconds: 10, validate: z.string() };
    for (let call = 0; call < 2; call++) expect(await cache.wrap('k', load, options)).toBeUndefined();
    expect(load).toHaveBeenCalledTimes(1);
  });
});

it('serves a stale negative result while it is renewed', async () => {
  const { cache } = open();
  const options = { ...TTL, staleSeconds: 60, negativeTtlSeconds: 10 };
  await cache.wrap('k', () => undefined, options);
  expect(node.item('k')).toMatchObject({ ttlSeconds: 70 });
  clock.advance(11_000);
  expect(await cache.read('k', () => 'now there', options)).toMatchObject({
    kind: 'stale',
    value: undefined,
  });
  await expect.poll(() => node.item('k')?.value.toString()).toBe('now there');
});

const SCHEMAS = {
  zod: z.object({ price: z.number(), since: z.coerce.date() }),
  valibot: v.object({
    price: v.number(),
    since: v.pipe(
      v.union([v.string(), v.date()]),
      v.transform((at) => new Date(at)),
    ),
  }),
};
const ITEM = { price: 5, since: new Date('2026-01-02T03:04:05Z') };

describe.each(Object.entries(SCHEMAS))('validation by %s', (_library, validate) => {
  const options: WrapOptions<typeof ITEM> = { ...TTL, validate };

  it.each([true, false])('gives a cached value as the schema makes it (leases: %s)', async (leases) => {
    const { cache } = open({ leases });
    await cache.set('k', ITEM, TTL);
    const unused = vi.fn(() => ITEM);
    expect(await cache.wrap('k', unused, options)).toEqual(ITEM);
    expect(unused).not.toHaveBeenCalled();
  });

  it.each([true, false])(
    'takes a value that does not validate for a miss, and replaces it (leases: %s)',
    async (leases) => {
      const opened = open({ leases });
      await opened.cache.set('k', { cost: 5 }, TTL);
      const load = vi.fn(() => ITEM);
      expect(await opened.cache.read('k', load, options)).toMatchObject({ kind: 'miss', value: ITEM });
      expect(await opened.cache.read('k', load, options)).toMatchObject({ kind: 'hit', value: ITEM });
      expect(load).toHaveBeenCalledTimes(1);
      expect(undecodable(opened)).toEqual(['it does not validate at price, since']);
    },
  );

  it('does not serve a stale value of another shape', async () => {
    const { cache } = open();
    await cache.set('k', { cost: 5 }, { ttlSeconds: 30 });
    expect(await cache.read('k', () => ITEM, { ...options, staleSeconds: 60 })).toMatchObject({
      kind: 'miss',
      value: ITEM,
    });
  });

  it('holds each key of wrapMany against it', async () => {
    const { cache } = open();
    await cache.set('good', ITEM, TTL);
    await cache.set('bad', 'shape', TTL);
    const load = vi.fn((keys: string[]) => keys.map((key) => [key, ITEM] as const));
    expect(await cache.wrapMany(['good', 'bad'], load, options)).toEqual(
      new Map([
        ['good', ITEM],
        ['bad', ITEM],
      ]),
    );
    expect(load.mock.calls).toEqual([[['bad']]]);
  });
});

it('passes over a copy that does not validate for the base', async () => {
  const nodes = [node, await startNode({ clock })];
  const opened = new LeasedCache(nodes, { rules: [{ key: 'k', copies: 2 }] });
  caches.push(opened);
  opened.chance = 0.99;
  const [base, copy] = await opened.successors('k', 2);
  const at = (name: string | undefined) => nodes.find((one) => one.name === name)!;
  await opened.cache.set('k', 5, TTL);
  await exchange(at(copy), ['set k~sc 0 60 5\r\nshape\r\n']);
  const result = await opened.cache.read('k', () => 6, { ...TTL, validate: z.number() });
  expect(result).toMatchObject({ kind: 'hit', value: 5, node: base });
  await at(nodes.find((one) => one !== node)!.name).close();
});

it('counts a schema that throws as one that does not validate', async () => {
  const opened = open();
  await opened.cache.set('k', 5, TTL);
  const validate = z.number().transform(() => {
    throw new Error('of its own');
  });
  expect(await opened.cache.wrap('k', () => 6 as never, { ...TTL, validate })).toBe(6);
  expect(undecodable(opened)).toEqual(['it could not be validated: of its own']);
});

it.each([
  ['negativeTtlSeconds', { negativeTtlSeconds: 0 }],
  ['negativeTtlSeconds', { negativeTtlSeconds: Number.NaN }],
  ['negativeTtlSeconds', { negativeTtlSeconds: '5' }],
  ['staleSeconds', { staleSeconds: -1 }],
  ['validate', { validate: {} }],
  ['validate', { validate: () => true }],
  ['ttlSeconds', { ttlSeconds: Number.POSITIVE_INFINITY }],
])('refuses a wrong %s, whether or not the cache is on (%j)', async (name, wrong) => {
  const options = { ...TTL, ...wrong } as unknown as typeof TTL;
  for (const cache of [open().cache, createCache({ disabled: true })]) {
    await expect(cache.wrap('k', () => 5, options)).rejects.toThrow(name);
    await expect(cache.read('k', () => 5, options)).rejects.toThrow(name);
    await expect(cache.wrapMany(['k'], () => [], options)).rejects.toThrow(name);
    await expect(cache.read('k', undefined as never, TTL)).rejects.toThrow('read needs a loader');
    await expect(cache.setMany('ab' as never, TTL)).rejects.toThrow('a list of pairs');
  }
});

describe('a lock, where there are no leases', () => {
  it('holds other processes up until the value is there', async () => {
    const held = Promise.withResolvers<string>();
    const first = open({ leases: false }).cache.wrap('k', () => held.promise, TTL);
    await expect.poll(() => node.item('k~sl')).toBeDefined();
    const unused = vi.fn(() => 'unused');
    const second = open({ leases: false }).cache.read('k', unused, TTL);
    const gets = node.stats.cmd_get;
    await expect.poll(() => node.stats.cmd_get).toBeGreaterThan(gets + 2);
    held.resolve('loaded');
    expect(await first).toBe('loaded');
    expect(await second).toMatchObject({ kind: 'hit', value: 'loaded' });
    expect(unused).not.toHaveBeenCalled();
    expect(node.items().map(({ key }) => key)).toEqual(['k']);
  });

  it('is taken over where its holder fails', async () => {
    const held = Promise.withResolvers<string>();
    const first = open({ leases: false }).cache.wrap('k', () => held.promise, TTL);
    await expect.poll(() => node.item('k~sl')).toBeDefined();
    const second = open({ leases: false }).cache.wrap('k', () => 'second', TTL);
    held.reject(new Error('origin'));
    await expect(first).rejects.toThrow('origin');
    expect(await second).toBe('second');
    expect(node.item('k~sl')).toBeUndefined();
  });

  it('holds nobody up for longer than a load may take', async () => {
    await exchange(node, ['set k~sl 0 60 1\r\n1\r\n']);
    const { cache } = open({ leases: false, loadTimeoutMillis: 50 });
    expect(await cache.wrap('k', () => 'alone', TTL)).toBe('alone');
    // What it loaded without the lock it does not store.
    expect(node.item('k')).toBeUndefined();
  });

  it('ends with the invocation, and so does a wait for it', async () => {
    const opened = open({ leases: false });
    const [holder, waiter] = [opened.invocation(5_000), open({ leases: false }).invocation(5_000)];
    void holder.wrap('k', () => new Promise(() => {}), TTL);
    await expect.poll(() => node.item('k~sl')).toBeDefined();
    const settled = vi.fn();
    void waiter.wrap('k', () => 'never', TTL).then(settled, settled);
    const gets = node.stats.cmd_get;
    await expect.poll(() => node.stats.cmd_get).toBeGreaterThan(gets + 1);
    await waiter.settle(performance.now() + 1_000);
    await holder.settle(performance.now() + 1_000);
    expect(node.item('k~sl')).toBeUndefined();
    expect(settled).not.toHaveBeenCalled();
  });
});

it.skipIf(!memcachedAvailable)('loads once for several processes over memjs (needs memcached)', async () => {
  await using nodes = await startMemcachedCluster(2);
  await using started = await startLeaseWorkers(4, {
    discovery: { nodes: nodes.names },
    transport: 'memjs',
    operationTimeoutMillis: 2_000,
    connectTimeoutMillis: 2_000,
  });
  for (const worker of started.workers)
    worker.tell({ kind: 'wrap', key: 'hot', callers: 10, value: 'v', loadMillis: 200 });
  const done = await Promise.all(started.workers.map((worker) => worker.hears('done')));
  expect(done.map(({ loads }) => loads).reduce((sum, loads) => sum + loads)).toBe(1);
});

it('does not go on waiting for another’s load once the invocation is over', async () => {
  const held = Promise.withResolvers<string>();
  const holder = open().cache.wrap('k', () => held.promise, TTL);
  await expect.poll(() => node.item('k')?.leased).toBe(true);
  const opened = open();
  const waiter = opened.invocation(5_000);
  const settled = vi.fn();
  const load = vi.fn(() => 'alone');
  void waiter.wrap('k', load, TTL).then(settled, settled);
  const gets = node.stats.cmd_get;
  await expect.poll(() => node.stats.cmd_get).toBeGreaterThan(gets + 1);
  // Another request of the same environment, that joined the wait of the first.
  const joined = opened.invocation(5_000).wrap('k', load, TTL);
  await waiter.settle(performance.now() + 1_000);
  held.resolve('loaded');
  await holder;
  expect(await joined).toBe('loaded');
  expect(settled).not.toHaveBeenCalled();
  expect(load).not.toHaveBeenCalled();
});

it('loads each key by itself where there are no nodes to ask', async () => {
  const cache = createCache({ discovery: { configurationEndpoint: '127.0.0.1:1' }, logger: quietLogger });
  const load = (key: string) => () => Promise.resolve(`value of ${key}`);
  const keys = ['a', 'b', 'a'];
  const values = await Promise.all(keys.map((key) => cache.wrap(key, load(key), TTL)));
  expect(values).toEqual(['value of a', 'value of b', 'value of a']);
  const many = await cache.wrapMany(keys, (asked) => asked.map((key) => [key, key] as const), TTL);
  expect([...many]).toEqual([
    ['a', 'a'],
    ['b', 'b'],
  ]);
  await cache.close();
});
