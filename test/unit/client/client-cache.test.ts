import { beforeEach, describe, expect, it, vi } from 'vitest';
import { ClosedError } from '../../../src/base/errors.ts';
import { FakeCache } from '../../support/fake-cache.ts';

const TTL = { ttlSeconds: 60 };
const LAST_COPY = 0.999;

describe('the cache', () => {
  let fake: FakeCache;

  beforeEach(async () => {
    fake = await new FakeCache({ namespace: 'shop', schema: 'v1' }).ready();
  });

  const silence = (): void => {
    for (const node of fake.nodes.opened) node.silent = true;
  };

  it('gives back what was stored, as what it was', async () => {
    const values: [string, unknown][] = [
      ['text', 'naïve'],
      ['empty', ''],
      ['json', { a: [1, null] }],
      ['null', null],
      ['bytes', Buffer.from([0, 255])],
      ['much json', Array.from({ length: 1_000 }, (_, i) => ({ i }))],
    ];
    for (const [key, value] of values) {
      expect(await fake.cache.set(key, value, TTL)).toEqual({ kind: 'stored' });
      expect(await fake.cache.get(key)).toEqual(value);
    }
  });

  it('stores under the plain storage key on its ring owner', async () => {
    const [node] = fake.successors('shop:v1:k', 1);
    const calls = await fake.nodes.during(() => fake.cache.set('k', 'v', TTL));
    expect(calls).toEqual([{ node, op: 'set', key: 'shop:v1:k', ttlSeconds: 60 }]);
  });

  it('says what a read came to, and which node said so', async () => {
    const [node] = fake.successors('shop:v1:k', 1);
    expect(await fake.cache.read('k')).toEqual({ kind: 'miss', node });
    await fake.cache.set('k', 'v', TTL);
    expect(await fake.cache.read('k')).toEqual({ kind: 'hit', value: 'v', node });
    silence();
    expect(await fake.cache.read('k')).toMatchObject({ kind: 'unavailable', node });
  });

  it.each([
    [0.2, 1],
    [1, 1],
    [59.1, 60],
    [2_592_000, 2_592_000],
    [2_592_001, 2_592_000],
    [1e9, 2_592_000],
  ])('lets an item live whole seconds, never for ever and never past 30 days: %d', async (given, onWire) => {
    const [call] = await fake.nodes.during(() => fake.cache.set('k', 'v', { ttlSeconds: given }));
    expect(call?.ttlSeconds).toBe(onWire);
  });

  it.each([[0], [-1], [Number.NaN], [Number.POSITIVE_INFINITY], ['60'], [undefined]])(
    'refuses a time to live of %s',
    async (ttlSeconds) => {
      const options = { ttlSeconds } as { ttlSeconds: number };
      const load = vi.fn(() => 'v');
      const calls = await fake.nodes.during(async () => {
        await expect(fake.cache.set('k', 'v', options)).rejects.toThrow(TypeError);
        await expect(fake.cache.setMany([['k', 'v']], options)).rejects.toThrow(TypeError);
        await expect(fake.cache.wrap('k', load, options)).rejects.toThrow(/ttlSeconds/);
      });
      expect(calls).toEqual([]);
      expect(load).not.toHaveBeenCalled();
    },
  );

  it.each([[undefined], [7], [null], [{}]])('refuses %s for a key, by rejecting', async (given) => {
    const key = given as string;
    await expect(fake.cache.get(key)).rejects.toThrow(/a cache key is a string/);
    await expect(fake.cache.read(key)).rejects.toThrow(TypeError);
    await expect(fake.cache.getMany(['a', key])).rejects.toThrow(TypeError);
    await expect(fake.cache.set(key, 'v', TTL)).rejects.toThrow(TypeError);
    await expect(fake.cache.setMany([[key, 'v']], TTL)).rejects.toThrow(TypeError);
    await expect(fake.cache.delete(key)).rejects.toThrow(TypeError);
    await expect(fake.cache.deleteMany([key])).rejects.toThrow(TypeError);
    await expect(fake.cache.wrap(key, () => 1, TTL)).rejects.toThrow(TypeError);
  });

  it('refuses a value that it cannot hold, and sends none of its batch', async () => {
    const calls = await fake.nodes.during(async () => {
      await expect(fake.cache.set('k', undefined, TTL)).rejects.toThrow(TypeError);
      await expect(
        fake.cache.setMany(
          [
            ['a', 1],
            ['b', () => 1],
          ],
          TTL,
        ),
      ).rejects.toThrow(TypeError);
    });
    expect(calls).toEqual([]);
  });

  it('counts an item that it cannot read as a miss, and tells so', async () => {
    const [node] = fake.successors('shop:v1:k', 1);
    fake.nodes.at(node!).items.set('shop:v1:k', { value: Buffer.from('x'), flags: 1, ttlSeconds: 60 });
    expect(await fake.cache.read('k')).toEqual({ kind: 'miss', node });
    expect(await fake.cache.get('k')).toBeUndefined();
    expect((await fake.cache.getMany(['k'])).misses).toEqual(['k']);
    expect(fake.events.filter(({ kind }) => kind === 'value-undecodable')).toHaveLength(3);
  });

  it.each([
    ['foreign', Buffer.from('x'), 1],
    ['cut JSON', Buffer.from('{"a":'), 0x5c000200],
    ['cut, packed', Buffer.from('x'), 0x5c001200],
    ['of a packing of a later version', Buffer.from('x'), 0x5c003200],
    ['no UTF-8', Buffer.from([0xff]), 0],
  ])(
    'loads in place of an item that it cannot read, once, and replaces it: %s',
    async (_what, value, flags) => {
      const [node] = fake.successors('shop:v1:k', 1);
      fake.nodes.at(node!).items.set('shop:v1:k', { value, flags, ttlSeconds: 60 });
      const load = vi.fn(() => ({ ours: true }));
      expect(await fake.cache.read('k', load, TTL)).toEqual({ kind: 'miss', value: { ours: true }, node });
      expect(await fake.cache.read('k', load, TTL)).toEqual({ kind: 'hit', value: { ours: true }, node });
      expect(load).toHaveBeenCalledTimes(1);
      const told = fake.events.filter(({ kind }) => kind === 'value-undecodable');
      expect(told).toEqual([{ kind: 'value-undecodable', key: 'shop:v1:k', reason: expect.any(String) }]);
    },
  );

  it('counts the stub of somebody’s lease as a miss', async () => {
    const [node] = fake.successors('shop:v1:k', 1);
    fake.nodes.at(node!).items.set('shop:v1:k', { value: Buffer.alloc(0), flags: 0, ttlSeconds: 60 });
    expect(await fake.cache.get('k')).toBeUndefined();
    expect(await fake.cache.read('k')).toMatchObject({ kind: 'miss' });
  });

  it('tells of a value that is too large for its node', async () => {
    const [node] = fake.successors('shop:v1:k', 1);
    fake.nodes.at(node!).maxBytes = 10;
    expect(await fake.cache.set('k', 'x'.repeat(11), TTL)).toEqual({ kind: 'too-large' });
    expect(fake.events.at(-1)).toEqual({ kind: 'value-skipped', key: 'shop:v1:k', node, bytes: 11 });
  });

  it('reaches the other schemas that a delete must reach', async () => {
    const wide = await new FakeCache({ namespace: 'shop', schema: 'v2', invalidates: ['v1', 'v3'] }).ready();
    const calls = await wide.nodes.during(() => wide.cache.delete('k'));
    expect(calls.map(({ op, key }) => `${op} ${key}`).toSorted()).toEqual([
      'delete shop:v1:k',
      'delete shop:v2:k',
      'delete shop:v3:k',
    ]);
  });

  it('has deleted only where the owners of all schemas say so', async () => {
    const wide = await new FakeCache({ schema: 'v2', invalidates: ['v1'] }).ready();
    expect(await wide.cache.delete('k')).toEqual({ kind: 'not-found' });
    const [owner] = wide.successors('v1:k', 1);
    wide.nodes.at(owner!).items.set('v1:k', { value: Buffer.from('x'), flags: 0, ttlSeconds: 1 });
    expect(await wide.cache.delete('k')).toEqual({ kind: 'deleted' });
    wide.nodes.at(owner!).silent = true;
    expect(await wide.cache.delete('k')).toMatchObject({ kind: 'unavailable' });
  });

  it('deletes and stores many, each key with its outcome', async () => {
    const stored = await fake.cache.setMany(
      new Map([
        ['a', 1],
        ['b', 2],
      ]),
      TTL,
    );
    expect([...stored]).toEqual([
      ['a', { kind: 'stored' }],
      ['b', { kind: 'stored' }],
    ]);
    expect([...(await fake.cache.deleteMany(['a', 'nothing', 'a']))]).toEqual([
      ['a', { kind: 'deleted' }],
      ['nothing', { kind: 'not-found' }],
    ]);
  });

  it('finds itself unavailable once closed, and throws nothing', async () => {
    await fake.cache.set('k', 'v', TTL);
    await fake.cache.close();
    expect(fake.nodes.opened.every(({ closed }) => closed)).toBe(true);
    expect(await fake.cache.get('k')).toBeUndefined();
    expect(await fake.cache.read('k')).toMatchObject({ kind: 'unavailable', error: expect.any(ClosedError) });
    expect((await fake.cache.getMany(['k'])).unavailable).toEqual(['k']);
    expect(await fake.cache.set('k', 'v', TTL)).toMatchObject({ kind: 'unavailable' });
    expect(await fake.cache.delete('k')).toMatchObject({ kind: 'unavailable' });
    expect(await fake.cache.wrap('k', () => 'loaded', TTL)).toBe('loaded');
    await fake.cache.close();
  });
});

