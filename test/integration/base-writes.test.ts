import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import type { Cache } from '../../src/client/cache.ts';
import type { CacheOptions } from '../../src/client/options.ts';
import { createCache } from '../../src/create-cache.ts';
import { ManualClock, startCluster, startNode } from '../../src/testing/index.ts';
import { startFaultyPeer } from '../support/faulty-peer.ts';
import { LeasedCache, type LeasedCacheOptions } from '../support/leased-cache.ts';
import { memcachedAvailable, startMemcached } from '../support/memcached.ts';
import { exchange } from '../support/raw-client.ts';

const TTL = { ttlSeconds: 60 };
const plusOne = (current = 0): number => current + 1;

describe.each([
  ['memcached', 'meta', memcachedAvailable, startMemcached],
  ['memcached', 'memjs', memcachedAvailable, startMemcached],
  ['an in-process node', 'meta', true, startNode],
  ['an in-process node', 'memjs', true, startNode],
] as const)('on %s by %s', (_engine, transport, available, start) => {
  const test = it.skipIf(!available);
  async function served() {
    const node = await start();
    onTestFinished(() => node.close());
    const open = (options: CacheOptions = {}): Cache => {
      const cache = createCache({ discovery: { nodes: [node.name] }, transport, ...options });
      onTestFinished(() => cache.close());
      return cache;
    };
    const say = (text: string): Promise<string> => exchange(node, [text]);
    return { node, open, say, cache: open() };
  }

  test('`add` stores only where there is nothing, `replace` only where there is something', async () => {
    const { cache } = await served();
    expect(await cache.replace('k', 'one', TTL)).toEqual({ kind: 'refused' });
    expect(await cache.add('k', { n: 1 }, TTL)).toEqual({ kind: 'stored' });
    expect(await cache.add('k', { n: 2 }, TTL)).toEqual({ kind: 'refused' });
    expect(await cache.get('k')).toEqual({ n: 1 });
    expect(await cache.replace('k', { n: 3 }, TTL)).toEqual({ kind: 'stored' });
    expect(await cache.get('k')).toEqual({ n: 3 });
  });

  test('each gives its item the time to live that it was told', async () => {
    const { cache, say } = await served();
    const timeOf = async (key: string) => Number(/^HD t(\d+)/.exec(await say(`mg ${key} t\r\n`))?.[1]);
    await cache.add('k', 1, { ttlSeconds: 100 });
    expect(await timeOf('k')).toBeGreaterThan(97);
    await cache.replace('k', 2, { ttlSeconds: 200 });
    expect(await timeOf('k')).toBeGreaterThan(197);
    await cache.touch('k', { ttlSeconds: 300 });
    expect(await timeOf('k')).toBeGreaterThan(297);
    await cache.update<number>('k', plusOne, { ttlSeconds: 400 });
    expect(await timeOf('k')).toBeGreaterThan(397);
    await cache.increment('k', { initial: 5, ttlSeconds: 500 });
    expect(await timeOf('k')).toBeLessThan(401);
    await cache.decrement('n', { initial: 5, ttlSeconds: 500 });
    expect(await timeOf('n')).toBeGreaterThan(497);
    expect(await cache.touch('absent', TTL)).toEqual({ kind: 'not-found' });
  });

  test('a count begins at `initial`, and comes back as a number', async () => {
    const { cache, say } = await served();
    const begin = { initial: 10, ttlSeconds: 60 };
    expect(await cache.increment('n')).toEqual({ kind: 'not-found' });
    expect(await cache.increment('n', begin)).toEqual({ kind: 'counted', value: 10 });
    expect(await cache.decrement('n', begin)).toEqual({ kind: 'counted', value: 9 });
    // memcached keeps the width of what was there.
    expect(await say('get n\r\n')).toContain('\r\n9 \r\n');
    expect(await cache.get('n')).toBe(9);
    expect(await cache.decrement('n', { by: 20 })).toEqual({ kind: 'counted', value: 0 });
    expect(await cache.increment('n', { by: 0 })).toEqual({ kind: 'counted', value: 0 });
    await cache.set('n', 41, TTL);
    expect(await cache.increment('n')).toEqual({ kind: 'counted', value: 42 });
    expect(await cache.get('n')).toBe(42);
  });

  test('a count beyond 2^53 - 1 is refused, never another number', async () => {
    const { cache } = await served();
    const most = Number.MAX_SAFE_INTEGER;
    const begin = { initial: most, ttlSeconds: 60 };
    expect(await cache.increment('n', begin)).toEqual({ kind: 'counted', value: most });
    expect(await cache.increment('n', begin)).toEqual({ kind: 'refused' });
    expect(await cache.increment('n', { by: most })).toEqual({ kind: 'refused' });
    expect(await cache.decrement('n', { by: most })).toEqual({ kind: 'refused' });
    expect(await cache.decrement('n')).toEqual({ kind: 'counted', value: most });
  });

  test.each([['text'], ['5.5'], [''], [{ n: 1 }], [-1], [1.5], [true]])(
    '%j is no number to count',
    async (value) => {
      const { cache } = await served();
      await cache.set('k', value, TTL);
      expect(await cache.increment('k')).toEqual({ kind: 'refused' });
      expect(await cache.decrement('k', { initial: 1, ttlSeconds: 60 })).toEqual({ kind: 'refused' });
      expect(await cache.get('k')).toEqual(value);
    },
  );

  test('callers that begin a count at once make one of them', async () => {
    const { open } = await served();
    const caches = [open(), open(), open()];
    const begin = { initial: 1, ttlSeconds: 60 };
    const outcomes = await Promise.all(
      Array.from({ length: 60 }, (_, i) => caches[i % 3]!.increment('n', begin)),
    );
    const values = outcomes.map((outcome) => (outcome.kind === 'counted' ? outcome.value : outcome.kind));
    expect(values.toSorted((a, b) => Number(a) - Number(b))).toEqual(
      Array.from({ length: 60 }, (_, i) => i + 1),
    );
  });

  test('`update` gives the current value, stores the new one, and leaves the item where it gives none', async () => {
    const { cache } = await served();
    const add = (item: string) => (list: string[] | undefined) => [...(list ?? []), item];
    expect(await cache.update('list', add('a'), TTL)).toEqual({ kind: 'stored', value: ['a'] });
    const later = async (list: string[] | undefined) => add('b')(list);
    expect(await cache.update('list', later, TTL)).toEqual({ kind: 'stored', value: ['a', 'b'] });
    expect(await cache.update('list', () => undefined, TTL)).toEqual({
      kind: 'unchanged',
      value: ['a', 'b'],
    });
    expect(await cache.get('list')).toEqual(['a', 'b']);
  });

  test('what the change throws, or gives that cannot be stored, reaches the caller and nothing is stored', async () => {
    const { cache } = await served();
    await cache.set('k', 'v', TTL);
    const broken = () => {
      throw new RangeError('mine');
    };
    await expect(cache.update('k', broken, TTL)).rejects.toThrow(new RangeError('mine'));
    await expect(cache.update('k', async () => broken(), TTL)).rejects.toThrow(RangeError);
    await expect(cache.update<unknown>('k', () => new Map(), TTL)).rejects.toThrow(TypeError);
    expect(await cache.get('k')).toBe('v');
  });

  test('an item that cannot be read counts as absent, and is replaced only while it is that item', async () => {
    const { open, say } = await served();
    const warn = vi.fn();
    const cache = open({ logger: { debug: () => {}, info: () => {}, warn } });
    await say('set k 1 0 5\r\nphp;{\r\n');
    const change = vi.fn(async () => {
      if (change.mock.calls.length === 1) await say('set k 2 0 5\r\nphp;}\r\n');
      return 'ours';
    });
    expect(await cache.update<string>('k', change, TTL)).toEqual({ kind: 'stored', value: 'ours' });
    expect(change.mock.calls).toEqual([[undefined], [undefined]]);
    // The log names a key once.
    expect(warn).toHaveBeenCalledTimes(1);
    expect(await cache.get('k')).toBe('ours');
  });

  test('a change that others overtake starts over, as often as it may, and then stores nothing', async () => {
    const { cache, open } = await served();
    const other = open();
    await cache.set('n', 0, TTL);
    let overtaken = 0;
    const slow = vi.fn(async (n = 0) => {
      if (overtaken-- > 0) await other.increment('n', { by: 100 });
      return n + 1;
    });
    overtaken = 4;
    expect(await cache.update('n', slow, TTL)).toEqual({ kind: 'stored', value: 401 });
    expect(slow).toHaveBeenCalledTimes(5);
    overtaken = 5;
    expect(await cache.update('n', slow, TTL)).toEqual({ kind: 'refused' });
    overtaken = 1;
    expect(await cache.update('n', slow, { ...TTL, tries: 1 })).toEqual({ kind: 'refused' });
    expect(await other.get('n')).toBe(1_001);
  });

  test('an item that is deleted or stored under a change is seen by the next try', async () => {
    const { cache, open } = await served();
    const other = open();
    await cache.set('k', 'old', TTL);
    const seen: unknown[] = [];
    const meddlers = [() => other.delete('k'), () => other.add('k', 'new', TTL)];
    const outcome = await cache.update<string>(
      'k',
      async (current) => {
        seen.push(current);
        await meddlers.shift()?.();
        return `${current}!`;
      },
      TTL,
    );
    expect(seen).toEqual(['old', undefined, 'new']);
    expect(outcome).toEqual({ kind: 'stored', value: 'new!' });
  });

  test('a change that does not settle in time is given up, and nothing is stored', async () => {
    const { open } = await served();
    const cache = open({ loadTimeoutMillis: 20 });
    await cache.set('k', 'v', TTL);
    await expect(cache.update('k', () => new Promise<string>(() => {}), TTL)).rejects.toThrow(
      expect.objectContaining({ code: 'LOAD_TIMEOUT' }),
    );
    expect(await cache.get('k')).toBe('v');
  });

  test('20 callers in four processes update one object 10 times each, and no update is lost', async () => {
    const { open } = await served();
    const caches = [open(), open(), open(), open()];
    const change = (tally: Record<string, number> | undefined, name: string) => ({
      ...tally,
      total: (tally?.total ?? 0) + 1,
      [name]: (tally?.[name] ?? 0) + 1,
    });
    const callers = Array.from({ length: 20 }, async (_, caller) => {
      const name = `caller ${caller}`;
      const cache = caches[caller % caches.length]!;
      for (let round = 0; round < 10; round++) {
        const outcome = await cache.update<Record<string, number>>('tally', (tally) => change(tally, name), {
          ...TTL,
          tries: 10_000,
        });
        expect(outcome).toMatchObject({ kind: 'stored', value: { [name]: round + 1 } });
      }
    });
    await Promise.all(callers);
    const expected = Object.fromEntries(Array.from({ length: 20 }, (_, caller) => [`caller ${caller}`, 10]));
    expect(await caches[0]!.get('tally')).toEqual({ ...expected, total: 200 });
  });

  test('writes whose replies are lost are unavailable, and happen once', async () => {
    const { node, cache: direct } = await served();
    const between = await startFaultyPeer({ host: node.host, port: node.port });
    onTestFinished(() => between.close());
    const nodes = [between.name];
    const cache = createCache({ discovery: { nodes }, transport, operationTimeoutMillis: 2_000 });
    onTestFinished(() => cache.close());
    const loseReplies = () => between.set({ replyBytes: 0, afterReply: 'fin' });
    const connected = async (): Promise<void> => {
      between.set({});
      await expect.poll(() => cache.read('warm')).toMatchObject({ kind: 'miss' });
    };
    await direct.set('n', 5, TTL);
    await direct.set('u', 5, TTL);
    await connected();
    loseReplies();
    expect(await cache.increment('n')).toMatchObject({ kind: 'unavailable' });
    expect(await direct.get('n')).toBe(6);
    await connected();
    const loseThenAdd = (n: number | undefined): number => {
      loseReplies();
      return plusOne(n);
    };
    const updated = await cache.update<number>('u', loseThenAdd, TTL);
    expect(updated).toMatchObject({ kind: 'unavailable' });
    expect(await direct.get('u')).toBe(6);
    await connected();
    loseReplies();
    expect(await cache.add('a', 'v', TTL)).toMatchObject({ kind: 'unavailable' });
    expect(await direct.get('a')).toBe('v');
    await connected();
    expect(await cache.increment('n')).toEqual({ kind: 'counted', value: 7 });
  });

  test('an update whose connection closes under its change reads again, and is applied once', async () => {
    const { node, cache: direct } = await served();
    const between = await startFaultyPeer({ host: node.host, port: node.port });
    onTestFinished(() => between.close());
    const nodes = [between.name];
    const cache = createCache({ discovery: { nodes }, transport, operationTimeoutMillis: 2_000 });
    onTestFinished(() => cache.close());
    await direct.set('n', 1, TTL);
    const change = vi.fn(async (n = 0) => {
      if (change.mock.calls.length === 1) {
        between.drop('rst');
        // A read that is answered has found the connection gone, and made another.
        await expect.poll(() => cache.get('n')).toBe(1);
        expect(between.sockets.length).toBeGreaterThan(1);
      }
      return n + 1;
    });
    expect(await cache.update<number>('n', change, TTL)).toEqual({ kind: 'stored', value: 2 });
    expect(change.mock.calls).toEqual([[1], [1]]);
    expect(await direct.get('n')).toBe(2);
  });

  test('an aborted update ends at once, and stores nothing any more', async () => {
    const { cache, open } = await served();
    await cache.set('k', 'old', TTL);
    const abort = new AbortController();
    const gate = Promise.withResolvers<string>();
    const started = Promise.withResolvers<void>();
    const updating = cache.update<string>(
      'k',
      () => {
        started.resolve();
        return gate.promise;
      },
      { ...TTL, signal: abort.signal },
    );
    await started.promise;
    abort.abort();
    expect(await updating).toMatchObject({ kind: 'unavailable', error: { code: 'ABORTED' } });
    gate.resolve('new');
    // `close` waits for all that is under way.
    await cache.close();
    expect(await open().get('k')).toBe('old');
  });
});

