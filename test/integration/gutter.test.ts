import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Cache } from '../../src/client/cache.ts';
import { createCache } from '../../src/create-cache.ts';
import { startCluster, type TestCluster, type TestNode } from '../../src/testing/index.ts';
import { LeasedCache, type LeasedCacheOptions } from '../support/leased-cache.ts';
import { quietLogger } from '../support/quiet-logger.ts';
import { TestClock } from '../support/test-clock.ts';

const TTL = { ttlSeconds: 300 };
const SMEARED = [{ key: 'k', copies: 3 }];

let cluster: TestCluster;
let clock: TestClock;
const caches: LeasedCache[] = [];
beforeEach(async () => {
  cluster = await startCluster({ nodes: 4 });
  clock = new TestClock();
});
afterEach(async () => {
  await Promise.all(caches.splice(0).map((cache) => cache.close()));
  await cluster.close();
});

function open(options: LeasedCacheOptions = {}): LeasedCache {
  const opened = new LeasedCache(cluster.nodes, { clock, ...options });
  caches.push(opened);
  return opened;
}

/** The nodes of `k`, its owner first. */
async function nodesOf(opened: LeasedCache): Promise<TestNode[]> {
  const names = await opened.successors('k', 4);
  return names.map((name) => cluster.nodes.find((node) => node.name === name)!);
}

/** The owner refuses connections, and this process knows. */
async function lose({ cache }: LeasedCache, owner: TestNode): Promise<void> {
  await owner.kill();
  expect(await cache.read('k')).toMatchObject({ kind: 'unavailable' });
}

const keysOn = (node: TestNode): string[] => node.items().map(({ key }) => key);

describe.each([
  ['with leases', true],
  ['without leases', false],
])('while the owner of a key is down, %s', (_how, leases) => {
  it('its neighbour keeps what was loaded, under a key of its own and for a minute', async () => {
    const opened = open({ leases });
    const [owner, next] = await nodesOf(opened);
    await lose(opened, owner!);
    const load = vi.fn(() => 'loaded');
    expect(await opened.cache.read('k', load, TTL)).toMatchObject({
      kind: 'miss',
      value: 'loaded',
      node: next!.name,
    });
    expect(next!.items()).toMatchObject([{ key: 'k~sg', ttlSeconds: 60 }]);
    expect(await opened.cache.read('k', load, { ...TTL, staleSeconds: 600 })).toMatchObject({ kind: 'hit' });
    expect(await opened.cache.get('k')).toBe('loaded');
    expect(await opened.cache.read('k')).toMatchObject({ kind: 'hit', node: next!.name });
    expect((await opened.cache.getMany(['k'])).hits.get('k')).toBe('loaded');
    expect(load).toHaveBeenCalledTimes(1);
  });

  it('the call that finds it down is served there, too', async () => {
    const before = open({ leases });
    const [owner] = await nodesOf(before);
    await lose(before, owner!);
    await before.cache.wrap('k', () => 'loaded', TTL);
    const unused = vi.fn(() => 'unused');
    expect(await open({ leases }).cache.wrap('k', unused, TTL)).toBe('loaded');
    expect(await open({ leases }).cache.get('k')).toBe('loaded');
    expect((await open({ leases }).cache.getMany(['k'])).hits.get('k')).toBe('loaded');
    expect(unused).not.toHaveBeenCalled();
  });

  it('other processes load once between them', async () => {
    const opened = [open({ leases }), open({ leases }), open({ leases })];
    const [owner] = await nodesOf(opened[0]!);
    await owner!.kill();
    for (const { cache } of opened) expect(await cache.read('k')).toMatchObject({ kind: 'unavailable' });
    const gate = Promise.withResolvers<void>();
    const load = vi.fn(async () => {
      await gate.promise;
      return 'loaded';
    });
    const reads = opened.map(({ cache }) => cache.wrap('k', load, TTL));
    await expect.poll(() => load.mock.calls.length).toBe(1);
    gate.resolve();
    expect(await Promise.all(reads)).toEqual(['loaded', 'loaded', 'loaded']);
    expect(load).toHaveBeenCalledTimes(1);
  });

  it('a delete reaches what stands in for it, and is not acknowledged', async () => {
    const opened = open({ leases });
    const [owner, next] = await nodesOf(opened);
    await lose(opened, owner!);
    await opened.cache.wrap('k', () => 'old', TTL);
    expect(await opened.cache.delete('k')).toMatchObject({ kind: 'unavailable' });
    expect(keysOn(next!)).toEqual([]);
    expect(await opened.cache.wrap('k', () => 'new', TTL)).toBe('new');
  });

  it('a set is kept beside it, and is not acknowledged', async () => {
    const opened = open({ leases });
    const [owner, next] = await nodesOf(opened);
    await lose(opened, owner!);
    expect(await opened.cache.set('k', 'written', TTL)).toMatchObject({ kind: 'unavailable' });
    expect(next!.items()).toMatchObject([{ key: 'k~sg', ttlSeconds: 60 }]);
    expect(await opened.cache.get('k')).toBe('written');
  });

  it('what is not beside it either is no miss', async () => {
    const opened = open({ leases });
    const [owner] = await nodesOf(opened);
    await lose(opened, owner!);
    expect(await opened.cache.read('k')).toMatchObject({ kind: 'unavailable', node: owner!.name });
    expect(await opened.cache.getMany(['k'])).toMatchObject({ unavailable: ['k'], misses: [] });
  });

  it('passes over a neighbour that is down, too', async () => {
    const opened = open({ leases });
    const [owner, next, third] = await nodesOf(opened);
    await lose(opened, owner!);
    await next!.kill();
    // The first call finds it out.
    await opened.cache.wrap('k', () => 'loaded', TTL);
    await opened.cache.wrap('k', () => 'loaded', TTL);
    expect(keysOn(third!)).toEqual(['k~sg']);
  });
});

