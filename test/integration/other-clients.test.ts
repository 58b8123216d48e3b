// What docs/guides say of other clients on the same nodes, tried with those that run here.
import { promisify } from 'node:util';
import Memcached from 'memcached';
import { Client } from 'memjs';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { CacheOptions } from '../../src/client/options.ts';
import { createCache } from '../../src/create-cache.ts';
import { memcachedAvailable, startMemcachedCluster } from '../support/memcached.ts';
import { quietLogger } from '../support/quiet-logger.ts';

const TTL = { ttlSeconds: 60 };
const KEYS = Array.from({ length: 200 }, (_, i) => `item:${i}`);

async function cluster(count: number) {
  const { names, close } = await startMemcachedCluster(count);
  onTestFinished(close);
  const open = (options: CacheOptions = {}) => {
    const cache = createCache({ discovery: { nodes: names }, logger: quietLogger, ...options });
    onTestFinished(() => cache.close());
    return cache;
  };
  return { names, open };
}

describe.skipIf(!memcachedAvailable)('npm memcached on the same nodes', () => {
  async function both(options: CacheOptions = {}) {
    const { names, open } = await cluster(5);
    const other = new Memcached([...names], { namespace: 'shop:' });
    onTestFinished(() => other.end());
    const cache = open({ dialect: 'node-memcached', namespace: 'shop', ...options });
    const get = promisify((key: string, done: (error: unknown, data: unknown) => void) =>
      other.get(key, done),
    );
    const set = promisify((key: string, value: unknown, done: (error: unknown) => void) =>
      other.set(key, value, 60, done),
    );
    return { cache, get, set };
  }

  it('finds our text, and we find its text', async () => {
    const { cache, get, set } = await both();
    await Promise.all(KEYS.map((key) => set(key, `theirs ${key}`)));
    expect((await cache.getMany(KEYS)).hits).toEqual(new Map(KEYS.map((key) => [key, `theirs ${key}`])));
    await cache.setMany(
      KEYS.map((key) => [key, `ours ${key}`]),
      TTL,
    );
    expect(await Promise.all(KEYS.map((key) => get(key)))).toEqual(KEYS.map((key) => `ours ${key}`));
  });

  it('stores objects, numbers and bytes that are a miss to us', async () => {
    const { cache, set } = await both();
    for (const value of [{ n: 1 }, 7, Buffer.from('bytes')]) {
      await set('k', value);
      expect(await cache.read('k')).toMatchObject({ kind: 'miss' });
    }
  });

  it('reads our objects as the text of their JSON', async () => {
    const { cache, get } = await both();
    await cache.set('k', { n: 1 }, TTL);
    expect(await get('k')).toBe('{"n":1}');
  });

  it('meets the stub of a lease as an empty string, and none where there are no leases', async () => {
    for (const [leases, met] of [
      [true, ''],
      [false, undefined],
    ] as const) {
      const { cache, get } = await both({ leases });
      const load = Promise.withResolvers<string>();
      const loader = vi.fn(() => load.promise);
      const wrapped = cache.wrap('k', loader, TTL);
      await vi.waitFor(() => expect(loader).toHaveBeenCalled());
      expect(await get('k')).toBe(met);
      load.resolve('loaded');
      expect(await wrapped).toBe('loaded');
    }
  });
});

describe.skipIf(!memcachedAvailable)('memjs on the same node', () => {
  it('stores text that we read, and reads ours', async () => {
    const { names, open } = await cluster(1);
    const former = Client.create(names[0]!);
    onTestFinished(() => former.close());
    const cache = open();
    await former.set('theirs', JSON.stringify({ n: 1 }), { expires: 60 });
    expect(await cache.get('theirs')).toBe('{"n":1}');
    await cache.set('ours', 'text', TTL);
    expect(String((await former.get('ours')).value)).toBe('text');
  });
});