describe('a read-through', () => {
  let fake: FakeCache;

  beforeEach(async () => {
    fake = await new FakeCache().ready();
  });

  it('loads on a miss and stores, and then hits', async () => {
    const load = vi.fn(async () => ({ n: 1 }));
    expect(await fake.cache.wrap('k', load, TTL)).toEqual({ n: 1 });
    expect(await fake.cache.wrap('k', load, TTL)).toEqual({ n: 1 });
    expect(load).toHaveBeenCalledTimes(1);
  });

  it('takes a loader that gives its value at once', async () => {
    expect(await fake.cache.wrap('k', () => 5, TTL)).toBe(5);
    expect(await fake.cache.get('k')).toBe(5);
  });

  it('tells a miss, a hit and a silent cache apart', async () => {
    const load = () => 'v';
    const [node] = fake.successors('k', 1);
    expect(await fake.cache.read('k', load, TTL)).toEqual({ kind: 'miss', value: 'v', node });
    expect(await fake.cache.read('k', load, TTL)).toEqual({ kind: 'hit', value: 'v', node });
    for (const opened of fake.nodes.opened) opened.silent = true;
    expect(await fake.cache.read('k', load, TTL)).toMatchObject({ kind: 'unavailable', value: 'v', node });
  });

  it('loads where no node answers, and stores nothing', async () => {
    for (const node of fake.nodes.opened) node.silent = true;
    const calls = await fake.nodes.during(async () =>
      expect(await fake.cache.wrap('k', () => 'v', TTL)).toBe('v'),
    );
    expect(calls.map(({ op }) => op)).toEqual(['get']);
  });

  it('gives the loaded value also where it cannot be stored', async () => {
    for (const node of fake.nodes.opened) node.maxBytes = 1;
    expect(await fake.cache.wrap('k', () => 'long', TTL)).toBe('long');
  });

  it('does not store `undefined`', async () => {
    const calls = await fake.nodes.during(async () =>
      expect(await fake.cache.wrap('k', () => undefined, TTL)).toBeUndefined(),
    );
    expect(calls.map(({ op }) => op)).not.toContain('set');
  });

  it('stores `null`, which is a value', async () => {
    const load = vi.fn(() => null);
    expect(await fake.cache.wrap('k', load, TTL)).toBeNull();
    expect(await fake.cache.wrap('k', load, TTL)).toBeNull();
    expect(load).toHaveBeenCalledTimes(1);
  });

  it('hands on what its loader throws, and stores nothing', async () => {
    const fault = new Error('database is down');
    const calls = await fake.nodes.during(async () => {
      await expect(fake.cache.wrap('k', () => Promise.reject(fault), TTL)).rejects.toBe(fault);
      await expect(
        fake.cache.wrap(
          'k',
          () => {
            throw fault;
          },
          TTL,
        ),
      ).rejects.toBe(fault);
    });
    expect(calls.map(({ op }) => op)).not.toContain('set');
  });

  it('fills a smeared key’s base, never a copy', async () => {
    const smeared = await new FakeCache({ rules: [{ key: 'k', copies: 3 }] }).ready();
    smeared.chance = LAST_COPY;
    const [base] = smeared.successors('k', 3);
    const calls = await smeared.nodes.during(() => smeared.cache.wrap('k', () => 'v', TTL));
    expect(calls.filter(({ op }) => op === 'set')).toEqual([
      // A tenth of the time may be taken off.
      { node: base, op: 'set', key: 'k', ttlSeconds: 55 },
    ]);
    // The lock beside it, and no copy.
    expect(calls.filter(({ op }) => op === 'add')).toMatchObject([{ node: base, key: 'k~sl' }]);
  });

  it('refuses to go without a loader', async () => {
    await expect(fake.cache.wrap('k', undefined as never, TTL)).rejects.toThrow(/needs a loader/);
  });
});

