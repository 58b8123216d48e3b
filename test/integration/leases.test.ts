import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { LoadTimeoutError } from '../../src/base/errors.ts';
import { MAX_TTL_SECONDS, NEVER } from '../../src/base/units.ts';
import type { Cache } from '../../src/client/cache.ts';
import type { CacheOptions } from '../../src/client/options.ts';
import { createCache } from '../../src/create-cache.ts';
import { tcpDial } from '../../src/memcached/dial.ts';
import { MetaTransport } from '../../src/memcached/meta-transport.ts';
import { smearCache } from '../../src/smear-cache.ts';
import { ManualClock, startCluster, startNode, type TestNode } from '../../src/testing/index.ts';
import { startLeaseWorkers } from '../support/lease-workers.ts';
import { LeasedCache, type LeasedCacheOptions } from '../support/leased-cache.ts';
import { memcachedAvailable, startMemcached, startMemcachedCluster } from '../support/memcached.ts';
import { exchange } from '../support/raw-client.ts';
import { TestClock } from '../support/test-clock.ts';

const TTL = { ttlSeconds: 60 };
const STALE = { ttlSeconds: 60, staleSeconds: 600 };

/** A loader that counts, and gives its value when the test says so. */
function heldLoader<T>(value: T) {
  const gate = Promise.withResolvers<void>();
  const started = Promise.withResolvers<void>();
  const load = vi.fn(async () => {
    started.resolve();
    await gate.promise;
    return value;
  });
  return { load, started: started.promise, finish: gate.resolve, fail: gate.reject };
}

const quiet = { debug: () => {}, info: () => {}, warn: () => {} };

const never = (): Promise<never> => new Promise(() => {});

const failing = (message: string) => vi.fn(() => Promise.reject(new Error(message)));

describe.each([
  ['memcached', memcachedAvailable],
  ['an in-process node', true],
] as const)('a lease of %s', (engine, available) => {
  async function lease() {
    const node = engine === 'memcached' ? await startMemcached() : await startNode();
    const timeouts = { connectTimeoutMillis: 2_000, operationTimeoutMillis: 2_000 };
    const clock = { monotonic: () => performance.now(), wall: () => Date.now() };
    const listener = { answered: () => {}, failed: () => {} };
    const transport = new MetaTransport(node.name, tcpDial(node.host, node.port), timeouts, clock, listener);
    onTestFinished(async () => {
      await transport.close();
      await node.close();
    });
    const won = await transport.lease('k', 30, 0, NEVER);
    if (won.kind !== 'won') throw new Error(`an empty node gave ${won.kind}`);
    const item = { value: Buffer.from('filled'), flags: 0, ttlSeconds: 60 };
    const fill = () => transport.fill('k', item, won.cas, NEVER);
    return { node, transport, cas: won.cas, item, fill };
  }

  it.skipIf(!available)('stores what its holder fills, once', async () => {
    const { transport, fill, node } = await lease();
    expect(await transport.lease('k', 30, 0, NEVER)).toEqual({ kind: 'leased' });
    expect(await fill()).toEqual({ kind: 'stored' });
    expect(await exchange(node, ['mg k v t\r\n'])).toMatch(/^VA 6 t(60|59)\r\nfilled\r\n$/);
    expect(await fill()).toEqual({ kind: 'refused' });
  });

  it.skipIf(!available)('is gone after a delete (NF)', async () => {
    const { node, fill, cas } = await lease();
    await exchange(node, ['md k\r\n']);
    expect(await exchange(node, [`ms k 1 C${numberOf(cas)}\r\nx\r\n`])).toBe('NF\r\n');
    expect(await fill()).toEqual({ kind: 'refused' });
    expect(await exchange(node, ['mg k v\r\n'])).toBe('EN\r\n');
  });

  it.skipIf(!available)('is gone after a set (EX), and after another lease', async () => {
    const { node, fill, cas, transport, item } = await lease();
    await exchange(node, ['ms k 5\r\nother\r\n']);
    expect(await exchange(node, [`ms k 1 C${numberOf(cas)}\r\nx\r\n`])).toBe('EX\r\n');
    expect(await fill()).toEqual({ kind: 'refused' });
    expect(await exchange(node, ['mg k v\r\n'])).toBe('VA 5\r\nother\r\n');
    await exchange(node, ['md k\r\n']);
    const next = await transport.lease('k', 30, 0, NEVER);
    expect(await fill()).toEqual({ kind: 'refused' });
    expect(await transport.fill('k', item, (next as { cas: string }).cas, NEVER)).toEqual({ kind: 'stored' });
  });

  it.skipIf(!available)('given back leaves the next reader to win', async () => {
    const { transport, cas, fill } = await lease();
    expect(await transport.giveBack('k', cas, false, NEVER)).toEqual({ kind: 'deleted' });
    expect(await fill()).toEqual({ kind: 'refused' });
    expect(await transport.lease('k', 30, 0, NEVER)).toMatchObject({ kind: 'won' });
    expect(await transport.giveBack('k', cas, false, NEVER)).toEqual({ kind: 'not-found' });
    expect(await transport.lease('k', 30, 0, NEVER)).toEqual({ kind: 'leased' });
  });

  it.skipIf(!available)(
    'of a stale value, given back, keeps the value and lets the next reader win',
    async () => {
      const { transport, fill } = await lease();
      await fill();
      const first = await transport.lease('k', 30, 600, NEVER);
      expect(first).toMatchObject({ kind: 'hit', won: true, stale: true });
      expect(await transport.lease('k', 30, 600, NEVER)).toMatchObject({
        kind: 'hit',
        won: false,
        stale: true,
      });
      await transport.giveBack('k', (first as { cas: string }).cas, true, NEVER);
      const second = await transport.lease('k', 30, 600, NEVER);
      expect(second).toMatchObject({ kind: 'hit', won: true, stale: true, value: Buffer.from('filled') });
      expect(await fill()).toEqual({ kind: 'refused' });
    },
  );
});

