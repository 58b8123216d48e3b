import { beforeEach, describe, expect, it } from 'vitest';
import { FakeCache } from '../../support/fake-cache.ts';

const LAST_COPY = 0.999;
const TTL = { ttlSeconds: 60 };

describe('a smeared key', () => {
  let fake: FakeCache;
  let base: string;
  let copies: string[];

  beforeEach(async () => {
    fake = await new FakeCache({ rules: [{ key: 'hot', copies: 3 }], schema: 'v1' }).ready();
    [base, ...copies] = fake.successors('v1:hot', 3) as [string, ...string[]];
  });

  const during = (work: () => Promise<unknown>) => fake.nodes.during(work);
  const get = () => fake.cache.get('hot');

  it('is read from its base and each copy with the same chance', async () => {
    const asked = new Map<string, number>();
    for (let i = 0; i < 300; i++) {
      fake.chance = i / 300;
      const [first] = await during(get);
      asked.set(first!.node, (asked.get(first!.node) ?? 0) + 1);
    }
    expect(Object.fromEntries(asked)).toEqual({ [base]: 100, [copies[0]!]: 100, [copies[1]!]: 100 });
  });

  it('is set on its base, and its copies are deleted, never written', async () => {
    fake.chance = LAST_COPY;
    const calls = await during(() => fake.cache.set('hot', 'value', TTL));
    expect(calls).toHaveLength(3);
    expect(calls).toContainEqual({ node: base, op: 'set', key: 'v1:hot', ttlSeconds: 60 });
    for (const node of copies) expect(calls).toContainEqual({ node, op: 'delete', key: 'v1:hot~sc' });
  });

  it('is deleted on its base and its copies', async () => {
    const calls = await during(() => fake.cache.delete('hot'));
    expect(calls).toHaveLength(3);
    expect(calls).toContainEqual({ node: base, op: 'delete', key: 'v1:hot' });
    for (const node of copies) expect(calls).toContainEqual({ node, op: 'delete', key: 'v1:hot~sc' });
  });

  it('fills a copy that misses from the base, by `add` and with the copy’s time to live', async () => {
    await fake.cache.set('hot', { n: 1 }, TTL);
    fake.chance = LAST_COPY;
    const node = copies[1]!;
    const calls = await during(async () => expect(await get()).toEqual({ n: 1 }));
    expect(calls).toEqual([
      { node, op: 'get', key: 'v1:hot~sc' },
      { node: base, op: 'get', key: 'v1:hot' },
      { node, op: 'add', key: 'v1:hot~sc', ttlSeconds: 5 },
    ]);
    expect(fake.nodes.at(node).items.get('v1:hot~sc')).toMatchObject(
      fake.nodes.at(base).items.get('v1:hot')!.flags === 0
        ? {}
        : { flags: fake.nodes.at(base).items.get('v1:hot')!.flags },
    );
  });

  it('is then served by the copy alone', async () => {
    await fake.cache.set('hot', 'value', TTL);
    fake.chance = LAST_COPY;
    await get();
    const calls = await during(async () => expect(await get()).toBe('value'));
    expect(calls).toEqual([{ node: copies[1], op: 'get', key: 'v1:hot~sc' }]);
  });

  it('is a miss where neither copy nor base have it, and nothing is filled', async () => {
    fake.chance = LAST_COPY;
    const calls = await during(async () =>
      expect(await fake.cache.read('hot')).toMatchObject({ kind: 'miss', node: base }),
    );
    expect(calls.map(({ op }) => op)).toEqual(['get', 'get']);
  });

  it('falls through to the base where a copy’s node is silent, and spares that node the fill', async () => {
    await fake.cache.set('hot', 'value', TTL);
    fake.chance = LAST_COPY;
    fake.nodes.at(copies[1]!).silent = true;
    const calls = await during(async () =>
      expect(await fake.cache.read('hot')).toMatchObject({ kind: 'hit', value: 'value', node: base }),
    );
    expect(calls.map(({ node, op }) => `${op} ${node}`)).toEqual([`get ${copies[1]}`, `get ${base}`]);
  });

  it('is unavailable, not a miss, where its copy misses and its base’s node is silent', async () => {
    fake.nodes.at(base).silent = true;
    fake.chance = LAST_COPY;
    expect(await fake.cache.read('hot')).toMatchObject({ kind: 'unavailable', node: base });
    expect(await get()).toBeUndefined();
  });

  it('is read from the base alone where the read is to be consistent', async () => {
    await fake.cache.set('hot', 'new', TTL);
    fake.nodes.at(copies[1]!).items.set('v1:hot~sc', { value: Buffer.from('old'), flags: 0, ttlSeconds: 5 });
    fake.chance = LAST_COPY;
    const calls = await during(async () =>
      expect(await fake.cache.get('hot', { consistentRead: true })).toBe('new'),
    );
    expect(calls).toEqual([{ node: base, op: 'get', key: 'v1:hot' }]);
    const many = await during(async () => {
      const { hits } = await fake.cache.getMany(['hot'], { consistentRead: true });
      expect(hits.get('hot')).toBe('new');
    });
    expect(many).toEqual([{ node: base, op: 'get', key: 'v1:hot' }]);
  });

  it('is deleted only where its owner says so, whatever the copies’ nodes do', async () => {
    await fake.cache.set('hot', 'value', TTL);
    for (const node of copies) fake.nodes.at(node).silent = true;
    expect(await fake.cache.delete('hot')).toEqual({ kind: 'deleted' });
    expect(await fake.cache.delete('hot')).toEqual({ kind: 'not-found' });
    fake.nodes.at(base).silent = true;
    expect(await fake.cache.delete('hot')).toMatchObject({ kind: 'unavailable' });
  });

  it('is stored only where its owner says so', async () => {
    for (const node of copies) fake.nodes.at(node).silent = true;
    expect(await fake.cache.set('hot', 'value', TTL)).toEqual({ kind: 'stored' });
    fake.nodes.at(base).silent = true;
    expect(await fake.cache.set('hot', 'value', TTL)).toMatchObject({ kind: 'unavailable' });
  });

  it('keeps the stub of somebody’s lease out of its copies', async () => {
    fake.nodes.at(base).items.set('v1:hot', { value: Buffer.alloc(0), flags: 0, ttlSeconds: 5 });
    fake.chance = LAST_COPY;
    const calls = await during(async () =>
      expect(await fake.cache.read('hot')).toMatchObject({ kind: 'miss' }),
    );
    expect(calls.map(({ op }) => op)).toEqual(['get', 'get']);
  });

  it('is not smeared in other schemas’ keys but by the same rule', async () => {
    const other = await new FakeCache({
      rules: [{ key: 'hot', copies: 2 }],
      schema: 'v2',
      invalidates: ['v1'],
    }).ready();
    const calls = await other.nodes.during(() => other.cache.delete('hot'));
    const [base2, copy2] = other.successors('v2:hot', 2);
    const [base1, copy1] = other.successors('v1:hot', 2);
    expect(calls).toHaveLength(4);
    expect(calls).toEqual(
      expect.arrayContaining([
        { node: base2, op: 'delete', key: 'v2:hot' },
        { node: copy2, op: 'delete', key: 'v2:hot~sc' },
        { node: base1, op: 'delete', key: 'v1:hot' },
        { node: copy1, op: 'delete', key: 'v1:hot~sc' },
      ]),
    );
  });
});

