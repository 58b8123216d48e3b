import { describe, expect, it, vi } from 'vitest';
import { ClosedError, DiscoveryError } from '../../../src/base/errors.ts';
import type { Cache, CountOptions, UpdateOptions } from '../../../src/client/cache.ts';
import type { TopologySource } from '../../../src/topology/index.ts';
import { FakeCache } from '../../support/fake-cache.ts';

const TTL = { ttlSeconds: 60 };
const NO_LIST: TopologySource = {
  name: 'nowhere',
  changes: false,
  read: () => Promise.reject(new Error('no list')),
};
const RULES = [{ key: 'hot', copies: 3 }];

/** Each write of the base, as its caller would have it. */
const WRITES: readonly [string, (cache: Cache, key: string, signal?: AbortSignal) => Promise<unknown>][] = [
  ['add', (cache, key, signal) => cache.add(key, 1, { ...TTL, signal })],
  ['replace', (cache, key, signal) => cache.replace(key, 1, { ...TTL, signal })],
  ['increment', (cache, key, signal) => cache.increment(key, { signal })],
  ['decrement', (cache, key, signal) => cache.decrement(key, { by: 2, signal })],
  ['touch', (cache, key, signal) => cache.touch(key, { ...TTL, signal })],
  ['update', (cache, key, signal) => cache.update(key, () => 1, { ...TTL, signal })],
];

describe.each(WRITES)('`%s`', (_name, write) => {
  it('goes to the owner under the plain storage key, and to no copy', async () => {
    const fake = await new FakeCache({ namespace: 'shop', schema: 'v1', rules: RULES }).ready();
    fake.chance = 0.999;
    for (const key of ['hot', 'plain']) {
      const [owner] = fake.successors(`shop:v1:${key}`, 1);
      for (const present of [false, true]) {
        if (present) await fake.cache.set(key, 5, TTL);
        const calls = await fake.nodes.during(() => write(fake.cache, key));
        expect(calls.length).toBeGreaterThan(0);
        for (const call of calls) expect(call).toMatchObject({ node: owner, key: `shop:v1:${key}` });
      }
    }
  });

  it('is unavailable where its node does not answer, and throws nothing', async () => {
    const fake = await new FakeCache().ready();
    for (const node of fake.nodes.opened) node.silent = true;
    expect(await write(fake.cache, 'k')).toMatchObject({ kind: 'unavailable' });
  });

  it('is unavailable where there are no nodes, and once the cache is closed', async () => {
    const lost = new FakeCache({ source: NO_LIST });
    const outcome = await write(lost.cache, 'k');
    expect(outcome).toMatchObject({ kind: 'unavailable', error: expect.any(DiscoveryError) });
    const fake = await new FakeCache().ready();
    await fake.cache.close();
    const closed = await write(fake.cache, 'k');
    expect(closed).toMatchObject({ kind: 'unavailable', error: expect.any(ClosedError) });
  });

  it('sends nothing once its signal has aborted', async () => {
    const fake = await new FakeCache().ready();
    const calls = await fake.nodes.during(async () => {
      const outcome = await write(fake.cache, 'k', AbortSignal.abort());
      expect(outcome).toMatchObject({ kind: 'unavailable', error: { code: 'ABORTED' } });
    });
    expect(calls).toEqual([]);
  });

  it('refuses a key that is no string', async () => {
    const fake = await new FakeCache().ready();
    const key = 7 as unknown as string;
    await expect(write(fake.cache, key)).rejects.toThrow(/a cache key is a string/);
  });

  it('refuses a key that has variants and no base, with nodes and without', async () => {
    const options = { rules: RULES, placement: 'suffix' } as const;
    const fake = await new FakeCache(options).ready();
    const lost = new FakeCache({
      ...options,
      source: NO_LIST,
    });
    await expect(write(fake.cache, 'hot')).rejects.toThrow(/^"hot" has variants and no base/);
    await expect(write(lost.cache, 'hot')).rejects.toThrow(TypeError);
    expect(await fake.nodes.during(() => write(fake.cache, 'plain'))).not.toEqual([]);
  });
});