/** A lease's number as the node knows it, without the connection it is tied to. */
const numberOf = (cas: string): string => cas.split('.')[1]!;

describe('read-through over an in-process node', () => {
  let clock: ManualClock;
  let node: TestNode;
  const caches: LeasedCache[] = [];
  beforeEach(async () => {
    clock = new ManualClock();
    node = await startNode({ clock });
  });
  afterEach(async () => {
    await Promise.all(caches.splice(0).map((cache) => cache.close()));
    await node.close();
  });

  /** A process of its own: with its own connections and flights. */
  function open(options: LeasedCacheOptions = {}): LeasedCache {
    const opened = new LeasedCache([node], options);
    caches.push(opened);
    return opened;
  }
  const metaGets = (): number => node.stats.cmd_get;
  /** The next `count` looks of those who wait. */
  const looks = (count: number) => {
    const before = metaGets();
    return expect.poll(metaGets, { interval: 2 }).toBeGreaterThanOrEqual(before + count);
  };

  it('refuses a fill once the lease ran out, and the caller has its value all the same', async () => {
    const { load, started, finish } = heldLoader('late');
    const late = open().cache.wrap('k', load, TTL);
    await started;
    expect(node.item('k')).toMatchObject({ leased: true, ttlSeconds: 11 });
    clock.advance(11_000);
    finish();
    expect(await late).toBe('late');
    expect(node.item('k')).toBeUndefined();
    expect(await exchange(node, ['ms k 1 C1\r\nx\r\n'])).toBe('NF\r\n');
  });

  it('takes a value that comes just before the load’s time is over', async () => {
    const { load, started, finish } = heldLoader('in time');
    const read = open().cache.wrap('k', load, TTL);
    await started;
    clock.advance(10_000);
    finish();
    await read;
    expect(node.item('k')?.value.toString()).toBe('in time');
  });

  it.each(['a delete', 'a set'])('stores nothing over %s that came while it loaded', async (how) => {
    const [reader, writer] = [open(), open()];
    const { load, started, finish } = heldLoader('old');
    const read = reader.cache.wrap('k', load, TTL);
    await started;
    if (how === 'a set') await writer.cache.set('k', 'new', TTL);
    else await writer.cache.delete('k');
    finish();
    expect(await read).toBe('old');
    expect(node.item('k')?.value.toString()).toBe(how === 'a set' ? 'new' : undefined);
  });

  it('loads once for all callers of one process', async () => {
    const { cache } = open();
    const { load, started, finish } = heldLoader('value');
    const reads = Array.from({ length: 50 }, () => cache.wrap('k', load, TTL));
    await started;
    finish();
    expect(new Set(await Promise.all(reads))).toEqual(new Set(['value']));
    expect(load).toHaveBeenCalledTimes(1);
  });

  it('gives those who wait the winner’s value', async () => {
    const { load, started, finish } = heldLoader({ by: 'the winner' });
    const won = open().cache.read('k', load, TTL);
    await started;
    const unused = vi.fn(() => ({ by: 'a waiter' }));
    const waiting = [open(), open(), open()].map(({ cache }) => cache.read('k', unused, TTL));
    await looks(6);
    finish();
    expect(await won).toMatchObject({ kind: 'miss', value: { by: 'the winner' } });
    for (const read of await Promise.all(waiting))
      expect(read).toEqual({ kind: 'hit', value: { by: 'the winner' }, node: node.name });
    expect(unused).not.toHaveBeenCalled();
  });

  it('loads for a waiter whose time is over, and leaves the filling to who has the lease', async () => {
    const { load, started, finish } = heldLoader('of the winner');
    const won = open().cache.wrap('k', load, TTL);
    await started;
    const waiter = await open({ loadTimeoutMillis: 60 }).cache.read('k', () => 'of the waiter', TTL);
    expect(waiter).toEqual({ kind: 'miss', value: 'of the waiter', node: node.name });
    expect(node.item('k')).toMatchObject({ leased: true, value: Buffer.alloc(0) });
    finish();
    await won;
    expect(node.item('k')?.value.toString()).toBe('of the winner');
  });

  it('gives the lease back where the loader throws: the next reader loads at once', async () => {
    const { cache } = open();
    const load = failing('origin');
    await expect(cache.wrap('k', load, TTL)).rejects.toThrow('origin');
    expect(node.item('k')).toBeUndefined();
    expect(await open().cache.wrap('k', () => 'next', TTL)).toBe('next');
    expect(node.item('k')?.value.toString()).toBe('next');
  });

  it('tells the loader’s error to its own caller and those who joined, and to nobody else', async () => {
    const [mine, other] = [open(), open()];
    const { load, started, fail } = heldLoader('never');
    const won = mine.cache.wrap('k', load, TTL);
    const joined = mine.cache.wrap('k', load, TTL);
    await started;
    const waiting = other.cache.wrap('k', () => 'of the waiter', TTL);
    await looks(2);
    fail(new Error('origin'));
    expect(await Promise.allSettled([won, joined])).toMatchObject([
      { status: 'rejected', reason: { message: 'origin' } },
      { status: 'rejected', reason: { message: 'origin' } },
    ]);
    expect(await waiting).toBe('of the waiter');
    expect(load).toHaveBeenCalledTimes(1);
    expect(node.item('k')?.value.toString()).toBe('of the waiter');
  });

  it('gives the lease back where the loader has no value, and stores nothing', async () => {
    const { cache } = open();
    expect(await cache.read('k', () => undefined, TTL)).toMatchObject({ kind: 'miss', value: undefined });
    expect(node.item('k')).toBeUndefined();
    expect(await cache.wrap('k', () => null, TTL)).toBeNull();
    expect(await cache.read('k', () => 'unused', TTL)).toMatchObject({ kind: 'hit', value: null });
  });

  it('gives the lease back where a value cannot be stored, and the caller is told', async () => {
    const { cache } = open();
    await expect(cache.wrap('k', () => 10n, TTL)).rejects.toThrow(TypeError);
    expect(node.item('k')).toBeUndefined();
  });

  it('ends a loader that never settles with a LoadTimeoutError, and gives the lease back', async () => {
    const { cache } = open({ loadTimeoutMillis: 40 });
    await expect(cache.wrap('k', never, TTL)).rejects.toThrow(LoadTimeoutError);
    expect(node.item('k')).toBeUndefined();
  });

  it('gives the lease back, too, where the invocation’s time ended the load', async () => {
    const cache = open().invocation(150);
    await expect(cache.wrap('k', never, TTL)).rejects.toThrow(LoadTimeoutError);
    await cache.close();
    expect(node.item('k')).toBeUndefined();
  });

  it('leaves a waiter in a short invocation the time to load by itself', async () => {
    await exchange(node, ['mg k N4 v\r\n']);
    const load = () => new Promise<string>((resolve) => setTimeout(resolve, 150, 'loaded'));
    expect(await open().invocation(1_000).wrap('k', load, TTL)).toBe('loaded');
  });

  it('gives the lease back where the value is too large, tells it once and hands it on', async () => {
    const opened = open();
    const large = 'x'.repeat(1_100_000);
    expect(await opened.cache.wrap('k', () => large, TTL)).toBe(large);
    expect(node.item('k')).toBeUndefined();
    expect(opened.events.filter(({ kind }) => kind === 'value-skipped')).toEqual([
      { kind: 'value-skipped', key: 'k', node: node.name, bytes: large.length },
    ]);
  });

  it('lets go of a load that its handler’s cache was closed on without failing the caller', async () => {
    const opened = open();
    const { load, started, finish } = heldLoader('value');
    const read = opened.cache.wrap('k', load, TTL);
    await started;
    await opened.close();
    finish();
    expect(await read).toBe('value');
  });

  it('loads without storing where the node does not answer', async () => {
    await node.kill();
    expect(await open().cache.read('k', () => 'loaded', TTL)).toMatchObject({
      kind: 'unavailable',
      value: 'loaded',
    });
  });

  it('loads without storing where the node has no room for a stub', async () => {
    node.faults.set({ kind: 'out-of-memory', times: 1 });
    expect(await open().cache.wrap('k', () => 'loaded', TTL)).toBe('loaded');
    expect(node.item('k')).toBeUndefined();
  });

  it('takes 1.6.12 without room for a stub for a node that is up', async () => {
    await using old = await startNode({ version: '1.6.12' });
    const opened = new LeasedCache([old]);
    caches.push(opened);
    await opened.cache.get('k');
    old.faults.set({ kind: 'out-of-memory', times: 1 });
    expect(await opened.cache.wrap('k', () => 'loaded', TTL)).toBe('loaded');
    expect(opened.events.map(({ kind }) => kind)).not.toContain('node-down');
  });

  it('leaves no lease that nobody holds where the answer came after the invocation’s time', async () => {
    const opened = open();
    await opened.cache.get('k');
    node.faults.set({ kind: 'slow', delayMillis: 80, times: 1 });
    await opened
      .invocation(30)
      .wrap('k', never, TTL)
      .catch(() => {});
    // On the same connection: what was late has come when this has.
    expect(await opened.cache.read('other')).toMatchObject({ kind: 'miss' });
    await opened.cache.read('other');
    expect(node.item('k')).toBeUndefined();
  });

  it('reads through with an AbortSignal under a lease, too', async () => {
    const { signal } = new AbortController();
    const { load, started, finish } = heldLoader('old');
    const read = open().cache.wrap('k', load, { ...TTL, signal });
    await started;
    const writer = open();
    // Committed elsewhere meanwhile: what was loaded before must not come back.
    await writer.cache.delete('k');
    finish();
    await read;
    expect(node.item('k')?.value.toString()).toBeUndefined();
  });

  it('has each invocation bounded by its own time, also where it joins another’s load', async () => {
    const opened = open();
    const { load, started, finish } = heldLoader('value');
    const short = opened.invocation(120).wrap('k', load, TTL);
    await started;
    const long = opened.invocation(5_000).wrap('k', load, TTL);
    await expect(short).rejects.toThrow(LoadTimeoutError);
    finish();
    expect(await long).toBe('value');
  });

  it('shortens a time to live by a tenth at the most, and never lengthens it', async () => {
    const opened = open();
    const ttlOf = async (key: string, chance: number, ttlSeconds: number, staleSeconds = 0) => {
      opened.chance = chance;
      await opened.cache.wrap(key, () => 'v', { ttlSeconds, staleSeconds });
      return node.item(key)?.ttlSeconds;
    };
    expect(await ttlOf('none', 0, 1_000)).toBe(1_000);
    expect(await ttlOf('half', 0.5, 1_000)).toBe(950);
    expect(await ttlOf('most', 1 - 2 ** -32, 1_000)).toBe(901);
    expect(await ttlOf('short', 1 - 2 ** -32, 1)).toBe(1);
    expect(await ttlOf('stale', 0.5, 1_000, 100)).toBe(1_050);
  });

  it('never stores for more than 30 days, and a value is fresh as long as it was asked to be', async () => {
    const { cache } = open();
    const options = { ttlSeconds: 3_600, staleSeconds: MAX_TTL_SECONDS };
    await cache.wrap('k', () => 'v', options);
    expect(node.item('k')?.ttlSeconds).toBe(MAX_TTL_SECONDS);
    clock.advance(3_599_000);
    expect(await cache.read('k', () => 'new', options)).toMatchObject({ kind: 'hit', value: 'v' });
    await cache.wrap('long', () => 'v', { ttlSeconds: MAX_TTL_SECONDS * 2 });
    expect(node.item('long')?.ttlSeconds).toBe(MAX_TTL_SECONDS);
  });

  describe('with stale values', () => {
    async function stale(value: unknown = 'old') {
      await open().cache.wrap('k', () => value, STALE);
      clock.advance(61_000);
    }
    const stored = () => node.item('k')?.value.toString();

    it('serves a fresh value as a hit until its time is over', async () => {
      const { cache } = open();
      await cache.wrap('k', () => 'old', STALE);
      expect(node.item('k')?.ttlSeconds).toBe(660);
      const unused = vi.fn();
      clock.advance(60_000);
      expect(await cache.read('k', unused, STALE)).toEqual({ kind: 'hit', value: 'old', node: node.name });
      expect(unused).not.toHaveBeenCalled();
    });

    it('serves the stale one at once to all, while one renews it beside them', async () => {
      await stale();
      const { load, started, finish } = heldLoader('new');
      const readers = [open(), open(), open()];
      const reads = await Promise.all(
        readers.flatMap(({ cache }) => [cache.read('k', load, STALE), cache.read('k', load, STALE)]),
      );
      for (const read of reads) expect(read).toEqual({ kind: 'stale', value: 'old', node: node.name });
      await started;
      expect(load).toHaveBeenCalledTimes(1);
      finish();
      await expect.poll(stored, { interval: 2 }).toBe('new');
      expect(await open().cache.read('k', load, STALE)).toMatchObject({ kind: 'hit', value: 'new' });
      expect(load).toHaveBeenCalledTimes(1);
    });

    it('keeps the stale one where renewing fails, tells it, and lets a later reader try again', async () => {
      await stale();
      const opened = open();
      for (let i = 1; i <= 3; i++) {
        const load = failing(`origin ${i}`);
        expect(await opened.cache.read('k', load, STALE)).toMatchObject({ kind: 'stale', value: 'old' });
        await opened.cache.settle(NEVER);
        expect(load).toHaveBeenCalledTimes(1);
      }
      expect(opened.events.filter(({ kind }) => kind === 'refresh-failed')).toMatchObject([
        { reason: 'origin 1' },
        { reason: 'origin 2' },
        { reason: 'origin 3' },
      ]);
      expect(node.item('k')).toMatchObject({ stale: true, leased: false, ttlSeconds: 599 });
      await opened.cache.read('k', () => 'new', STALE);
      await opened.cache.settle(NEVER);
      expect(await opened.cache.read('k', () => 'unused', STALE)).toMatchObject({
        kind: 'hit',
        value: 'new',
      });
    });

    it('keeps it no longer than its time, and then the loader’s error is the caller’s', async () => {
      await stale();
      const { cache } = open();
      expect(await cache.read('k', failing('origin'), STALE)).toMatchObject({ kind: 'stale' });
      await cache.settle(NEVER);
      clock.advance(599_000);
      await expect(cache.wrap('k', failing('origin'), STALE)).rejects.toThrow('origin');
      expect(node.item('k')).toBeUndefined();
    });

    it('drops it where the origin has no value any more', async () => {
      await stale();
      const { cache } = open();
      await cache.read('k', () => undefined, STALE);
      await cache.settle(NEVER);
      expect(node.item('k')).toBeUndefined();
    });

    it('does not bring an old value back over a delete that came while it was renewed', async () => {
      await stale();
      const { load, started, finish } = heldLoader('old, too');
      const { cache } = open();
      await cache.read('k', load, STALE);
      await started;
      await open().cache.delete('k');
      finish();
      await cache.settle(NEVER);
      expect(node.item('k')).toBeUndefined();
    });

    it('renews a stale value whose winner died once its lease is over', async () => {
      await stale();
      expect(await exchange(node, ['mg k N11 R600 v\r\n'])).toBe('VA 3 W\r\nold\r\n');
      const time = new TestClock();
      const { cache } = open({ clock: time });
      const load = vi.fn(() => 'new');
      for (let second = 0; second < 30 && load.mock.calls.length === 0; second++) {
        clock.advance(1_000);
        time.advance(1_000);
        expect(await cache.wrap('k', load, STALE)).toBe('old');
        await cache.settle(NEVER);
      }
      expect(load).toHaveBeenCalledTimes(1);
    });

    it('lets a later reader renew it where the invocation ended before the load', async () => {
      await stale();
      const opened = open();
      const first = opened.invocation(120);
      expect(await first.read('k', never, STALE)).toMatchObject({ kind: 'stale' });
      await first.settle(NEVER);
      const load = vi.fn(() => 'new');
      expect(await opened.invocation(5_000).read('k', load, STALE)).toMatchObject({ kind: 'stale' });
      await opened.cache.settle(NEVER);
      expect(load).toHaveBeenCalledTimes(1);
    });
  });

  describe('with an item that it cannot read', () => {
    beforeEach(() => exchange(node, ['set k 4242 0 7\r\nforeign\r\n']));

    it('loads and replaces it by compare-and-swap', async () => {
      const opened = open();
      expect(await opened.cache.read('k', () => 'ours', TTL)).toMatchObject({ kind: 'miss', value: 'ours' });
      expect(node.item('k')?.value.toString()).toBe('ours');
      expect(opened.events).toContainEqual(expect.objectContaining({ kind: 'value-undecodable', key: 'k' }));
    });

    it('does not replace what another client stored meanwhile', async () => {
      const { load, started, finish } = heldLoader('ours');
      const read = open().cache.wrap('k', load, TTL);
      await started;
      await exchange(node, ['set k 4242 0 5\r\nnewer\r\n']);
      finish();
      expect(await read).toBe('ours');
      expect(node.item('k')?.value.toString()).toBe('newer');
    });

    it('leaves it as it is for others where the loader fails', async () => {
      await expect(open().cache.wrap('k', failing('origin'), TTL)).rejects.toThrow('origin');
      expect(await exchange(node, ['get k\r\n'])).toBe('VALUE k 4242 7\r\nforeign\r\nEND\r\n');
    });
  });

  describe('without leases', () => {
    it('writes no stub but a lock beside it, loads, and stores', async () => {
      const { cache } = open({ leases: false });
      const { load, started, finish } = heldLoader('value');
      const read = cache.read('k', load, TTL);
      await started;
      expect(node.items()).toMatchObject([{ key: 'k~sl' }]);
      finish();
      expect(await read).toMatchObject({ kind: 'miss', value: 'value' });
      expect(node.items()).toMatchObject([{ key: 'k' }]);
      expect(await cache.get('k')).toBe('value');
    });

    it('loads once for all callers of one process', async () => {
      const { cache } = open({ leases: false });
      const { load, started, finish } = heldLoader('value');
      const reads = Array.from({ length: 20 }, () => cache.wrap('k', load, TTL));
      await started;
      finish();
      await Promise.all(reads);
      expect(load).toHaveBeenCalledTimes(1);
    });

    it.each(['memjs', 'auto'] as const)(
      'reads through an engine without meta commands (%s)',
      async (transport) => {
        await using old = await startNode({ version: '1.5.22' });
        const cache = createCache({ discovery: { nodes: [old.name] }, transport, logger: quiet });
        try {
          expect(await cache.read('k', () => 'loaded', TTL)).toMatchObject({ kind: 'miss', value: 'loaded' });
          expect(await cache.read('k', () => 'unused', TTL)).toMatchObject({ kind: 'hit', value: 'loaded' });
          await expect(cache.wrap('fails', failing('origin'), TTL)).rejects.toThrow('origin');
          expect(old.items().map(({ key }) => key)).toEqual(['k']);
        } finally {
          await cache.close();
        }
      },
    );

    it('loads once for all callers of one process over memjs', async () => {
      const cache = createCache({ discovery: { nodes: [node.name] }, transport: 'memjs', logger: quiet });
      const { load, started, finish } = heldLoader('value');
      const reads = Array.from({ length: 20 }, () => cache.wrap('k', load, TTL));
      await started;
      finish();
      await Promise.all(reads);
      await cache.close();
      expect(load).toHaveBeenCalledTimes(1);
    });
  });
});