describe.skipIf(!memcachedAvailable)('on a node without compare-and-swap (needs memcached)', () => {
  it.each(['meta', 'memjs'] as const)('by %s nothing is swapped blindly', async (transport) => {
    await using node = await startMemcached({ args: ['-C'] });
    const cache = createCache({ discovery: { nodes: [node.name] }, transport });
    onTestFinished(() => cache.close());
    await cache.set('n', 1, TTL);
    expect(await cache.update<number>('n', plusOne, TTL)).toMatchObject({
      kind: 'unavailable',
      error: { message: expect.stringContaining('without compare-and-swap') },
    });
    expect(await cache.get('n')).toBe(1);
    expect(await cache.increment('n')).toEqual({ kind: 'counted', value: 2 });
    expect(await cache.touch('n', TTL)).toEqual({ kind: 'touched' });
    expect(await cache.replace('n', 5, TTL)).toEqual({ kind: 'stored' });
    expect(await cache.add('n', 6, TTL)).toEqual({ kind: 'refused' });
  });
});

describe('on memcached 1.6.12, whose misses come without a token', () => {
  it('each write tells its own miss', async () => {
    const node = await startNode({ version: '1.6.12' });
    const cache = createCache({ discovery: { nodes: [node.name] } });
    onTestFinished(async () => {
      await cache.close();
      await node.close();
    });
    await cache.set('present', 1, TTL);
    const outcomes = await Promise.all([
      cache.touch('absent', TTL),
      cache.update('absent', () => undefined, TTL),
      cache.increment('absent'),
      cache.replace('absent', 1, TTL),
      cache.touch('present', TTL),
      cache.increment('present'),
    ]);
    expect(outcomes.map(({ kind }) => kind)).toEqual([
      'not-found',
      'unchanged',
      'not-found',
      'refused',
      'touched',
      'counted',
    ]);
  });
});

