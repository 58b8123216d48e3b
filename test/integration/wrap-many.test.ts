import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { BatchLoader } from '../../src/client/cache.ts';
import { createCache } from '../../src/create-cache.ts';
import {
  ManualClock,
  startCluster,
  startNode,
  type TestCluster,
  type TestNode,
} from '../../src/testing/index.ts';
import { LeasedCache, type LeasedCacheOptions } from '../support/leased-cache.ts';
import { quietLogger } from '../support/quiet-logger.ts';

const TTL = { ttlSeconds: 60 };
const STALE = { ttlSeconds: 60, staleSeconds: 600 };

/** Gives each key its own value, and counts. */
const echo = () => vi.fn((keys: string[]) => new Map(keys.map((key) => [key, `value of ${key}`])));

describe('wrapMany over an in-process node', () => {
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

  it('loads what is missing in one call, and keeps it', async () => {
    const { cache } = open();
    await cache.set('b', 'kept', TTL);
    const load = echo();
    const values = await cache.wrapMany(['a', 'b', 'c', 'a'], load, TTL);
    expect([...values]).toEqual([
      ['a', 'value of a'],
      ['b', 'kept'],
      ['c', 'value of c'],
    ]);
    expect(load.mock.calls).toEqual([[['a', 'c']]]);
    expect(node.item('c')).toMatchObject({ value: Buffer.from('value of c'), leased: false, ttlSeconds: 60 });
    expect(await cache.wrapMany(['a', 'b', 'c'], load, TTL)).toEqual(values);
    expect(load).toHaveBeenCalledTimes(1);
  });

  it('asks the loader for nothing where there is nothing to load', async () => {
    const load = echo();
    expect(await open().cache.wrapMany([], load, TTL)).toEqual(new Map());
    expect(load).not.toHaveBeenCalled();
  });

  it('leaves out what the loader does not give, and gives its leases back', async () => {
    const { cache } = open();
    const values = await cache.wrapMany(
      ['a', 'b', 'c'],
      () => [
        ['b', 'only'],
        ['c', undefined],
      ],
      TTL,
    );
    expect(values).toEqual(new Map([['b', 'only']]));
    expect(node.items().map(({ key }) => key)).toEqual(['b']);
  });

  it('keeps what is known not to be, for as long as it is told to', async () => {
    const { cache } = open();
    const load = vi.fn(() => [['b', 'only']] as const);
    const options = { ...TTL, negativeTtlSeconds: 10 };
    for (let call = 0; call < 2; call++)
      expect(await cache.wrapMany(['a', 'b'], load, options)).toEqual(new Map([['b', 'only']]));
    expect(load).toHaveBeenCalledTimes(1);
    expect(node.item('a')).toMatchObject({ ttlSeconds: 10 });
    clock.advance(11_000);
    await cache.wrapMany(['a', 'b'], load, options);
    expect(load.mock.calls.slice(1)).toEqual([[['a']]]);
  });

  it('loads what it won before it waits for what another holds', async () => {
    const held = Promise.withResolvers<string>();
    const others = open().cache.wrap('held', () => held.promise, TTL);
    await expect.poll(() => node.item('held')?.leased).toBe(true);
    const mine = Promise.withResolvers<void>();
    const load = vi.fn(async (keys: string[]) => {
      mine.resolve();
      return new Map(keys.map((key) => [key, 'mine']));
    });
    const many = open().cache.wrapMany(['held', 'free'], load, TTL);
    await mine.promise;
    await expect.poll(() => node.item('free')?.value.toString()).toBe('mine');
    held.resolve('theirs');
    expect([...(await many)]).toEqual([
      ['held', 'theirs'],
      ['free', 'mine'],
    ]);
    expect(await others).toBe('theirs');
    expect(load.mock.calls).toEqual([[['free']]]);
  });

  it('takes over, in one call, what another gave back', async () => {
    const held = Promise.withResolvers<Map<string, string>>();
    const failing = open().cache.wrapMany(['a', 'b'], () => held.promise, TTL);
    await expect.poll(() => node.items().filter(({ leased }) => leased).length).toBe(2);
    const load = echo();
    const many = open().cache.wrapMany(['a', 'b'], load, TTL);
    held.reject(new Error('origin'));
    await expect(failing).rejects.toThrow('origin');
    expect(await many).toEqual(
      new Map([
        ['a', 'value of a'],
        ['b', 'value of b'],
      ]),
    );
    expect(load.mock.calls.flat(2).sort()).toEqual(['a', 'b']);
  });

  it('shares the loads of its own process, with `wrap` too', async () => {
    const { cache } = open();
    const held = Promise.withResolvers<void>();
    const load = vi.fn(async (keys: string[]) => {
      await held.promise;
      return new Map(keys.map((key) => [key, 'loaded']));
    });
    const many = [cache.wrapMany(['a', 'b'], load, TTL), cache.wrapMany(['b', 'c'], load, TTL)];
    await expect.poll(() => load.mock.calls.length).toBe(2);
    const unused = vi.fn(() => 'unused');
    const one = cache.wrap('a', unused, TTL);
    held.resolve();
    expect(await one).toBe('loaded');
    await Promise.all(many);
    expect(unused).not.toHaveBeenCalled();
    expect(load.mock.calls).toEqual([[['a', 'b']], [['c']]]);
  });

  it('serves what is stale, and renews all of it in one call beside the handler', async () => {
    const opened = open();
    await opened.cache.wrapMany(['a', 'b'], echo(), STALE);
    clock.advance(61_000);
    const load = vi.fn((keys: string[]) => new Map(keys.map((key) => [key, 'new'])));
    const invocation = opened.invocation(5_000);
    expect([...(await invocation.wrapMany(['a', 'b'], load, STALE)).values()]).toEqual([
      'value of a',
      'value of b',
    ]);
    await invocation.settle(performance.now() + 5_000);
    expect(load.mock.calls).toEqual([[['a', 'b']]]);
    expect(node.item('b')?.value.toString()).toBe('new');
  });

  it.each<[string, BatchLoader<string>]>([
    [
      'throws',
      () => {
        throw new Error('origin');
      },
    ],
    ['rejects', () => Promise.reject(new Error('origin'))],
  ])('hands on what its loader %s, and gives all leases back', async (_how, load) => {
    const { cache } = open();
    await cache.set('kept', 'value', TTL);
    await expect(cache.wrapMany(['a', 'kept', 'b'], load, TTL)).rejects.toThrow('origin');
    await expect.poll(() => node.items().map(({ key }) => key)).toEqual(['kept']);
  });

  it('ends a loader that never settles, and gives its leases back', async () => {
    const { cache } = open({ loadTimeoutMillis: 20 });
    await expect(cache.wrapMany(['a', 'b'], () => new Promise(() => {}), TTL)).rejects.toMatchObject({
      code: 'LOAD_TIMEOUT',
    });
    await expect.poll(() => node.items()).toEqual([]);
  });

  it.each([
    ['no list of keys', ['key' as unknown as string[], echo(), TTL]],
    ['a key that is no string', [[5 as unknown as string], echo(), TTL]],
    ['no loader', [['a'], undefined as unknown as BatchLoader<string>, TTL]],
    ['no time to live', [['a'], echo(), {} as typeof TTL]],
    ['a loader that gives no entries', [['a'], (() => 5) as unknown as BatchLoader<string>, TTL]],
    ['a loader that gives nothing', [['a'], (() => undefined) as unknown as BatchLoader<string>, TTL]],
  ] as [string, [string[], BatchLoader<string>, typeof TTL]][])('refuses %s', async (_what, args) => {
    await expect(open().cache.wrapMany(...args)).rejects.toThrow(TypeError);
    const disabled = createCache({ disabled: true });
    await expect(disabled.wrapMany(...args)).rejects.toThrow(TypeError);
  });

  it('loads all in one call where the cache is switched off', async () => {
    const load = echo();
    const values = await createCache({ disabled: true }).wrapMany(['a', 'b'], load, TTL);
    expect([...values.keys()]).toEqual(['a', 'b']);
    expect(load.mock.calls).toEqual([[['a', 'b']]]);
  });
});