describe('read-through under Middy', () => {
  function lambdaContext(remainingMillis: number): Context {
    const endsAt = performance.now() + remainingMillis;
    return { getRemainingTimeInMillis: () => endsAt - performance.now() } as unknown as Context;
  }
  let schemas = 0;
  async function served() {
    const clock = new ManualClock();
    const cluster = await startCluster({ nodes: 1, clock });
    const caches: Cache[] = [];
    onTestFinished(async () => {
      await Promise.all(caches.map((cache) => cache.close()));
      await cluster.close();
    });
    const schema = `leases-${++schemas}`;
    const invoke = (remainingMillis: number, work: (cache: Cache) => unknown): Promise<unknown> => {
      const handler = middy()
        .use(smearCache({ discovery: { nodes: cluster.names }, schema, logger: quiet }))
        .handler(async (_event: unknown, { cache }: { cache: Cache }) => {
          caches.push(cache);
          return work(cache);
        });
      return (handler as unknown as (event: unknown, context: Context) => Promise<unknown>)(
        {},
        lambdaContext(remainingMillis),
      );
    };
    const item = () => cluster.nodes[0]!.item(`${schema}:k`);
    return { clock, invoke, item };
  }

  it('settles a refresh in `after`, before the environment may freeze', async () => {
    const { clock, invoke, item } = await served();
    await invoke(5_000, (cache) => cache.wrap('k', () => 'old', STALE));
    clock.advance(61_000);
    const load = (): Promise<string> => new Promise((resolve) => setTimeout(resolve, 30, 'new'));
    expect(await invoke(5_000, (cache) => cache.wrap('k', load, STALE))).toBe('old');
    expect(item()?.value.toString()).toBe('new');
  });

  it('gives the lease of a load back that the handler did not await, and does not wait for it', async () => {
    const { invoke, item } = await served();
    const start = performance.now();
    await invoke(5_000, (cache) => {
      void cache.wrap('k', never, TTL).catch(() => {});
    });
    expect(performance.now() - start).toBeLessThan(1_000);
    expect(item()).toBeUndefined();
    expect(await invoke(5_000, (cache) => cache.wrap('k', () => 'value', TTL))).toBe('value');
  });

  it('ends within the invocation’s time where a refresh does not, and gives its lease back', async () => {
    const { clock, invoke, item } = await served();
    await invoke(5_000, (cache) => cache.wrap('k', () => 'old', STALE));
    clock.advance(61_000);
    const start = performance.now();
    expect(await invoke(250, (cache) => cache.wrap('k', never, STALE))).toBe('old');
    expect(performance.now() - start).toBeLessThan(250);
    expect(item()).toMatchObject({ leased: false, value: Buffer.from('old') });
  });
});