describe('a read of many keys', () => {
  it('asks nobody for nothing', async () => {
    const fake = await new FakeCache().ready();
    const calls = await fake.nodes.during(async () =>
      expect(await fake.cache.getMany([])).toEqual({ hits: new Map(), misses: [], unavailable: [] }),
    );
    expect(calls).toEqual([]);
  });

  it('asks each node once', async () => {
    const fake = await new FakeCache().ready();
    const keys = Array.from({ length: 100 }, (_, i) => `k${i}`);
    await fake.cache.getMany(keys);
    expect(fake.nodes.opened.map(({ batches }) => batches)).toEqual([1, 1, 1, 1]);
  });

  it('puts each key in one of three places, in the order asked', async () => {
    const fake = await new FakeCache().ready();
    const keys = Array.from({ length: 40 }, (_, i) => `k${i}`);
    const dead = fake.nodes.opened[0]!;
    const gone = keys.filter((key) => fake.successors(key, 1)[0] === dead.name);
    const kept = keys.filter((key) => !gone.includes(key));
    const stored = kept.slice(0, 10);
    await fake.cache.setMany(
      stored.map((key) => [key, key.toUpperCase()]),
      TTL,
    );
    dead.silent = true;
    const { hits, misses, unavailable } = await fake.cache.getMany<string>(keys);
    expect([...hits]).toEqual(stored.map((key) => [key, key.toUpperCase()]));
    expect(misses).toEqual(kept.slice(10));
    expect(unavailable).toEqual(gone);
    expect(gone.length).toBeGreaterThan(0);
  });

  it('takes a key that is named twice once', async () => {
    const fake = await new FakeCache().ready();
    await fake.cache.set('a', 1, TTL);
    const calls = await fake.nodes.during(async () => {
      const { hits, misses } = await fake.cache.getMany(['a', 'b', 'a', 'b']);
      expect([...hits]).toEqual([['a', 1]]);
      expect(misses).toEqual(['b']);
    });
    expect(calls).toHaveLength(2);
  });

  it('falls through to the base for keys whose copies have nothing, and fills those', async () => {
    const fake = await new FakeCache({ rules: [{ prefix: 'hot', copies: 2 }] }).ready();
    await fake.cache.set('hot1', 'one', TTL);
    fake.chance = LAST_COPY;
    const [base, copy] = fake.successors('hot1', 2);
    const calls = await fake.nodes.during(async () => {
      const { hits, misses } = await fake.cache.getMany(['hot1', 'hot2', 'cold']);
      expect([...hits]).toEqual([['hot1', 'one']]);
      expect(misses).toEqual(['hot2', 'cold']);
    });
    expect(calls.filter(({ key }) => key.startsWith('hot1'))).toEqual([
      { node: copy, op: 'get', key: 'hot1~sc' },
      { node: base, op: 'get', key: 'hot1' },
      { node: copy, op: 'add', key: 'hot1~sc', ttlSeconds: 5 },
    ]);
    expect(calls.filter(({ op }) => op === 'add')).toHaveLength(1);
  });

  it('asks the base where a copy’s node is silent, and spares that node the fill', async () => {
    const fake = await new FakeCache({ rules: [{ key: 'hot', copies: 2 }] }).ready();
    await fake.cache.set('hot', 'v', TTL);
    fake.chance = LAST_COPY;
    const [, copy] = fake.successors('hot', 2);
    fake.nodes.at(copy!).silent = true;
    const calls = await fake.nodes.during(async () =>
      expect((await fake.cache.getMany(['hot'])).hits.get('hot')).toBe('v'),
    );
    expect(calls.map(({ op }) => op)).toEqual(['get', 'get']);
  });
});