describe('wrapMany over several nodes', () => {
  const KEYS = Array.from({ length: 40 }, (_, i) => `key ${i}`);
  let cluster: TestCluster;
  beforeEach(async () => {
    cluster = await startCluster({ nodes: 4 });
  });
  afterEach(() => cluster.close());

  it.each([
    ['meta', {}],
    ['memjs', { transport: 'memjs' }],
    ['meta without leases', { leases: false }],
    ['meta with smeared keys', { smear: { keys: [{ prefix: 'key 1', copies: 3 }] } }],
    ['meta with variants', { smear: { keys: ['key 1'], placement: 'suffix' } }],
  ] as const)('loads in one call, however the nodes are spoken to (%s)', async (_how, options) => {
    await using cache = closing(
      createCache({ discovery: { nodes: cluster.names }, logger: quietLogger, ...options }),
    );
    const load = echo();
    const first = await cache.it.wrapMany(KEYS, load, TTL);
    expect([...first.keys()]).toEqual(KEYS);
    expect(load.mock.calls).toEqual([[KEYS]]);
    const variants = 'smear' in options && 'placement' in options.smear;
    if (!variants) expect(await cache.it.wrapMany(KEYS, load, TTL)).toEqual(first);
    if (!variants) expect(load).toHaveBeenCalledTimes(1);
  });

  it('loads the keys of a node that does not answer, and stores nothing of them', async () => {
    await using cache = closing(createCache({ discovery: { nodes: cluster.names }, logger: quietLogger }));
    await cache.it.wrapMany(KEYS, echo(), TTL);
    cluster.nodes[0]!.faults.set({ kind: 'hang' });
    const load = echo();
    expect((await cache.it.wrapMany(KEYS, load, TTL)).size).toBe(KEYS.length);
    expect(load).toHaveBeenCalledTimes(1);
    expect(load.mock.calls[0]![0].length).toBeLessThan(KEYS.length);
  });
});

function closing<T extends { close(): Promise<void> }>(it: T): { it: T } & AsyncDisposable {
  return { it, [Symbol.asyncDispose]: () => it.close() };
}