describe.skipIf(!memcachedAvailable)('read-through of several processes (needs memcached)', () => {
  const CALLERS = 25;
  const optionsFor = (names: readonly string[], more: CacheOptions = {}): CacheOptions => ({
    discovery: { nodes: names },
    operationTimeoutMillis: 2_000,
    connectTimeoutMillis: 2_000,
    ...more,
  });

  it.each([
    ['a plain key', []],
    ['a smeared key with copies', [{ key: 'hot', copies: 4 }]],
  ])('loads %s once for all of them', async (_what, keys) => {
    await using nodes = await startMemcachedCluster(4);
    await using started = await startLeaseWorkers(4, optionsFor(nodes.names, { smear: { keys } }));
    const { workers } = started;
    for (const [i, worker] of workers.entries())
      worker.tell({ kind: 'wrap', key: 'hot', callers: CALLERS, value: `of ${i}`, loadMillis: 200 });
    const done = await Promise.all(workers.map((worker) => worker.hears('done')));
    expect(done.map(({ loads }) => loads).reduce((sum, loads) => sum + loads)).toBe(1);
    const values = done.flatMap((report) => report.values);
    expect(values).toHaveLength(4 * CALLERS);
    expect(new Set(values).size).toBe(1);
  });

  it('goes on after the lease at the latest where the winner is killed', async () => {
    await using nodes = await startMemcachedCluster(2);
    const options = optionsFor(nodes.names, { loadTimeoutMillis: 1_500 });
    await using started = await startLeaseWorkers(3, options);
    const [winner, ...others] = started.workers;
    winner!.tell({
      kind: 'wrap',
      key: 'k',
      callers: 1,
      value: 'never',
      loadMillis: Number.POSITIVE_INFINITY,
    });
    await winner!.hears('loading');
    const start = performance.now();
    for (const worker of others)
      worker.tell({ kind: 'wrap', key: 'k', callers: CALLERS, value: 'after', loadMillis: 10 });
    await winner!.kill();
    const done = await Promise.all(others.map((worker) => worker.hears('done')));
    expect(performance.now() - start).toBeLessThan(3_500);
    for (const { values } of done) expect(new Set(values)).toEqual(new Set(['after']));
    expect(done.map(({ loads }) => loads).every((loads) => loads <= 1)).toBe(true);
  });
});
