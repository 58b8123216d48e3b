import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { NEVER } from '../../src/base/units.ts';
import { startNode } from '../../src/testing/index.ts';
import { LeasedCache, type LeasedCacheOptions } from '../support/leased-cache.ts';
import { memcachedAvailable, startMemcached } from '../support/memcached.ts';
import { exchange } from '../support/raw-client.ts';

const TTL = { ttlSeconds: 60 };

describe.each([
  ['memcached', memcachedAvailable, startMemcached],
  ['an in-process node', true, startNode],
] as const)('a stub on %s', (_engine, available, start) => {
  async function served() {
    const node = await start();
    const caches: LeasedCache[] = [];
    onTestFinished(async () => {
      await Promise.all(caches.map((cache) => cache.close()));
      await node.close();
    });
    const open = (options: LeasedCacheOptions = {}) => {
      const opened = new LeasedCache([node], options);
      caches.push(opened);
      return opened.cache;
    };
    /** Another client, that knows nothing of leases. */
    const say = (text: string): Promise<string> => exchange(node, [text]);
    return { open, say };
  }

  /** While a lease is out. `finish` lets its holder fill. */
  async function leased() {
    const { open, say } = await served();
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
    return { open, say, finish };
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