describe('a key smeared by suffix', () => {
  let fake: FakeCache;

  beforeEach(async () => {
    fake = await new FakeCache({ rules: [{ key: 'hot', copies: 8 }], placement: 'suffix' }).ready();
  });

  it.each([
    [0, 'hot0'],
    [0.5, 'hot4'],
    [0.999, 'hot7'],
  ])('is written and read under a number drawn by chance: %d', async (chance, key) => {
    fake.chance = chance;
    const [node] = fake.successors(key, 1);
    const calls = await fake.nodes.during(async () => {
      await fake.cache.set('hot', 'value', TTL);
      expect(await fake.cache.get('hot')).toBe('value');
    });
    expect(calls).toEqual([
      { node, op: 'set', key, ttlSeconds: 60 },
      { node, op: 'get', key },
    ]);
  });

  it('misses under a number that was not written: one load a number', async () => {
    await fake.cache.set('hot', 'value', TTL);
    fake.chance = 0.5;
    expect(await fake.cache.get('hot')).toBeUndefined();
  });

  it('is deleted under every number', async () => {
    const calls = await fake.nodes.during(() => fake.cache.delete('hot'));
    expect(calls.map(({ op, key }) => `${op} ${key}`).toSorted()).toEqual(
      Array.from({ length: 8 }, (_, suffix) => `delete hot${suffix}`),
    );
  });

  it('is deleted only where every owner says so', async () => {
    const [node] = fake.successors('hot3', 1);
    fake.nodes.at(node!).silent = true;
    expect(await fake.cache.delete('hot')).toMatchObject({ kind: 'unavailable' });
  });
});
