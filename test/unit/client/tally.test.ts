import { describe, expect, it } from 'vitest';
import { Tally } from '../../../src/base/tally.ts';
import { ManualClock, startNode } from '../../../src/testing/index.ts';
import { FakeCache, type FakeCacheOptions, namedNodes } from '../../support/fake-cache.ts';
import { LeasedCache } from '../../support/leased-cache.ts';

const TTL = { ttlSeconds: 60 };
const NONE = { ...new Tally() };
/** The counts by name; what is not named is zero. */
const counts = (some: Partial<typeof NONE>) => ({ ...NONE, ...some });

const opened = (options: FakeCacheOptions = {}) =>
  new FakeCache({ nodes: namedNodes('a'), ...options }).ready();

/** The same with the only node silent. */
async function silenced(): Promise<FakeCache> {
  const fake = await opened();
  for (const node of fake.nodes.opened) node.silent = true;
  return fake;
}

describe('what an invocation came to', () => {
  it('counts reads by every way of reading, each once', async () => {
    const { cache } = await opened();
    await cache.set('k', 'v', TTL);
    await cache.get('k');
    await cache.get('none');
    await cache.read('k');
    await cache.read('none');
    await cache.getMany(['k', 'none', 'other']);
    expect(cache.tally.take()).toEqual(counts({ hits: 3, misses: 4, writes: 1 }));
    expect(cache.tally.take()).toEqual(NONE);
  });

  it('counts a smeared key once, though its copy and its base were asked', async () => {
    const fake = await opened({ nodes: namedNodes('a', 'b'), rules: [{ key: 'hot', copies: 2 }] });
    fake.chance = 0.999;
    await fake.cache.set('hot', 'v', TTL);
    await fake.cache.get('hot');
    await fake.cache.getMany(['hot']);
    expect(fake.cache.tally.take()).toEqual(counts({ hits: 2, writes: 1 }));
  });

  it('counts read-throughs and their loads, and what the loader throws as a miss', async () => {
    const { cache } = await opened();
    await cache.wrap('k', () => 'v', TTL);
    await cache.wrap('k', () => 'v', TTL);
    await cache.wrapMany(['k', 'l', 'm'], (keys) => keys.map((key) => [key, 1] as const), TTL);
    expect(cache.tally.take()).toEqual(counts({ hits: 2, misses: 3, originLoads: 3 }));
    const failing = cache.wrap('n', () => Promise.reject(new Error('origin')), TTL);
    await expect(failing).rejects.toThrow('origin');
    expect(cache.tally.take()).toEqual(counts({ misses: 1, originLoads: 1 }));
  });

  it('counts silence apart from misses, and as an error', async () => {
    const { cache } = await silenced();
    await cache.get('k');
    await cache.read('k');
    await cache.getMany(['k', 'l']);
    await cache.wrap('k', () => 'v', TTL);
    expect(cache.tally.take()).toEqual(counts({ unavailable: 5, errors: 5, originLoads: 1 }));
  });

  it('counts writes that no node took', async () => {
    const { cache } = await silenced();
    await cache.set('k', 'v', TTL);
    await cache.delete('k');
    await cache.add('k', 'v', TTL);
    await cache.replace('k', 'v', TTL);
    await cache.touch('k', TTL);
    await cache.increment('k');
    await cache.update('k', () => 1, TTL);
    expect(cache.tally.take()).toEqual(counts({ errors: 7, writes: 7 }));
  });

  it('counts writes that were taken, once a key', async () => {
    const { cache } = await opened();
    await cache.set('k', 'v', TTL);
    await cache.setMany(
      [
        ['l', 'v'],
        ['m', 'v'],
      ],
      TTL,
    );
    await cache.deleteMany(['k', 'l']);
    await cache.add('k', 'v', TTL);
    expect(cache.tally.take()).toEqual(counts({ writes: 6 }));
  });

  it('counts every call of a cache without nodes', async () => {
    const fake = await opened();
    await fake.cache.close();
    await fake.cache.get('k');
    await fake.cache.getMany(['k', 'l']);
    await fake.cache.set('k', 'v', TTL);
    await fake.cache.delete('k');
    await fake.cache.wrap('k', () => 'v', TTL);
    expect(fake.cache.tally.take()).toEqual(counts({ unavailable: 4, errors: 6, originLoads: 1, writes: 2 }));
  });

  it('counts nothing that its caller aborted', async () => {
    const { cache } = await opened();
    const signal = AbortSignal.abort();
    await cache.get('k', { signal });
    await cache.getMany(['k'], { signal });
    await cache.set('k', 'v', { ...TTL, signal });
    await cache.delete('k', { signal });
    await cache.increment('k', { signal });
    expect(cache.tally.take()).toEqual(NONE);
  });

  it('counts what cannot be read, which is a miss, too', async () => {
    const fake = await opened();
    await fake.cache.set('k', 'v', TTL);
    for (const node of fake.nodes.opened) {
      for (const [key, item] of node.items) node.items.set(key, { ...item, flags: 0xff });
    }
    await fake.cache.get('k');
    expect(fake.cache.tally.take()).toEqual(counts({ misses: 1, undecodable: 1, writes: 1 }));
  });

  it('counts under leases: a fresh value and a stale one as hits, and a refresh as a load', async () => {
    const clock = new ManualClock();
    const node = await startNode({ clock });
    const leased = new LeasedCache([{ host: '127.0.0.1', port: node.port }]);
    try {
      const options = { ttlSeconds: 10, staleSeconds: 60 };
      await leased.cache.wrap('k', () => 'old', options);
      await leased.cache.wrap('k', () => 'new', options);
      expect(leased.cache.tally.take()).toEqual(counts({ hits: 1, misses: 1, originLoads: 1 }));
      clock.advance(11_000);
      expect(await leased.cache.wrap('k', () => 'new', options)).toBe('old');
      await leased.cache.settle(Number.POSITIVE_INFINITY);
      expect(leased.cache.tally.take()).toEqual(counts({ hits: 1, stale: 1, originLoads: 1 }));
    } finally {
      await leased.close();
      await node.close();
    }
  });
});
