import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startCluster, type TestCluster, type TestNode } from '../../src/testing/index.ts';
import { LeasedCache, type LeasedCacheOptions } from '../support/leased-cache.ts';
import { ListedSource } from '../support/listed-source.ts';
import { exchange } from '../support/raw-client.ts';
import { TestClock } from '../support/test-clock.ts';

const TTL = { ttlSeconds: 300 };
const STALE = { ttlSeconds: 300, staleSeconds: 60 };
const KEYS = Array.from({ length: 60 }, (_, i) => `key:${i}`);

let cluster: TestCluster;
let clock: TestClock;
let source: ListedSource;
const caches: LeasedCache[] = [];
beforeEach(async () => {
  clock = new TestClock();
  cluster = await startCluster({ nodes: 6, clock });
  source = new ListedSource(cluster.nodes.slice(0, 4));
});
afterEach(async () => {
  await Promise.all(caches.splice(0).map((cache) => cache.close()));
  await cluster.close();
});

function open(options: LeasedCacheOptions = {}): LeasedCache {
  const opened = new LeasedCache([], { clock, source, ...options });
  caches.push(opened);
  return opened;
}

const nodeAt = (name: string | undefined): TestNode => cluster.nodes.find((node) => node.name === name)!;
const keysOn = (node: TestNode): string[] => node.items().map(({ key }) => key);

/** The nodes that are listed now are found with the next look. */
async function list(nodes: readonly TestNode[], ...caches: LeasedCache[]): Promise<void> {
  source.list(nodes);
  clock.advance(67_000);
  for (const { cache } of caches) {
    await cache.get('a look');
    await expect.poll(() => cache.topology?.nodes.length).toBe(nodes.length);
  }
}

/** A cache of four nodes that became six, and a key that moved, with its owners. */
async function scaledOut(
  options: LeasedCacheOptions = {},
  before = async (_: LeasedCache): Promise<void> => {},
) {
  const opened = open(options);
  const owners = new Map<string, string>();
  for (const key of KEYS) owners.set(key, (await opened.successors(key, 1))[0]!);
  await before(opened);
  await list(cluster.nodes, opened);
  const moved: string[] = [];
  for (const key of KEYS) if ((await opened.successors(key, 1))[0] !== owners.get(key)) moved.push(key);
  const key = moved[0]!;
  const [newName] = await opened.successors(key, 1);
  return { opened, moved, key, former: nodeAt(owners.get(key)), owner: nodeAt(newName) };
}

const filled = async ({ cache }: LeasedCache): Promise<void> => {
  const values = await cache.wrapMany(KEYS, (keys) => keys.map((key) => [key, `old ${key}`] as const), STALE);
  expect(values.size).toBe(KEYS.length);
};

describe.each([
  ['with leases', true],
  ['without leases', false],
])('after nodes were added, %s', (_how, leases) => {
  it('`get` finds what moved at its former owner, and leaves a short-lived copy at the new one', async () => {
    const { opened, key, former, owner } = await scaledOut({ leases }, filled);
    expect(await opened.cache.get(key)).toBe(`old ${key}`);
    await expect.poll(() => owner.item(key)).toMatchObject({ ttlSeconds: 5 });
    expect(keysOn(former)).toContain(key);
    expect(await opened.cache.read(key)).toMatchObject({ kind: 'hit', node: owner.name });
  });

  it('a read-through does not load it', async () => {
    const { opened, moved } = await scaledOut({ leases }, filled);
    const load = vi.fn((keys: string[]) => keys.map((key) => [key, 'loaded'] as const));
    expect(await opened.cache.wrap(moved[0]!, () => 'loaded', TTL)).toBe(`old ${moved[0]}`);
    expect((await opened.cache.wrapMany(KEYS, load, TTL)).size).toBe(KEYS.length);
    expect(load).not.toHaveBeenCalled();
  });

  it('batches find it, too', async () => {
    const { opened, moved } = await scaledOut({ leases }, filled);
    expect(moved.length).toBeGreaterThan(5);
    const { hits, misses } = await opened.cache.getMany(KEYS);
    expect([hits.size, misses]).toEqual([KEYS.length, []]);
  });

  it('a delete goes to both, and is acknowledged by both', async () => {
    const { opened, key, former, owner } = await scaledOut({ leases }, filled);
    await opened.cache.get(key);
    await expect.poll(() => keysOn(owner)).toContain(key);
    expect(await opened.cache.delete(key)).toEqual({ kind: 'deleted' });
    expect([...keysOn(owner), ...keysOn(former)]).not.toContain(key);
    await former.kill();
    expect(await opened.cache.delete(key)).toMatchObject({ kind: 'unavailable' });
  });

  it('a set replaces it at the new owner, and deletes it at the former one', async () => {
    const { opened, key, former, owner } = await scaledOut({ leases }, filled);
    await opened.cache.set(key, 'new', TTL);
    await expect.poll(() => keysOn(former)).not.toContain(key);
    expect(owner.item(key)).toMatchObject({ ttlSeconds: 300 });
  });
});