describe('a caller that gives up while an update reads', () => {
  it('is asked for no change any more', async () => {
    const node = await startNode();
    const held = new LeasedCache([node]);
    onTestFinished(async () => {
      await held.close();
      await node.close();
    });
    const { reached, thaw } = held.hold('getWithCas');
    const abort = new AbortController();
    const change = vi.fn(plusOne);
    const updating = held.cache.update<number>('n', change, { ...TTL, signal: abort.signal });
    await reached;
    abort.abort();
    thaw();
    expect(await updating).toMatchObject({ kind: 'unavailable', error: { code: 'ABORTED' } });
    await held.close();
    expect(change).not.toHaveBeenCalled();
    expect(node.item('n')).toBeUndefined();
  });
});

describe('a process that is frozen', () => {
  async function opened(options: LeasedCacheOptions = {}) {
    const node = await startNode();
    const cache = new LeasedCache([node], options);
    onTestFinished(async () => {
      await cache.close();
      await node.close();
    });
    return { node, held: cache, say: (text: string) => exchange(node, [text]) };
  }

  it('between reading and swapping stores nothing over what was stored meanwhile', async () => {
    const { held, say } = await opened();
    await held.cache.set('n', 1, TTL);
    const { reached, thaw } = held.hold('fill');
    const change = vi.fn(plusOne);
    const updating = held.cache.update<number>('n', change, TTL);
    await reached;
    await say('ms n 2 T60 F1543504384\r\n40\r\n');
    thaw();
    expect(await updating).toEqual({ kind: 'stored', value: 41 });
    expect(change.mock.calls).toEqual([[1], [40]]);
  });

  it('between reading and swapping does not bring back what was deleted meanwhile', async () => {
    const { held, say } = await opened();
    await held.cache.set('n', 7, TTL);
    const { reached, thaw } = held.hold('fill');
    const updating = held.cache.update<number>('n', (n) => (n === undefined ? undefined : n + 1), TTL);
    await reached;
    await say('md n\r\n');
    thaw();
    expect(await updating).toEqual({ kind: 'unchanged', value: undefined });
    expect(await held.cache.get('n')).toBeUndefined();
  });

  it('has its time end while it is frozen: what was not sent is not sent at thaw', async () => {
    let frozenMillis = 0;
    const clock = {
      monotonic: () => systemClock.monotonic() + frozenMillis,
      wall: () => systemClock.wall() + frozenMillis,
    };
    const { held, node } = await opened({ clock });
    await held.cache.set('n', 1, TTL);
    const invocation = held.invocation(5_000);
    const change = (n = 0) => {
      frozenMillis += 10 * 60_000;
      return n + 1;
    };
    expect(await invocation.update<number>('n', change, TTL)).toMatchObject({
      kind: 'unavailable',
      error: { code: 'DEADLINE' },
    });
    expect(node.item('n')?.value.toString()).toBe('1');
  });

  it('is settled by its invocation: an update that nobody awaited is stored by then', async () => {
    const { held, node } = await opened();
    const invocation = held.invocation(5_000);
    void invocation.update<number>('n', plusOne, TTL);
    void invocation.increment('m', { initial: 3, ttlSeconds: 60 });
    await invocation.settle(systemClock.monotonic() + 4_000);
    expect(node.item('n')?.value.toString()).toBe('1');
    expect(node.item('m')?.value.toString()).toBe('3');
  });
});