describe('once the owner is up again', () => {
  async function backAgain(opened: LeasedCache, owner: TestNode): Promise<void> {
    await owner.restart();
    clock.advance(31_000);
    expect((await opened.cache.read('k')).kind).not.toBe('unavailable');
  }

  it('it is read and filled as before, and what stood in for it is read no more', async () => {
    const opened = open();
    const [owner, next] = await nodesOf(opened);
    await lose(opened, owner!);
    await opened.cache.wrap('k', () => 'beside', TTL);
    await backAgain(opened, owner!);
    expect(await opened.cache.wrap('k', () => 'fresh', TTL)).toBe('fresh');
    expect(keysOn(owner!)).toEqual(['k']);
    expect(keysOn(next!)).toEqual(['k~sg']);
    expect(await opened.cache.get('k')).toBe('fresh');
  });

  it.each(['delete', 'set'] as const)(
    'a %s still reaches what stood in for it, for as long as that lives',
    async (how) => {
      const opened = open();
      const [owner, next] = await nodesOf(opened);
      await lose(opened, owner!);
      await opened.cache.wrap('k', () => 'beside', TTL);
      await backAgain(opened, owner!);
      const outcome =
        how === 'delete' ? await opened.cache.delete('k') : await opened.cache.set('k', 'new', TTL);
      expect(outcome.kind).not.toBe('unavailable');
      expect(keysOn(next!)).toEqual([]);
    },
  );
});

describe('a smeared key whose owner is down', () => {
  it('goes on with its copies, filled from what stands in for the base', async () => {
    const opened = open({ rules: SMEARED });
    const [owner, next, third] = await nodesOf(opened);
    await owner!.kill();
    await opened.cache.wrap('k', () => 'loaded', TTL);
    const unused = vi.fn(() => 'unused');
    opened.chance = 0.99;
    expect(await opened.cache.read('k', unused, TTL)).toMatchObject({ kind: 'hit', value: 'loaded' });
    await expect.poll(() => keysOn(third!)).toEqual(['k~sg~sc']);
    expect(keysOn(next!)).toEqual(['k~sg']);
    expect(await opened.cache.read('k', unused, TTL)).toMatchObject({ kind: 'hit', node: third!.name });
    await opened.cache.delete('k');
    expect([...keysOn(next!), ...keysOn(third!)]).toEqual([]);
    expect(unused).not.toHaveBeenCalled();
  });

  it('has what stands in for it where those look who do not know that it is smeared', async () => {
    const [knows, other] = [open({ rules: [{ key: 'k', copies: 2 }] }), open()];
    const [owner, next, third] = await nodesOf(knows);
    await nodesOf(other);
    await Promise.all([owner!.kill(), next!.kill()]);
    // The first call of each finds out that both are down.
    for (const { cache } of [other, other, knows]) await cache.wrap('k', () => 'loaded', TTL);
    expect(keysOn(third!)).toEqual(['k~sg']);
    const unused = vi.fn(() => 'unused');
    expect(await knows.cache.wrap('k', unused, TTL)).toBe('loaded');
    expect(unused).not.toHaveBeenCalled();
    await knows.cache.delete('k');
    expect(keysOn(third!)).toEqual([]);
  });
});

it('is not asked for what this process wrote a moment ago: it may keep what was before', async () => {
  const [writer, other] = [open(), open()];
  const [owner] = await nodesOf(writer);
  await nodesOf(other);
  await lose(other, owner!);
  await other.cache.wrap('k', () => 'old', TTL);
  await owner!.restart();
  await writer.cache.delete('k');
  await owner!.kill();
  expect(await writer.cache.wrap('k', () => 'new', TTL)).toBe('new');
  expect((await writer.cache.read('k')).kind).toBe('unavailable');
  expect(await other.cache.read('k', () => 'unused', TTL)).toMatchObject({ value: 'old' });
  // Nor for a consistent read, by whomever.
  expect((await other.cache.read('k', { consistentRead: true })).kind).toBe('unavailable');
  // Once a write has mended it, it is as good as its own.
  await writer.cache.set('k', 'newest', TTL);
  expect(await writer.cache.get('k')).toBe('newest');
});

describe('a single node that is down', () => {
  it('leaves the loader', async () => {
    await using lone = closing(
      createCache({ discovery: { nodes: [cluster.names[0]!] }, logger: quietLogger }),
    );
    await cluster.nodes[0]!.kill();
    for (let call = 0; call < 2; call++) expect(await lone.it.wrap('k', () => call, TTL)).toBe(call);
    expect(await lone.it.read('k', () => 1, TTL)).toMatchObject({ kind: 'unavailable', value: 1 });
  });
});

function closing(it: Cache): { it: Cache } & AsyncDisposable {
  return { it, [Symbol.asyncDispose]: () => it.close() };
}