describe('a read-through of what moved', () => {
  it('does not load what the former owner has, again and again until that is over', async () => {
    const { opened, key, former, owner } = await scaledOut({}, filled);
    const load = vi.fn(() => 'loaded');
    for (let round = 0; round < 4; round++) {
      expect(await opened.cache.read(key, load, STALE)).toMatchObject({ kind: 'hit', value: `old ${key}` });
      await expect.poll(() => owner.item(key)).toMatchObject({ ttlSeconds: 5, leased: false });
      // The copy is no stale value that somebody should renew.
      expect(await opened.cache.read(key, load, STALE)).toMatchObject({ kind: 'hit', node: owner.name });
      clock.advance(6_000);
    }
    expect(load).not.toHaveBeenCalled();
    clock.advance(3_600_000);
    expect(former.item(key)).toBeUndefined();
    expect(await opened.cache.wrap(key, load, STALE)).toBe('loaded');
    expect(owner.item(key)).toMatchObject({ ttlSeconds: 360 });
  });

  it('loads what the former owner has no more, or only past its freshness', async () => {
    const { opened, moved, former, owner, key } = await scaledOut({}, filled);
    former.flush();
    expect(await opened.cache.read(key, () => 'loaded', STALE)).toMatchObject({
      kind: 'miss',
      node: owner.name,
    });
    clock.advance(240_000);
    const load = vi.fn(() => 'loaded');
    await opened.cache.wrap(moved[1]!, load, STALE);
    expect(load).toHaveBeenCalledTimes(1);
  });

  it('renews an item of its own that is past its freshness', async () => {
    const { opened, key, owner } = await scaledOut({}, async ({ cache }) => {
      await cache.set('other', 'x', { ttlSeconds: 3_600 });
    });
    await opened.cache.wrap(key, () => 'first', STALE);
    clock.advance(301_000);
    expect(await opened.cache.read(key, () => 'second', STALE)).toMatchObject({
      kind: 'stale',
      value: 'first',
    });
    await expect.poll(() => owner.item(key)?.value.toString()).toBe('second');
  });

  it('loads once for all processes where nothing is left of it', async () => {
    const { opened, key, former } = await scaledOut({}, filled);
    const other = open();
    await other.cache.get('a look');
    former.flush();
    const load = vi.fn(async () => 'loaded');
    await Promise.all([opened.cache.wrap(key, load, STALE), other.cache.wrap(key, load, STALE)]);
    expect(load).toHaveBeenCalledTimes(1);
  });

  it('loads where the former owner does not answer', async () => {
    const { opened, key, former } = await scaledOut({}, filled);
    await former.kill();
    expect(await opened.cache.wrap(key, () => 'loaded', STALE)).toBe('loaded');
    expect(await opened.cache.wrap(key, () => 'unused', STALE)).toBe('loaded');
  });
});