describe('misuse of a write', () => {
  it.each([[0], [-1], [Number.NaN], [Number.POSITIVE_INFINITY], ['60'], [undefined]])(
    'is a time to live of %s',
    async (ttlSeconds) => {
      const fake = await new FakeCache().ready();
      const change = vi.fn(() => 1);
      const options = { ttlSeconds } as { ttlSeconds: number };
      const calls = await fake.nodes.during(async () => {
        await expect(fake.cache.add('k', 'v', options)).rejects.toThrow(/ttlSeconds/);
        await expect(fake.cache.replace('k', 'v', options)).rejects.toThrow(/ttlSeconds/);
        await expect(fake.cache.increment('k', { initial: 1, ...options })).rejects.toThrow(/ttlSeconds/);
        await expect(fake.cache.touch('k', options)).rejects.toThrow(/ttlSeconds/);
        await expect(fake.cache.update('k', change, options)).rejects.toThrow(/ttlSeconds/);
      });
      expect(calls).toEqual([]);
      expect(change).not.toHaveBeenCalled();
    },
  );

  it.each([
    [{ by: -1 }, /^by must be a whole number from 0/],
    [{ by: 1.5 }, /^by must be/],
    [{ by: Number.NaN }, /^by must be/],
    [{ by: 2 ** 53 }, /^by must be/],
    [{ by: '1' }, /^by must be/],
    [{ by: 1n }, /^by must be/],
    [{ by: null }, /^by must be/],
    [{ initial: -1, ...TTL }, /^initial must be/],
    [{ initial: 0.5, ...TTL }, /^initial must be/],
    [{ initial: 2 ** 53, ...TTL }, /^initial must be/],
    [{ initial: '0', ...TTL }, /^initial must be/],
    [{ initial: 0 }, /ttlSeconds/],
    [TTL, /needs an initial/],
  ])('is a count of %o', async (options, message) => {
    const fake = await new FakeCache().ready();
    const calls = await fake.nodes.during(async () => {
      await expect(fake.cache.increment('k', options as CountOptions)).rejects.toThrow(message);
      await expect(fake.cache.decrement('k', options as CountOptions)).rejects.toThrow(TypeError);
    });
    expect(calls).toEqual([]);
  });

  it.each([
    [undefined, TTL, /needs a function/],
    ['v', TTL, /needs a function/],
    [() => 1, { ...TTL, tries: 0 }, /^tries must be a whole number from 1/],
    [() => 1, { ...TTL, tries: -1 }, /^tries must be/],
    [() => 1, { ...TTL, tries: 1.5 }, /^tries must be/],
    [() => 1, { ...TTL, tries: Number.POSITIVE_INFINITY }, /^tries must be/],
    [() => 1, undefined, /ttlSeconds/],
  ])('is an update with %o and %o', async (change, options, message) => {
    const fake = await new FakeCache().ready();
    const calls = await fake.nodes.during(async () => {
      const updating = fake.cache.update('k', change as () => number, options as UpdateOptions);
      await expect(updating).rejects.toThrow(message);
    });
    expect(calls).toEqual([]);
  });

  it('is a value that cannot be stored', async () => {
    const fake = await new FakeCache().ready();
    const calls = await fake.nodes.during(async () => {
      await expect(fake.cache.add('k', undefined, TTL)).rejects.toThrow(TypeError);
      await expect(fake.cache.replace('k', () => 1, TTL)).rejects.toThrow(TypeError);
    });
    expect(calls).toEqual([]);
  });
});

describe('a value that is too large for its node', () => {
  it('is told by each write that brings one', async () => {
    const fake = await new FakeCache().ready();
    const [owner] = fake.successors('k', 1);
    fake.nodes.at(owner!).maxBytes = 10;
    const large = 'x'.repeat(11);
    expect(await fake.cache.add('k', large, TTL)).toEqual({ kind: 'too-large' });
    expect(await fake.cache.update('k', () => large, TTL)).toEqual({ kind: 'too-large' });
    await fake.cache.set('k', 'small', TTL);
    expect(await fake.cache.replace('k', large, TTL)).toEqual({ kind: 'too-large' });
    expect(fake.events.filter(({ kind }) => kind === 'value-skipped')).toEqual(
      Array.from({ length: 3 }, () => ({ kind: 'value-skipped', key: 'k', node: owner, bytes: 11 })),
    );
  });
});

describe('a write that others overtake each time', () => {
  it('ends: a count says that it could not, an `add` that it was refused, a `replace` still replaces', async () => {
    const fake = await new FakeCache().ready();
    const [owner] = fake.successors('k', 1);
    const node = fake.nodes.at(owner!);
    const there = { value: Buffer.from('5'), flags: 0, ttlSeconds: 60 };
    // It is there for `add`, and gone for whoever looks or counts.
    const store = node.store.bind(node);
    vi.spyOn(node, 'store').mockImplementation((mode, key, item) => {
      if (mode === 'add') node.items.set(key, there);
      return store(mode, key, item).finally(() => mode === 'add' && node.items.delete(key));
    });
    expect(await fake.cache.add('k', 'v', TTL)).toEqual({ kind: 'refused' });
    const count = await fake.cache.increment('k', { initial: 1, ttlSeconds: 60 });
    expect(count).toMatchObject({ kind: 'unavailable', error: { code: 'NODE_REFUSED' } });
    // It changes behind every look.
    const fill = node.fill.bind(node);
    let changes = 0;
    vi.spyOn(node, 'fill').mockImplementation((key, item, cas) => {
      node.items.set(key, { ...there, value: Buffer.from(`change ${changes++}`) });
      return fill(key, item, cas);
    });
    node.items.set('k', there);
    expect(await fake.cache.replace('k', 'replaced', TTL)).toEqual({ kind: 'stored' });
    expect(changes).toBe(5);
    expect(await fake.cache.get('k')).toBe('replaced');
  });
});