describe('a smeared key', () => {
  it('is written at its base alone; this process reads what it wrote, others a copy until its time is over', async () => {
    const clock = new ManualClock();
    const cluster = await startCluster({ nodes: 4, clock });
    const rules = [{ key: 'hot', copies: 4 }];
    const open = () => {
      const opened = new LeasedCache(cluster.nodes, { rules });
      opened.chance = 1 - 2 ** -32;
      onTestFinished(() => opened.close());
      return opened;
    };
    const [writer, reader] = [open(), open()];
    onTestFinished(() => cluster.close());
    const names = await writer.successors('hot', 4);
    const last = cluster.nodes.find(({ name }) => name === names.at(-1))!;
    const base = cluster.nodes.find(({ name }) => name === names[0])!;
    const writes: [string, (cache: Cache) => Promise<unknown>, unknown][] = [
      ['10', (cache) => cache.update<number>('hot', () => 10, TTL), { kind: 'stored', value: 10 }],
      ['11', (cache) => cache.increment('hot'), { kind: 'counted', value: 11 }],
      ['10', (cache) => cache.decrement('hot'), { kind: 'counted', value: 10 }],
      ['12', (cache) => cache.replace('hot', 12, TTL), { kind: 'stored' }],
      ['12', (cache) => cache.touch('hot', TTL), { kind: 'touched' }],
      ['12', (cache) => cache.add('hot', 13, TTL), { kind: 'refused' }],
    ];
    for (const [value, write, outcome] of writes) {
      await exchange(last, ['ms hot~sc 3 T5 F1543504384\r\n999\r\n']);
      const process = open();
      expect(await process.cache.get('hot')).toBe(999);
      expect(await write(process.cache)).toEqual(outcome);
      expect(await process.cache.get('hot')).toBe(Number(value));
      expect(await reader.cache.get('hot')).toBe(999);
      expect(base.item('hot')?.value.toString()).toBe(value);
    }
    clock.advance(5_000);
    expect(await reader.cache.get('hot')).toBe(12);
  });
});
