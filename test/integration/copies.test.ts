import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { NEVER } from '../../src/base/units.ts';
import { ManualClock, startCluster, type TestCluster, type TestNode } from '../../src/testing/index.ts';
import { LeasedCache, type LeasedCacheOptions } from '../support/leased-cache.ts';
import { exchange } from '../support/raw-client.ts';
import { TestClock } from '../support/test-clock.ts';

const TTL = { ttlSeconds: 60 };
const COPY = 'hot~sc';
const RULES = [{ key: 'hot', copies: 4 }];

describe('copies of a smeared key', () => {
  let clock: ManualClock;
  let cluster: TestCluster;
  let base: TestNode;
  let copies: TestNode[];
  /** Where a read goes whose chance is just below 1. */
  let last: TestNode;
  const caches: LeasedCache[] = [];
  beforeEach(async () => {
    clock = new ManualClock();
    cluster = await startCluster({ nodes: 4, clock });
    const names = await open().successors('hot', 4);
    [base, ...copies] = names.map((name) => cluster.nodes.find((node) => node.name === name)!) as [
      TestNode,
      ...TestNode[],
    ];
    last = copies.at(-1)!;
  });
  afterEach(async () => {
    await Promise.all(caches.splice(0).map((cache) => cache.close()));
    await cluster.close();
  });

  /** A process of its own, that draws the last copy. */
  function open(options: LeasedCacheOptions = {}): LeasedCache {
    const opened = new LeasedCache(cluster.nodes, { rules: RULES, ...options });
    opened.chance = 1 - 2 ** -32;
    caches.push(opened);
    return opened;
  }
  const copyOf = (node: TestNode) => node.item(COPY)?.value.toString();
  /** The fill runs beside the reader. */
  async function got(opened: LeasedCache): Promise<unknown> {
    const value = await opened.cache.get('hot');
    await opened.cache.settle(NEVER);
    return value;
  }
  /** Another client's write, which reaches the base alone: to the copies it is a lost delete. */
  const writeBase = (value: string) => exchange(base, [`ms hot ${value.length} T60\r\n${value}\r\n`]);
  const putCopy = (value: string) => exchange(last, [`ms ${COPY} ${value.length} T3600\r\n${value}\r\n`]);

  it('are filled from the base, by the reader that found one missing', async () => {
    await writeBase('v1');
    const reader = open();
    expect(await got(reader)).toBe('v1');
    expect(last.item(COPY)).toMatchObject({ value: Buffer.from('v1'), ttlSeconds: 5, leased: false });
    expect(copies.slice(0, -1).map(copyOf)).toEqual([undefined, undefined]);
    await writeBase('v2');
    expect(await got(reader)).toBe('v1');
    clock.advance(5_000);
    expect(await got(reader)).toBe('v2');
  });

  it.each([
    ['a base that lives longer', 60, 5],
    ['a base that ends before', 3, 3],
    ['a base that ends at once', 1, 1],
    ['a base that lives for ever', 0, 5],
  ])('live no longer than their own time and that of %s', async (_what, ofBase, ofCopy) => {
    await exchange(base, [`ms hot 1 T${ofBase}\r\nv\r\n`]);
    expect(await got(open())).toBe('v');
    expect(last.item(COPY)?.ttlSeconds).toBe(ofCopy);
  });

  describe('that cannot be read', () => {
    const foreign = (node: TestNode, key: string) => exchange(node, [`set ${key} 4242 60 7\r\nforeign\r\n`]);
    const undecodable = ({ events }: LeasedCache) =>
      events.filter(({ kind }) => kind === 'value-undecodable');
    beforeEach(() => foreign(last, COPY));

    it('are passed over for the base by every way of reading', async () => {
      await writeBase('v');
      const reader = open();
      expect(await got(reader)).toBe('v');
      expect(await reader.cache.read('hot')).toEqual({ kind: 'hit', value: 'v', node: base.name });
      expect((await reader.cache.getMany(['hot', 'none'])).hits).toEqual(new Map([['hot', 'v']]));
      const load = vi.fn(() => 'loaded');
      expect(await reader.cache.wrap('hot', load, TTL)).toBe('v');
      expect(load).not.toHaveBeenCalled();
      expect(undecodable(reader)).toHaveLength(4);
    });

    it('over a base that cannot be read either are a miss, asked for once each', async () => {
      await foreign(base, 'hot');
      const reader = open();
      expect(await reader.cache.get('hot')).toBeUndefined();
      expect(undecodable(reader)).toHaveLength(2);
      expect(await reader.cache.read('hot')).toEqual({ kind: 'miss', node: base.name });
      expect((await reader.cache.getMany(['hot'])).misses).toEqual(['hot']);
      expect(undecodable(reader)).toHaveLength(6);
    });

    it('over such a base do not keep a read-through from replacing the base', async () => {
      await foreign(base, 'hot');
      const reader = open();
      expect(await reader.cache.wrap('hot', () => 'ours', TTL)).toBe('ours');
      expect(base.item('hot')?.value.toString()).toBe('ours');
      expect(await reader.cache.get('hot')).toBe('ours');
    });

    it('say that the base is silent where it is', async () => {
      await base.kill();
      const reader = open();
      expect(await reader.cache.read('hot')).toMatchObject({ kind: 'unavailable', node: base.name });
      expect((await reader.cache.getMany(['hot'])).unavailable).toEqual(['hot']);
    });
  });

  it('are not filled where the base has nothing, and their lease is given back', async () => {
    expect(await got(open())).toBeUndefined();
    expect(last.items()).toEqual([]);
    await exchange(base, ['mg hot N30 v\r\n']);
    expect(await got(open())).toBeUndefined();
    expect(last.items()).toEqual([]);
  });

  it('are filled by one reader at a time; the others read the base', async () => {
    await writeBase('v1');
    const [first, second] = [open(), open()];
    const fill = first.hold('fill');
    expect(await first.cache.get('hot')).toBe('v1');
    await fill.reached;
    expect(last.item(COPY)).toMatchObject({ leased: true, ttlSeconds: 3 });
    expect(await second.cache.read('hot')).toMatchObject({ kind: 'hit', value: 'v1', node: base.name });
    fill.thaw();
    await first.cache.settle(NEVER);
    expect(await second.cache.read('hot')).toMatchObject({ kind: 'hit', value: 'v1', node: last.name });
  });

  it.each(['delete', 'set'] as const)('go with a %s, on every node', async (how) => {
    await writeBase('old');
    for (const node of copies) await exchange(node, [`ms ${COPY} 3 T60\r\nold\r\n`]);
    const { cache } = open();
    if (how === 'delete') expect(await cache.delete('hot')).toEqual({ kind: 'deleted' });
    else expect(await cache.set('hot', 'new', TTL)).toEqual({ kind: 'stored' });
    expect(copies.map(copyOf)).toEqual([undefined, undefined, undefined]);
    expect(await open().cache.get('hot')).toBe(how === 'delete' ? undefined : 'new');
  });

  describe('and a reader that is frozen between its lease and its fill', () => {
    async function frozen() {
      await writeBase('old');
      const reader = open();
      const fill = reader.hold('fill');
      expect(await reader.cache.get('hot')).toBe('old');
      await fill.reached;
      const thaw = async (): Promise<void> => {
        fill.thaw();
        await reader.cache.settle(NEVER);
      };
      return { thaw };
    }

    it('do not get back what was deleted meanwhile', async () => {
      const { thaw } = await frozen();
      await open().cache.delete('hot');
      await thaw();
      expect(copyOf(last)).toBeUndefined();
      expect(await got(open())).toBeUndefined();
    });

    it('do not get it back where the delete never reached them and the lease is over', async () => {
      const { thaw } = await frozen();
      await exchange(base, ['md hot\r\n']);
      clock.advance(3_000);
      await thaw();
      expect(copyOf(last)).toBeUndefined();
    });

    it('do not get it back over a newer value of another reader', async () => {
      const { thaw } = await frozen();
      await writeBase('new');
      clock.advance(3_000);
      expect(await got(open())).toBe('new');
      await thaw();
      expect(copyOf(last)).toBe('new');
    });

    it('have it for no longer than lease and time to live where every delete was lost', async () => {
      const { thaw } = await frozen();
      await writeBase('new');
      clock.advance(2_000);
      await thaw();
      expect(copyOf(last)).toBe('old');
      clock.advance(5_000);
      expect(await got(open())).toBe('new');
    });

    it('do not get it back from a node that was started anew meanwhile', async () => {
      const { thaw } = await frozen();
      // The numbers of compare-and-swap start over with the node.
      await last.restart();
      await writeBase('new');
      const next = open();
      const fill = next.hold('fill');
      expect(await next.cache.get('hot')).toBe('new');
      await fill.reached;
      await thaw();
      fill.thaw();
      await next.cache.settle(NEVER);
      expect(copyOf(last)).not.toBe('old');
    });
  });

  it('get what the base has when it is read, not what it had when the lease was taken', async () => {
    await writeBase('old');
    const reader = open();
    const read = reader.hold('getWithTtl');
    const value = got(reader);
    await read.reached;
    await writeBase('new');
    read.thaw();
    expect(await value).toBe('new');
    expect(copyOf(last)).toBe('new');
  });

  it('are passed over where their node is down', async () => {
    await writeBase('v1');
    await last.kill();
    expect(await open().cache.read('hot')).toMatchObject({ kind: 'hit', value: 'v1', node: base.name });
  });

  describe('read by the process that wrote the key', () => {
    it('are left alone until the last old one can be gone', async () => {
      const time = new TestClock();
      const { cache } = open({ clock: time });
      await cache.set('hot', 'new', TTL);
      await putCopy('old');
      expect(await open().cache.get('hot')).toBe('old');
      time.advance(7_999);
      expect(await cache.get('hot')).toBe('new');
      expect((await cache.getMany(['hot'])).hits.get('hot')).toBe('new');
      expect(await cache.wrap('hot', () => 'unused', TTL)).toBe('new');
      time.advance(1);
      expect(await cache.get('hot')).toBe('old');
      expect(await cache.get('hot', { consistentRead: true })).toBe('new');
    });

    it('are left alone for that long after the write has arrived, however long it was under way', async () => {
      const time = new TestClock();
      const writer = open({ clock: time });
      await writer.cache.get('hot');
      const store = writer.hold('store');
      const written = writer.cache.set('hot', 'new', TTL);
      await store.reached;
      time.moveWall(60_000);
      store.thaw();
      expect(await written).toEqual({ kind: 'stored' });
      await putCopy('old');
      expect(await writer.cache.get('hot')).toBe('new');
    });
  });

  describe('read in a batch', () => {
    it('are filled from the base like any other', async () => {
      await writeBase('v1');
      const reader = open();
      await reader.cache.set('plain', 'p', TTL);
      const { hits, misses } = await reader.cache.getMany(['hot', 'plain', 'none']);
      expect([...hits]).toEqual([
        ['hot', 'v1'],
        ['plain', 'p'],
      ]);
      expect(misses).toEqual(['none']);
      await reader.cache.settle(NEVER);
      expect(last.item(COPY)).toMatchObject({ value: Buffer.from('v1'), ttlSeconds: 5 });
    });

    it('are passed over for the base while another reader fills them', async () => {
      await writeBase('v1');
      await exchange(last, [`mg ${COPY} N3 v\r\n`]);
      const reader = open();
      expect((await reader.cache.getMany(['hot'])).hits.get('hot')).toBe('v1');
      await reader.cache.settle(NEVER);
      expect(last.item(COPY)).toMatchObject({ leased: true, value: Buffer.alloc(0) });
    });

    it('leave nothing behind where the base has nothing, or a stub', async () => {
      const reader = open();
      expect(await reader.cache.getMany(['hot'])).toMatchObject({ misses: ['hot'], unavailable: [] });
      await exchange(base, ['mg hot N30 v\r\n']);
      expect(await reader.cache.getMany(['hot'])).toMatchObject({ misses: ['hot'], unavailable: [] });
      await reader.cache.settle(NEVER);
      expect(last.items()).toEqual([]);
    });
  });

  describe('under a read-through', () => {
    it('are filled by a later reader from the base, never by who loaded', async () => {
      const { cache } = open();
      const load = vi.fn(() => 'loaded');
      await cache.wrap('hot', load, TTL);
      await cache.settle(NEVER);
      expect(base.item('hot')?.value.toString()).toBe('loaded');
      expect(last.items()).toEqual([]);
      expect(await cache.read('hot', load, TTL)).toMatchObject({ kind: 'hit', node: base.name });
      await cache.settle(NEVER);
      expect(copyOf(last)).toBe('loaded');
      expect(await cache.read('hot', load, TTL)).toMatchObject({ kind: 'hit', node: last.name });
      expect(load).toHaveBeenCalledTimes(1);
    });

    it('are not filled with a stale value', async () => {
      const options = { ttlSeconds: 60, staleSeconds: 600 };
      const { cache } = open();
      await cache.wrap('hot', () => 'old', options);
      clock.advance(61_000);
      const load = Promise.withResolvers<string>();
      expect(await cache.read('hot', () => load.promise, options)).toMatchObject({
        kind: 'stale',
        value: 'old',
      });
      await expect.poll(() => last.items(), { interval: 2 }).toEqual([]);
      load.resolve('new');
      await cache.settle(NEVER);
      expect(base.item('hot')?.value.toString()).toBe('new');
    });

    it('have their lease given back where the loader throws', async () => {
      const { cache } = open();
      await expect(cache.wrap('hot', () => Promise.reject(new Error('origin')), TTL)).rejects.toThrow(
        'origin',
      );
      await cache.settle(NEVER);
      expect([...base.items(), ...last.items()]).toEqual([]);
    });

    it('that cannot be read are passed over for the base', async () => {
      await writeBase('v1');
      await exchange(last, [`ms ${COPY} 1 T60 F4242\r\nx\r\n`]);
      expect(await open().cache.wrap('hot', () => 'unused', TTL)).toBe('v1');
    });
  });
});