describe('what a write of a moved key leaves behind', () => {
  it('is nothing that comes back when the new item is over', async () => {
    const { opened, moved, former } = await scaledOut({}, filled);
    const [added, updated] = moved as [string, string];
    await opened.cache.get(added);
    expect(await opened.cache.update<string>(updated, () => 'new', { ttlSeconds: 10 })).toMatchObject({
      kind: 'stored',
    });
    expect(await opened.cache.add(added, 'new', { ttlSeconds: 10 })).toMatchObject({
      kind: expect.any(String),
    });
    clock.advance(12_000);
    for (const key of [added, updated]) expect((await opened.cache.read(key)).kind).toBe('miss');
    expect(keysOn(former)).not.toContain(updated);
  });

  it('is not read by the process that deleted it, where the former owner did not answer', async () => {
    const { opened, key, former } = await scaledOut({}, filled);
    await former.kill();
    expect(await opened.cache.delete(key)).toMatchObject({ kind: 'unavailable' });
    await former.restart({ keepData: true });
    clock.advance(31_000);
    await opened.cache.get(key);
    expect((await opened.cache.read(key)).kind).toBe('miss');
    expect((await opened.cache.read(key, { consistentRead: true })).kind).toBe('miss');
  });

  it('is reached by a process that only deletes, long after its own items would be over', async () => {
    const deleter = open();
    await deleter.cache.get('a look');
    const { opened, key } = await scaledOut({}, filled);
    await list(cluster.nodes, deleter);
    clock.advance(180_000);
    expect((await opened.cache.read(key)).kind).toBe('hit');
    expect(await deleter.cache.delete(key)).toEqual({ kind: 'deleted' });
    clock.advance(6_000);
    expect((await opened.cache.read(key)).kind).toBe('miss');
  });

  it.each(['delete', 'set', 'update'] as const)(
    'is reached by a %s of a process that started after the change',
    async (how) => {
      const { opened, key, former } = await scaledOut({}, filled);
      const cold = open();
      if (how === 'delete') expect(await cold.cache.delete(key)).toEqual({ kind: 'deleted' });
      if (how === 'set') await cold.cache.set(key, 'new', { ttlSeconds: 10 });
      if (how === 'update') await cold.cache.update(key, () => 'new', { ttlSeconds: 10 });
      expect(keysOn(former)).not.toContain(key);
      clock.advance(12_000);
      expect((await opened.cache.read(key)).kind).toBe('miss');
      expect((await cold.cache.read(key)).kind).toBe('miss');
    },
  );

  it.each([
    ['no JSON', 'x'],
    ['no list', '{"nodes":[]}'],
    ['nodes that are none', '[{"nodes":[{"host":5}],"seconds":60}]'],
    [
      'nodes without end',
      JSON.stringify([{ nodes: Array.from({ length: 5_000 }, () => ({})), seconds: 60 }]),
    ],
    ['a time without end', '[{"nodes":[{"host":"a","port":1}],"seconds":1e99}]'],
    ['null', '[null]'],
  ])('is not made worse by a record that anybody may have written: %s', async (_what, record) => {
    const cold = open();
    await cold.cache.get('a look');
    for (const node of cluster.nodes) {
      await exchange(node, [`set sc~former~libketama 0 0 ${record.length}\r\n${record}\r\n`]);
    }
    await cold.cache.set('k', 'v', TTL);
    expect(await cold.cache.delete('k')).toEqual({ kind: 'deleted' });
  });
});

describe('a process that was frozen over a change', () => {
  it('writes where the others read', async () => {
    const frozen = open();
    await frozen.cache.get('a look');
    const { opened, key, owner, former } = await scaledOut({}, filled);
    await opened.cache.set(key, 'before', TTL);
    clock.advance(600_000);
    await frozen.cache.set(key, 'after', TTL);
    expect(owner.item(key)?.value.toString()).toBe('after');
    expect(keysOn(former)).not.toContain(key);
    expect(await frozen.cache.get(key)).toBe('after');
  });
});

describe('the warm-up window', () => {
  it('is as long as the longest item lives', async () => {
    const { opened, key } = await scaledOut({}, filled);
    clock.advance(290_000);
    expect(await opened.cache.get(key)).toBe(`old ${key}`);
  });

  it('is an hour at the most', async () => {
    const { opened, key, former } = await scaledOut({}, async ({ cache }) => {
      await cache.setMany(
        KEYS.map((key) => [key, 'for a day']),
        { ttlSeconds: 86_400 },
      );
    });
    clock.advance(3_590_000);
    expect(await opened.cache.get(key)).toBe('for a day');
    clock.advance(11_000);
    expect(keysOn(former)).toContain(key);
    expect((await opened.cache.read(key)).kind).toBe('miss');
  });

  it('reads no former owner where nobody knows when the list was changed', async () => {
    const { opened, key, former } = await scaledOut({}, async (cache) => {
      await filled(cache);
      // Frozen for ten minutes: the items live longer than the look is old.
      await cache.cache.set('key:0', 'v', { ttlSeconds: 3_600 });
      clock.advance(200_000);
    });
    expect(keysOn(former)).toContain(key);
    expect((await opened.cache.read(key)).kind).toBe('miss');
    // But a delete reaches it.
    await opened.cache.delete(key);
    expect(keysOn(former)).not.toContain(key);
  });

  it('covers nodes that come and go: what was deleted meanwhile stays deleted', async () => {
    const four = cluster.nodes.slice(0, 4);
    const { opened, key, former } = await scaledOut({}, filled);
    await opened.cache.delete(key);
    await opened.cache.wrap(key, () => 'new', STALE);
    await list(four, opened);
    expect(await opened.successors(key, 1)).toEqual([former.name]);
    expect((await opened.cache.read(key)).kind).toBe('miss');
    expect(await opened.cache.wrap(key, () => 'newest', STALE)).toBe('newest');
  });

  it('finds an item that was not touched meanwhile where it was', async () => {
    const four = cluster.nodes.slice(0, 4);
    const { opened, key } = await scaledOut({}, filled);
    await list(four, opened);
    expect(await opened.cache.get(key)).toBe(`old ${key}`);
  });
});
