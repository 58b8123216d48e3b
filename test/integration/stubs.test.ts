import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { NEVER } from '../../src/base/units.ts';
import type { Cache } from '../../src/client/cache.ts';
import { createCache } from '../../src/create-cache.ts';
import { startNode } from '../../src/testing/index.ts';
import { LeasedCache, type LeasedCacheOptions } from '../support/leased-cache.ts';
import { memcachedAvailable, startMemcached } from '../support/memcached.ts';
import { exchange } from '../support/raw-client.ts';

const TTL = { ttlSeconds: 60 };

describe.each([
  ['memcached', memcachedAvailable, startMemcached],
  ['an in-process node', true, startNode],
] as const)('a stub on %s', (_engine, available, start) => {
  async function opened() {
    const node = await start();
    onTestFinished(() => node.close());
    /** Another client, that knows nothing of leases. */
    const say = (text: string): Promise<string> => exchange(node, [text]);
    return { node, say };
  }

  async function served() {
    const { node, say } = await opened();
    const caches: LeasedCache[] = [];
    onTestFinished(async () => void (await Promise.all(caches.map((cache) => cache.close()))));
    const open = (options: LeasedCacheOptions = {}) => {
      const opened = new LeasedCache([node], options);
      caches.push(opened);
      return opened.cache;
    };
    /** A process that does not know leases, but reads and writes as all do. */
    const openMemjs = (): Cache => {
      const cache = createCache({ discovery: { nodes: [node.name] }, transport: 'memjs' });
      onTestFinished(() => cache.close());
      return cache;
    };
    return { open, openMemjs, say };
  }

  /** While a lease is out. `finish` lets its holder fill. */
  async function leased() {
    const { open, openMemjs, say } = await served();
    const loaded = Promise.withResolvers<string>();
    const started = Promise.withResolvers<void>();
    const won = open().wrap(
      'k',
      () => {
        started.resolve();
        return loaded.promise;
      },
      TTL,
    );
    await started.promise;
    const finish = (): Promise<string> => {
      loaded.resolve('filled');
      return won;
    };
    onTestFinished(() => void loaded.resolve('filled'));
    return { open, openMemjs, say, finish };
  }

  it.skipIf(!available)('is absent to `get`, `read` and `getMany`', async () => {
    const { open, finish } = await leased();
    const cache = open();
    expect(await cache.get('k')).toBeUndefined();
    expect(await cache.read('k')).toMatchObject({ kind: 'miss' });
    expect(await cache.getMany(['k'])).toEqual({ hits: new Map(), misses: ['k'], unavailable: [] });
    expect(await open({ leases: false }).get('k')).toBeUndefined();
    await finish();
    expect(await cache.get('k')).toBe('filled');
  });

  it.skipIf(!available)('is an empty string to another client’s `get`', async () => {
    const { say, finish } = await leased();
    expect(await say('get k\r\n')).toBe('VALUE k 0 0\r\n\r\nEND\r\n');
    await finish();
    expect(await say('get k\r\n')).toBe('VALUE k 0 6\r\nfilled\r\nEND\r\n');
  });

  it.skipIf(!available)('is met by `add`, and does not count', async () => {
    const { say, finish } = await leased();
    expect(await say('add k 0 0 1\r\nx\r\n')).toBe('NOT_STORED\r\n');
    expect(await say('incr k 1\r\n')).toBe(
      'CLIENT_ERROR cannot increment or decrement non-numeric value\r\n',
    );
    await finish();
    expect(await say('get k\r\n')).toContain('filled');
  });

  it.skipIf(!available)('outlives a `touch`, and its holder still fills it', async () => {
    const { say, finish, open } = await leased();
    expect(await say('touch k 3600\r\n')).toBe('TOUCHED\r\n');
    expect(await finish()).toBe('filled');
    expect(await open().get('k')).toBe('filled');
    expect(await say('mg k t\r\n')).toMatch(/^HD t(60|59)\r\n$/);
  });

  it.skipIf(!available)('becomes a value by an `append`, which the fill does not replace', async () => {
    const { say, finish, open } = await leased();
    expect(await say('append k 0 0 1\r\nx\r\n')).toBe('STORED\r\n');
    expect(await open().get('k')).toBe('x');
    expect(await finish()).toBe('filled');
    expect(await open().wrap('k', () => 'unused', TTL)).toBe('x');
  });

  it.skipIf(!available)(
    'is replaced by a `set` and taken away by a `delete`, and then the fill is refused',
    async () => {
      const first = await leased();
      expect(await first.open().set('k', 'set', TTL)).toEqual({ kind: 'stored' });
      await first.finish();
      expect(await first.open().get('k')).toBe('set');
      const second = await leased();
      expect(await second.open().delete('k')).toEqual({ kind: 'deleted' });
      await second.finish();
      expect(await second.open().get('k')).toBeUndefined();
    },
  );

  describe.each(['meta', 'memjs'] as const)('to a %s cache', (transport) => {
    async function met() {
      const { open, openMemjs, say, finish } = await leased();
      const cache: Cache = transport === 'meta' ? open() : openMemjs();
      return { cache, say, finish, reader: open() };
    }

    it.skipIf(!available)('is absent to `add`, which takes it over: the fill is refused', async () => {
      const { cache, reader, finish } = await met();
      expect(await cache.add('k', 'added', TTL)).toEqual({ kind: 'stored' });
      expect(await cache.add('k', 'again', TTL)).toEqual({ kind: 'refused' });
      expect(await finish()).toBe('filled');
      expect(await reader.get('k')).toBe('added');
    });

    it.skipIf(!available)('is absent to `replace`, and its holder still fills it', async () => {
      const { cache, reader, finish, say } = await met();
      expect(await cache.replace('k', 'replaced', TTL)).toEqual({ kind: 'refused' });
      expect(await say('mg k s\r\n')).toMatch(/^HD s0/);
      await finish();
      expect(await reader.get('k')).toBe('filled');
      expect(await cache.replace('k', 'replaced', TTL)).toEqual({ kind: 'stored' });
      expect(await reader.get('k')).toBe('replaced');
    });

    it.skipIf(!available)('is absent to `touch`, and not lengthened', async () => {
      const { cache, reader, finish, say } = await met();
      expect(await cache.touch('k', { ttlSeconds: 3_600 })).toEqual({ kind: 'not-found' });
      // A load may take 10 s, and its lease one more.
      expect(await say('mg k t\r\n')).toMatch(/^HD t(11|10|9) Z\r\n$/);
      await finish();
      expect(await reader.get('k')).toBe('filled');
      expect(await cache.touch('k', { ttlSeconds: 3_600 })).toEqual({ kind: 'touched' });
      expect(await say('mg k t\r\n')).toMatch(/^HD t(3600|3599)\r\n$/);
    });

    it.skipIf(!available)('is nothing to count', async () => {
      const { cache, reader, finish } = await met();
      expect(await cache.increment('k')).toEqual({ kind: 'not-found' });
      expect(await cache.decrement('k', { by: 2 })).toEqual({ kind: 'not-found' });
      await finish();
      expect(await cache.increment('k')).toEqual({ kind: 'refused' });
      expect(await reader.get('k')).toBe('filled');
    });

    it.skipIf(!available)('is where a count begins: the fill is refused', async () => {
      const { cache, reader, finish } = await met();
      expect(await cache.increment('k', { initial: 5, ttlSeconds: 60 })).toEqual({
        kind: 'counted',
        value: 5,
      });
      await finish();
      expect(await reader.get('k')).toBe(5);
      expect(await cache.increment('k', { initial: 5, ttlSeconds: 60 })).toEqual({
        kind: 'counted',
        value: 6,
      });
    });

    it.skipIf(!available)('is absent to `update`, which takes it over: the fill is refused', async () => {
      const { cache, reader, finish, say } = await met();
      const change = vi.fn((current: string | undefined) => current);
      expect(await cache.update('k', change, TTL)).toEqual({ kind: 'unchanged', value: undefined });
      expect(await say('mg k s\r\n')).toMatch(/^HD s0/);
      const outcome = await cache.update<string>('k', (current = 'nothing') => `${current}!`, TTL);
      expect(outcome).toEqual({ kind: 'stored', value: 'nothing!' });
      expect(change.mock.calls).toEqual([[undefined]]);
      await finish();
      expect(await reader.get('k')).toBe('nothing!');
    });

    it.skipIf(!available)('is told from a stored empty string, which is there', async () => {
      const { open, openMemjs } = await served();
      const cache: Cache = transport === 'meta' ? open() : openMemjs();
      const empty = async (key: string) => {
        await cache.set(key, '', TTL);
        return key;
      };
      expect(await cache.add(await empty('added'), 'x', TTL)).toEqual({ kind: 'refused' });
      expect(await cache.touch(await empty('touched'), TTL)).toEqual({ kind: 'touched' });
      expect(await cache.replace(await empty('replaced'), 'x', TTL)).toEqual({ kind: 'stored' });
      const counted = await cache.increment(await empty('counted'), { initial: 1, ttlSeconds: 60 });
      expect(counted).toEqual({ kind: 'refused' });
      const update = await cache.update<string>(await empty('updated'), (current) => `${current}!`, TTL);
      expect(update).toEqual({ kind: 'stored', value: '!' });
      expect([...(await cache.getMany(['added', 'touched', 'replaced', 'counted'])).hits.values()]).toEqual([
        '',
        '',
        'x',
        '',
      ]);
    });
  });

  it.skipIf(!available)(
    'takes the number that another client stored in it, and refuses its fill',
    async () => {
      const { open, say, finish } = await leased();
      expect(await say('gets k\r\n')).toMatch(/^VALUE k 0 0 \d+\r\n\r\nEND\r\n$/);
      expect(await say('append k 0 0 2\r\n41\r\n')).toBe('STORED\r\n');
      expect(await open().increment('k')).toEqual({ kind: 'counted', value: 42 });
      expect(await say('incr k 1\r\n')).toBe('43\r\n');
      await finish();
      expect(await open().get('k')).toBe('43');
    },
  );

  it.skipIf(!available)('that slips in while an item is touched gives its lease back', async () => {
    const { node, say } = await opened();
    const process = new LeasedCache([node]);
    onTestFinished(() => process.close());
    await process.cache.set('k', 'v', TTL);
    const { reached, thaw } = process.hold('look', 1);
    const touching = process.cache.touch('k', { ttlSeconds: 3_600 });
    await reached;
    await say('md k\r\n');
    expect(await say('mg k N30 s\r\n')).toMatch(/W\r\n$/);
    thaw();
    expect(await touching).toEqual({ kind: 'not-found' });
    expect(await say('mg k N30 s\r\n')).toMatch(/W\r\n$/);
  });

  it.skipIf(!available)('that slips in while an item is replaced stays', async () => {
    const { node, say } = await opened();
    const process = new LeasedCache([node]);
    onTestFinished(() => process.close());
    await process.cache.set('k', 'v', TTL);
    const { reached, thaw } = process.hold('fill');
    const replacing = process.cache.replace('k', 'w', TTL);
    await reached;
    await say('md k\r\n');
    expect(await say('mg k N30 s\r\n')).toMatch(/W\r\n$/);
    thaw();
    expect(await replacing).toEqual({ kind: 'refused' });
    expect(await say('mg k s\r\n')).toMatch(/^HD s0 Z/);
  });

  it.skipIf(!available)('that is given back while an `add` looks at it is added over', async () => {
    const { node, say } = await opened();
    const process = new LeasedCache([node]);
    onTestFinished(() => process.close());
    await say('mg k N30 s\r\n');
    const { reached, thaw } = process.hold('look');
    const adding = process.cache.add('k', 'added', TTL);
    await reached;
    await say('md k\r\n');
    thaw();
    expect(await adding).toEqual({ kind: 'stored' });
    expect(await process.cache.get('k')).toBe('added');
  });

  it.skipIf(!available)('is loaded over by a cache without leases', async () => {
    const { open, finish } = await leased();
    expect(await open({ leases: false }).wrap('k', () => 'plain', TTL)).toBe('plain');
    await finish();
    expect(await open().get('k')).toBe('plain');
  });

  it.skipIf(!available)('is told from a stored empty string, which survives and is a hit', async () => {
    const { open, say } = await served();
    const cache = open();
    const unused = vi.fn(() => 'unused');
    await cache.set('set', '', TTL);
    expect(await cache.wrap('wrapped', () => '', TTL)).toBe('');
    for (const key of ['set', 'wrapped']) {
      expect(await cache.get(key)).toBe('');
      expect(await cache.read(key)).toMatchObject({ kind: 'hit', value: '' });
      expect((await cache.getMany([key])).hits.get(key)).toBe('');
      expect(await open().wrap(key, unused, TTL)).toBe('');
      expect(await say(`mg ${key} v\r\n`)).toBe('VA 0\r\n\r\n');
    }
    expect(unused).not.toHaveBeenCalled();
  });

  it.skipIf(!available)(
    'is told from another client’s empty string: a read-through waits for nobody, and fills',
    async () => {
      const { open, say } = await served();
      await say('set k 0 0 0\r\n\r\n');
      const start = performance.now();
      expect(await open({ loadTimeoutMillis: 1_500 }).wrap('k', () => 'loaded', TTL)).toBe('loaded');
      expect(performance.now() - start).toBeLessThan(500);
      expect(await say('mg k v\r\n')).toBe('VA 6\r\nloaded\r\n');
    },
  );

  it.skipIf(!available)('stays for no longer than the lease where the fill was lost', async () => {
    const { open, say } = await served();
    await say('mg k N1 v\r\n');
    const cache = open();
    expect(await cache.wrap('k', () => 'taken over', TTL)).toBe('taken over');
    await cache.settle(NEVER);
    expect(await say('mg k v\r\n')).toBe('VA 10\r\ntaken over\r\n');
  });
});
