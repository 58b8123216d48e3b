import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Clock, systemClock } from '../../src/base/clock.ts';
import { CacheError } from '../../src/base/errors.ts';
import type {
  NodeTransport,
  TransportListener,
  TransportOptions,
  WireItem,
} from '../../src/memcached/transport.ts';
import { startFaultyPeer } from '../support/faulty-peer.ts';
import { freePort, type Memcached, memcachedAvailable, startMemcached } from '../support/memcached.ts';
import { startTcpPeer } from '../support/tcp-peer.ts';

export interface OpenedTransport {
  readonly host: string;
  readonly port: number;
  readonly timeouts: TransportOptions;
  readonly clock: Clock;
  readonly listener: TransportListener;
}

const NEVER = Number.POSITIVE_INFINITY;
const TIMEOUTS = { connectTimeoutMillis: 2_000, operationTimeoutMillis: 2_000 };
const ITEM_LIMIT = 1024 * 1024;

const item = (value: string | Buffer, flags = 0, ttlSeconds = 60): WireItem => ({
  value: Buffer.from(value),
  flags,
  ttlSeconds,
});
/** Bytes that tell where they belong: each position of each key has its own. */
const patterned = (length: number, seed: number): Buffer =>
  Buffer.from(Array.from({ length }, (_, at) => (at * 31 + seed * 7 + (at >> 8)) & 0xff));

/** What every transport owes its caller, whatever it speaks. */
export function describeNodeTransport(name: string, open: (opened: OpenedTransport) => NodeTransport): void {
  describe.skipIf(!memcachedAvailable)(`the ${name} transport and a real node (needs memcached)`, () => {
    let node: Memcached;
    let transport: NodeTransport;
    let told: string[];
    let keys = 0;
    const fresh = (): string => `contract:${++keys}`;
    const listener: TransportListener = {
      answered: () => told.push('answered'),
      failed: () => told.push('failed'),
    };

    beforeAll(async () => {
      node = await startMemcached();
    });
    afterAll(() => node?.close());
    beforeEach(() => {
      told = [];
      transport = open({
        host: node.host,
        port: node.port,
        timeouts: TIMEOUTS,
        clock: systemClock,
        listener,
      });
    });
    afterEach(() => transport.close());

    const get = (key: string) => transport.get(key, NEVER);
    const set = (key: string, stored: WireItem) => transport.store('set', key, stored, NEVER);

    it('misses what is not there', async () => {
      expect(await get(fresh())).toEqual({ kind: 'miss' });
    });

    it('gives back bytes and flags as they were stored', async () => {
      const key = fresh();
      const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
      expect(await set(key, item(bytes, 0x1234))).toEqual({ kind: 'stored' });
      expect(await get(key)).toEqual({ kind: 'hit', value: bytes, flags: 0x1234 });
    });

    it.each([0, 1, 0x7fffffff, 0x80000000, 0x5c000002, 0xffffffff])(
      'keeps 32 bits of flags: %i',
      async (flags) => {
        const key = fresh();
        await set(key, item('v', flags));
        expect(await get(key)).toMatchObject({ kind: 'hit', flags });
      },
    );

    it.each([0, 1, 2, 1_399, 1_400, 16_384, 65_536, 500_000, ITEM_LIMIT - 1_000])(
      'carries a value of %i bytes',
      async (length) => {
        const key = fresh();
        const value = patterned(length, length);
        expect(await set(key, item(value))).toEqual({ kind: 'stored' });
        const outcome = await get(key);
        expect(outcome.kind === 'hit' && outcome.value.equals(value)).toBe(true);
      },
    );

    it('carries a value that looks like a line end, a reply or a command', async () => {
      for (const value of ['\r\n', '\r\nEND\r\n', 'HD\r\nVA 1 f0\r\n', 'set a 0 0 1\r\n', '\x81\0\0\0']) {
        const key = fresh();
        await set(key, item(value));
        expect(await get(key)).toMatchObject({ kind: 'hit', value: Buffer.from(value) });
      }
    });

    it.each(['k', 'k'.repeat(250), '!"#$%&()*+,-./;<=>?@[]^_`{|}~', 'naïve', '🔥日本語'])(
      'takes any key that passed `storageKey`: %s',
      async (key) => {
        expect(await set(key, item('v'))).toEqual({ kind: 'stored' });
        expect(await get(key)).toMatchObject({ kind: 'hit' });
        expect(await transport.delete(key, NEVER)).toEqual({ kind: 'deleted' });
      },
    );

    it('says that a value is too large, and goes on', async () => {
      const key = fresh();
      expect(await set(key, item(Buffer.alloc(ITEM_LIMIT + 1, 'x')))).toEqual({ kind: 'too-large' });
      expect(await get(key)).toEqual({ kind: 'miss' });
      expect(await set(key, item('fits'))).toEqual({ kind: 'stored' });
    });

    it('overwrites by `set`', async () => {
      const key = fresh();
      await set(key, item('one', 1));
      await set(key, item('two', 2));
      expect(await get(key)).toEqual({ kind: 'hit', value: Buffer.from('two'), flags: 2 });
    });

    it('adds only what is not there', async () => {
      const key = fresh();
      expect(await transport.store('add', key, item('one'), NEVER)).toEqual({ kind: 'stored' });
      expect(await transport.store('add', key, item('two'), NEVER)).toEqual({ kind: 'refused' });
      expect(await get(key)).toMatchObject({ value: Buffer.from('one') });
    });

    it('replaces only what is there', async () => {
      const key = fresh();
      expect(await transport.store('replace', key, item('one'), NEVER)).toEqual({ kind: 'refused' });
      expect(await get(key)).toEqual({ kind: 'miss' });
      await set(key, item('one'));
      expect(await transport.store('replace', key, item('two'), NEVER)).toEqual({ kind: 'stored' });
      expect(await get(key)).toMatchObject({ value: Buffer.from('two') });
    });

    it('deletes, and says what was not there', async () => {
      const key = fresh();
      await set(key, item('v'));
      expect(await transport.delete(key, NEVER)).toEqual({ kind: 'deleted' });
      expect(await transport.delete(key, NEVER)).toEqual({ kind: 'not-found' });
      expect(await get(key)).toEqual({ kind: 'miss' });
    });

    it('replaces by its number only the item that was read', async () => {
      const key = fresh();
      expect(await transport.getWithCas(key, NEVER)).toEqual({ kind: 'miss' });
      await set(key, item('one', 7));
      const read = await transport.getWithCas(key, NEVER);
      expect(read).toMatchObject({ kind: 'hit', value: Buffer.from('one'), flags: 7 });
      const { cas } = read as { cas: string };
      expect(await transport.fill(key, item('two', 8), cas, NEVER)).toEqual({ kind: 'stored' });
      expect(await transport.fill(key, item('three'), cas, NEVER)).toEqual({ kind: 'refused' });
      expect(await get(key)).toEqual({ kind: 'hit', value: Buffer.from('two'), flags: 8 });
      const { cas: next } = (await transport.getWithCas(key, NEVER)) as { cas: string };
      await transport.delete(key, NEVER);
      expect(await transport.fill(key, item('four'), next, NEVER)).toEqual({ kind: 'refused' });
      expect(await get(key)).toEqual({ kind: 'miss' });
    });

    it('says that a swap is too large', async () => {
      const key = fresh();
      await set(key, item('v'));
      const { cas } = (await transport.getWithCas(key, NEVER)) as { cas: string };
      const large = item(Buffer.alloc(ITEM_LIMIT + 1, 'x'));
      expect(await transport.fill(key, large, cas, NEVER)).toEqual({ kind: 'too-large' });
    });

    it('takes an item away by its number, and no other', async () => {
      const key = fresh();
      await set(key, item('one'));
      const { cas } = (await transport.look(key, undefined, NEVER)) as { cas: string };
      await set(key, item('two'));
      expect(await transport.giveBack(key, cas, false, NEVER)).toEqual({ kind: 'not-found' });
      const { cas: next } = (await transport.look(key, undefined, NEVER)) as { cas: string };
      expect(await transport.giveBack(key, next, false, NEVER)).toEqual({ kind: 'deleted' });
      expect(await get(key)).toEqual({ kind: 'miss' });
    });

    it('takes no number from a connection that is gone: the node may have been started anew', async () => {
      await using between = await startFaultyPeer(node);
      const { host, port } = between;
      const other = open({ host, port, timeouts: TIMEOUTS, clock: systemClock, listener });
      const key = fresh();
      await other.store('set', key, item('v'), NEVER);
      const { cas } = (await other.getWithCas(key, NEVER)) as { cas: string };
      between.drop('rst');
      // A read finds the connection gone, and gets a new one.
      await expect.poll(() => other.get(key, NEVER)).toMatchObject({ kind: 'hit' });
      expect(between.sockets.length).toBeGreaterThan(1);
      expect(await other.fill(key, item('w'), cas, NEVER)).toEqual({ kind: 'refused' });
      expect(await get(key)).toMatchObject({ value: Buffer.from('v') });
      await other.close();
    });

    it.each([
      ['', 0],
      ['', 0x5c000003],
      ['four', 9],
      ['x'.repeat(100_000), 0],
    ])('looks at size and flags: %#', async (value, flags) => {
      const key = fresh();
      expect(await transport.look(key, undefined, NEVER)).toEqual({ kind: 'miss' });
      await set(key, item(value, flags));
      const bytes = value.length;
      expect(await transport.look(key, undefined, NEVER)).toMatchObject({ kind: 'found', bytes, flags });
      const { cas } = (await transport.look(key, 30, NEVER)) as { cas: string };
      expect(await transport.getWithCas(key, NEVER)).toMatchObject({ value: Buffer.from(value), flags, cas });
    });

    it('touches: an item ends sooner or later than it would have', { timeout: 10_000 }, async () => {
      const [shorter, longer, absent] = [fresh(), fresh(), fresh()];
      await set(shorter, item('v', 0, 60));
      await set(longer, item('v', 0, 1));
      expect(await transport.look(shorter, 1, NEVER)).toMatchObject({ kind: 'found', bytes: 1 });
      expect(await transport.look(longer, 2_592_000, NEVER)).toMatchObject({ kind: 'found', bytes: 1 });
      expect(await transport.look(absent, 60, NEVER)).toEqual({ kind: 'miss' });
      await expect.poll(() => get(shorter), { interval: 50, timeout: 4_000 }).toEqual({ kind: 'miss' });
      expect(await get(longer)).toMatchObject({ kind: 'hit' });
      expect(await get(absent)).toEqual({ kind: 'miss' });
    });

    it('counts up and down, not below 0, and keeps the flags', async () => {
      const key = fresh();
      const count = (direction: 'up' | 'down', by: number) => transport.count(key, direction, by, NEVER);
      expect(await count('up', 1)).toEqual({ kind: 'not-found' });
      expect(await get(key)).toEqual({ kind: 'miss' });
      await set(key, item('10', 0x5c000002));
      expect(await count('up', 5)).toEqual({ kind: 'counted', value: 15 });
      expect(await count('up', 0)).toEqual({ kind: 'counted', value: 15 });
      expect(await count('down', 6)).toEqual({ kind: 'counted', value: 9 });
      expect(await get(key)).toMatchObject({ flags: 0x5c000002 });
      expect(await count('down', 10)).toEqual({ kind: 'counted', value: 0 });
      expect(await count('up', 2 ** 32)).toEqual({ kind: 'counted', value: 2 ** 32 });
      expect(await count('up', 5)).toEqual({ kind: 'counted', value: 2 ** 32 + 5 });
    });

    it('gives no number that it cannot hold, and 64 bits go on at 0', async () => {
      const key = fresh();
      const most = Number.MAX_SAFE_INTEGER;
      await set(key, item('0'));
      expect(await transport.count(key, 'up', most, NEVER)).toEqual({ kind: 'counted', value: most });
      expect(await transport.count(key, 'up', 1, NEVER)).toEqual({ kind: 'refused' });
      expect(await transport.count(key, 'up', 1, NEVER)).toEqual({ kind: 'refused' });
      expect(await get(key)).toMatchObject({ value: Buffer.from('9007199254740993') });
      expect(await transport.count(key, 'down', 2, NEVER)).toEqual({ kind: 'counted', value: most });
      await set(key, item('18446744073709551615'));
      expect(await transport.count(key, 'up', 3, NEVER)).toEqual({ kind: 'counted', value: 2 });
    });

    it.each(['', 'seven', '-1', '1.5', '"7"', '99999999999999999999999'])(
      'refuses to count what is no number, and goes on: %s',
      async (value) => {
        const [key, other] = [fresh(), fresh()];
        await set(key, item(value));
        await set(other, item('1'));
        const outcomes = await Promise.all([
          transport.count(other, 'up', 1, NEVER),
          transport.count(key, 'up', 1, NEVER),
          transport.count(key, 'down', 1, NEVER),
          get(other),
        ]);
        expect(outcomes.map(({ kind }) => kind)).toEqual(['counted', 'refused', 'refused', 'hit']);
        expect(await get(key)).toMatchObject({ value: Buffer.from(value) });
        expect(told).toEqual(['answered']);
      },
    );

    it('sends no count and no swap twice', async () => {
      await using between = await startFaultyPeer(node);
      const { host, port } = between;
      const other = open({ host, port, timeouts: TIMEOUTS, clock: systemClock, listener });
      const [counter, swapped] = [fresh(), fresh()];
      await set(counter, item('5'));
      await set(swapped, item('one'));
      const lose = async <T>(call: () => Promise<T>): Promise<T> => {
        await expect.poll(() => other.get(counter, NEVER)).toMatchObject({ kind: 'hit' });
        const calling = call();
        between.set({ replyBytes: 0, afterReply: 'fin' });
        const outcome = await calling;
        between.set({});
        return outcome;
      };
      expect(await lose(() => other.count(counter, 'up', 1, NEVER))).toMatchObject({ kind: 'unavailable' });
      expect(await get(counter)).toMatchObject({ value: Buffer.from('6') });
      await expect.poll(() => other.get(counter, NEVER)).toMatchObject({ kind: 'hit' });
      const { cas } = (await other.getWithCas(swapped, NEVER)) as { cas: string };
      const swap = await lose(() => other.fill(swapped, item('two'), cas, NEVER));
      expect(swap).toMatchObject({ kind: 'unavailable' });
      expect(await get(swapped)).toMatchObject({ value: Buffer.from('two') });
      await other.close();
    });

    describe('whose samples are counted', () => {
      const sample = (key: string, by: number, windowSeconds = 60) =>
        transport.sample(key, windowSeconds, by, NEVER);
      /** The rest is for transports with counters; those without say so, and leave nothing. */
      const counts = async (key: string): Promise<boolean> => {
        if (transport.capabilities.counters) return true;
        expect(await sample(key, 1)).toEqual({ kind: 'unsupported' });
        expect(await get(key)).toEqual({ kind: 'miss' });
        return false;
      };
      const remaining = async (counting: ReturnType<typeof sample>): Promise<number> => {
        const outcome = await counting;
        if (outcome.kind !== 'counted') throw new Error(outcome.kind);
        return outcome.remainingSeconds;
      };

      it('begins with the first, adds the others, and looks', async () => {
        const [key, other] = [fresh(), fresh()];
        if (!(await counts(key))) return;
        expect(await sample(key, 7)).toMatchObject({ kind: 'counted', value: 7 });
        expect(await sample(key, 0)).toMatchObject({ kind: 'counted', value: 7 });
        expect(await sample(key, 1)).toMatchObject({ kind: 'counted', value: 8 });
        expect(await sample(key, 2 ** 32)).toMatchObject({ kind: 'counted', value: 2 ** 32 + 8 });
        expect(await sample(other, 0)).toMatchObject({ kind: 'counted', value: 0 });
        const many = await Promise.all(Array.from({ length: 50 }, () => sample(other, 3)));
        expect(many.map((outcome) => outcome.kind === 'counted' && outcome.value)).toEqual(
          many.map((_, i) => 3 * (i + 1)),
        );
      });

      it('tells what the window has left, which no further sample prolongs', async () => {
        const key = fresh();
        if (!(await counts(key))) return;
        const left = await remaining(sample(key, 1, 60));
        // The node's clock ticks once a second, and may just have.
        expect([59, 60]).toContain(left);
        for (const windowSeconds of [60, 5, 1_000]) {
          const later = await remaining(sample(key, 1, windowSeconds));
          expect(later).toBeLessThanOrEqual(left);
          expect(later).toBeGreaterThan(left - 5);
        }
      });

      it('forgets them after the window', { timeout: 10_000 }, async () => {
        const key = fresh();
        if (!(await counts(key))) return;
        const lasting = fresh();
        await sample(lasting, 5);
        await sample(key, 5, 2);
        await expect
          .poll(() => sample(key, 0, 60), { interval: 50, timeout: 5_000 })
          .toMatchObject({ value: 0 });
        expect(await remaining(sample(key, 0))).toBeGreaterThan(50);
        expect(await sample(lasting, 1)).toMatchObject({ value: 6 });
      });

      it.each(['', 'seven', '[1,[]]', '-1', '99999999999999999999999'])(
        'refuses where there is no counter but %j, and goes on',
        async (value) => {
          const [key, other] = [fresh(), fresh()];
          if (!(await counts(key))) return;
          await set(key, item(value));
          const outcomes = await Promise.all([sample(other, 1), sample(key, 1), sample(other, 1)]);
          expect(outcomes.map(({ kind }) => kind)).toEqual(['counted', 'refused', 'counted']);
          expect(await get(key)).toMatchObject({ value: Buffer.from(value) });
          expect(told).toEqual(['answered']);
        },
      );

      it('refuses a number that it cannot tell', async () => {
        const key = fresh();
        if (!(await counts(key))) return;
        await set(key, item(`${Number.MAX_SAFE_INTEGER}`));
        expect(await sample(key, 0)).toMatchObject({ value: Number.MAX_SAFE_INTEGER });
        expect(await sample(key, 1)).toEqual({ kind: 'refused' });
      });

      it('sends no sample twice', async () => {
        const key = fresh();
        if (!(await counts(key))) return;
        await using between = await startFaultyPeer(node);
        const { host, port } = between;
        const other = open({ host, port, timeouts: TIMEOUTS, clock: systemClock, listener });
        expect(await other.sample(key, 60, 5, NEVER)).toMatchObject({ value: 5 });
        // One reply is lost with its connection; the next connection is sound.
        const lost = (): Buffer => {
          between.set({});
          between.drop('fin');
          return Buffer.alloc(0);
        };
        between.set({ edit: lost });
        expect(await other.sample(key, 60, 5, NEVER)).toMatchObject({ kind: 'unavailable' });
        expect(await sample(key, 0)).toMatchObject({ value: 10 });
        await other.close();
      });
    });

    it('tells what time an item has left to who reads it to replace it', async () => {
      const key = fresh();
      await set(key, item('v', 7, 60));
      const read = await transport.getWithCas(key, NEVER);
      const { ttlSeconds } = read as { ttlSeconds?: number };
      expect([59, 60]).toContain(transport.capabilities.remainingTtl ? ttlSeconds : 60);
      expect(read).not.toMatchObject({ leased: true });
    });

    it('tells who reads an item to replace it that somebody renews it, or should', async () => {
      if (!transport.capabilities.leases) return;
      const [renewed, given, absent] = [fresh(), fresh(), fresh()];
      for (const key of [renewed, given]) {
        await set(key, item('v', 7, 60));
        expect(await transport.getWithCas(key, NEVER)).toMatchObject({ kind: 'hit', leased: false });
        expect(await transport.lease(key, 10, 100, NEVER)).toMatchObject({ kind: 'hit', won: true });
        expect(await transport.getWithCas(key, NEVER)).toMatchObject({ kind: 'hit', leased: true });
      }
      const { cas } = (await transport.getWithCas(given, NEVER)) as { cas: string };
      await transport.giveBack(given, cas, true, NEVER);
      expect(await transport.getWithCas(given, NEVER)).toMatchObject({ kind: 'hit', leased: true });
      await set(renewed, item('w', 7, 60));
      expect(await transport.getWithCas(renewed, NEVER)).toMatchObject({ kind: 'hit', leased: false });
      await transport.lease(absent, 10, 0, NEVER);
      expect(await transport.getWithCas(absent, NEVER)).toMatchObject({ kind: 'hit', leased: true });
    });

    it('lets an item end after its time to live', { timeout: 10_000 }, async () => {
      const key = fresh();
      const lasting = fresh();
      await set(key, item('v', 0, 1));
      await set(lasting, item('v', 0, 2_592_000));
      // The node's clock ticks once a second.
      await expect.poll(() => get(key), { interval: 50, timeout: 4_000 }).toEqual({ kind: 'miss' });
      expect(await get(lasting)).toMatchObject({ kind: 'hit' });
    });

    it('reads many keys in their order, hits and misses as they are', async () => {
      const present = Array.from({ length: 50 }, fresh);
      await Promise.all(present.map((key, i) => set(key, item(`value ${i}`, i))));
      const asked = present.flatMap((key) => [key, `${key}:absent`]).toReversed();
      const outcomes = await transport.getMany(asked, NEVER);
      expect(outcomes).toEqual(
        asked.map((key) => {
          const at = present.indexOf(key);
          return at < 0 ? { kind: 'miss' } : { kind: 'hit', value: Buffer.from(`value ${at}`), flags: at };
        }),
      );
    });

    it('reads one key that is asked for twice, twice', async () => {
      const key = fresh();
      await set(key, item('v'));
      const outcomes = await transport.getMany([key, key], NEVER);
      expect(outcomes.map(({ kind }) => kind)).toEqual(['hit', 'hit']);
    });

    it('reads no keys', async () => {
      expect(await transport.getMany([], NEVER)).toEqual([]);
    });

    it('gives each of many in flight its own value, whatever their sizes', async () => {
      const sizes = Array.from({ length: 300 }, (_, i) => (i % 17 === 0 ? 40_000 + i : (i * 37) % 2_000));
      const all = sizes.map((size, i) => ({ key: fresh(), value: patterned(size, i) }));
      await Promise.all(all.map(({ key, value }) => set(key, item(value))));
      const outcomes = await Promise.all(all.map(({ key }) => get(key)));
      const wrong = outcomes.filter(
        (outcome, i) => outcome.kind !== 'hit' || !outcome.value.equals(all[i]!.value),
      );
      expect(wrong).toEqual([]);
    });

    it('keeps the order of calls that follow each other without waiting', async () => {
      const key = fresh();
      const outcomes = await Promise.all([
        set(key, item('one')),
        get(key),
        transport.delete(key, NEVER),
        get(key),
        transport.store('add', key, item('two'), NEVER),
        get(key),
      ]);
      expect(outcomes.map(({ kind }) => kind)).toEqual(['stored', 'hit', 'deleted', 'miss', 'stored', 'hit']);
    });

    it('hands over values that the caller may keep and change', async () => {
      const [one, other] = [fresh(), fresh()];
      await set(one, item('aaaa'));
      await set(other, item('bbbb'));
      const [first, second] = await transport.getMany([one, other], NEVER);
      if (first?.kind !== 'hit' || second?.kind !== 'hit') throw new Error('both are there');
      first.value.fill('x');
      expect(second.value.toString()).toBe('bbbb');
      expect(await get(one)).toMatchObject({ value: Buffer.from('aaaa') });
    });

    it('tells that a fresh connection answered, once', async () => {
      await get(fresh());
      await get(fresh());
      expect(told).toEqual(['answered']);
    });

    it('opens no connection before it is used', async () => {
      await using peer = await startTcpPeer(() => {});
      const unused = open({
        host: peer.host,
        port: peer.port,
        timeouts: TIMEOUTS,
        clock: systemClock,
        listener,
      });
      await new Promise((resolve) => setImmediate(resolve));
      expect(peer.sockets).toHaveLength(0);
      await unused.close();
    });

    it('settles every call after it was closed, as unavailable', async () => {
      await get(fresh());
      await transport.close();
      expect(await get('k')).toMatchObject({ kind: 'unavailable', error: expect.any(CacheError) });
      expect(await set('k', item('v'))).toMatchObject({ kind: 'unavailable' });
      expect(await transport.delete('k', NEVER)).toMatchObject({ kind: 'unavailable' });
      expect(await transport.getWithCas('k', NEVER)).toMatchObject({ kind: 'unavailable' });
      expect(await transport.look('k', undefined, NEVER)).toMatchObject({ kind: 'unavailable' });
      expect(await transport.count('k', 'up', 1, NEVER)).toMatchObject({ kind: 'unavailable' });
      if (transport.capabilities.counters) {
        expect(await transport.sample('k', 60, 1, NEVER)).toMatchObject({ kind: 'unavailable' });
      }
      expect((await transport.getMany(['a', 'b'], NEVER)).map(({ kind }) => kind)).toEqual([
        'unavailable',
        'unavailable',
      ]);
      transport.rest();
      await transport.close();
    });

    it('serves on after it rested', async () => {
      const key = fresh();
      await set(key, item('v'));
      transport.rest();
      expect(await get(key)).toMatchObject({ kind: 'hit' });
    });

    it('settles what is in flight when it is closed', async () => {
      const key = fresh();
      const inFlight = [get(key), set(key, item('v')), transport.delete(key, NEVER)];
      await transport.close();
      for (const { kind } of await Promise.all(inFlight)) {
        expect(['unavailable', 'miss', 'stored', 'deleted', 'not-found']).toContain(kind);
      }
    });

    it('is unavailable at once, and tells so, where the node refuses connections', async () => {
      const port = await freePort();
      const refused = open({ host: '127.0.0.1', port, timeouts: TIMEOUTS, clock: systemClock, listener });
      const start = performance.now();
      expect(await refused.get('k', NEVER)).toMatchObject({
        kind: 'unavailable',
        error: { message: expect.stringContaining('ECONNREFUSED') },
      });
      expect(performance.now() - start).toBeLessThan(190);
      expect(told).toEqual(['failed']);
      await refused.close();
    });

    describe('and a peer that accepts and says nothing', () => {
      const silent = (operationTimeoutMillis: number, connectTimeoutMillis = operationTimeoutMillis) =>
        startTcpPeer(() => {}).then((peer) => ({
          peer,
          transport: open({
            host: peer.host,
            port: peer.port,
            timeouts: { operationTimeoutMillis, connectTimeoutMillis },
            clock: systemClock,
            listener,
          }),
        }));

      it('is unavailable within the time-outs, and tells so once', async () => {
        const { peer, transport: waiting } = await silent(50);
        const start = performance.now();
        const outcomes = await Promise.all([
          waiting.get('a', NEVER),
          waiting.store('set', 'b', item('v'), NEVER),
          waiting.delete('c', NEVER),
          waiting.getWithCas('f', NEVER),
          waiting.look('g', 60, NEVER),
          waiting.count('h', 'down', 1, NEVER),
          ...(await waiting.getMany(['d', 'e'], NEVER)),
        ]);
        expect(outcomes.map(({ kind }) => kind)).toEqual(Array.from({ length: 8 }, () => 'unavailable'));
        expect(performance.now() - start).toBeLessThan(1_000);
        expect(told).toEqual(['failed']);
        await waiting.close();
        await peer.close();
      });

      it('outlives no `endsAt`, which says nothing about the node', async () => {
        const { peer, transport: waiting } = await silent(5_000);
        const start = performance.now();
        expect(await waiting.get('k', systemClock.monotonic() + 40)).toMatchObject({ kind: 'unavailable' });
        const took = performance.now() - start;
        expect(took).toBeGreaterThan(35);
        expect(took).toBeLessThan(1_000);
        expect(told).toEqual([]);
        await waiting.close();
        await peer.close();
      });

      it('settles calls whose `endsAt` has passed already', async () => {
        const { peer, transport: waiting } = await silent(5_000);
        const start = performance.now();
        const past = systemClock.monotonic() - 1;
        expect(await waiting.get('k', past)).toMatchObject({ kind: 'unavailable' });
        expect((await waiting.getMany(['k'], past))[0]).toMatchObject({ kind: 'unavailable' });
        expect(performance.now() - start).toBeLessThan(1_000);
        await waiting.close();
        await peer.close();
      });

      it('settles what waits when it is closed, long before its time-outs', async () => {
        const { peer, transport: waiting } = await silent(60_000);
        const calls = [waiting.get('a', NEVER), waiting.delete('b', NEVER)];
        await waiting.close();
        expect((await Promise.all(calls)).map(({ kind }) => kind)).toEqual(['unavailable', 'unavailable']);
        await peer.close();
      });
    });

    describe('and an environment that was frozen for minutes', () => {
      it('trusts no connection from before, and marks no node down for it', async () => {
        await using between = await startFaultyPeer(node);
        let wall = 1_000_000;
        const clock: Clock = { monotonic: systemClock.monotonic, wall: () => wall };
        const thawed = open({ host: between.host, port: between.port, timeouts: TIMEOUTS, clock, listener });
        const absent = fresh();
        expect(await thawed.get(absent, NEVER)).toEqual({ kind: 'miss' });
        between.set({ requests: 'swallow' });
        // An invocation that ends before its call is answered leaves nothing behind that looks alive.
        expect(await thawed.get(absent, systemClock.monotonic() + 20)).toMatchObject({ kind: 'unavailable' });
        thawed.rest();
        wall += 10 * 60_000;
        between.set({});
        expect(await thawed.get(absent, NEVER)).toEqual({ kind: 'miss' });
        expect(told).toEqual(['answered', 'answered']);
        await thawed.close();
      });
    });

    it('takes no number from before a freeze, in which the node may have been started anew', async () => {
      let wall = 1_000_000;
      const clock: Clock = { monotonic: systemClock.monotonic, wall: () => wall };
      const thawed = open({ host: node.host, port: node.port, timeouts: TIMEOUTS, clock, listener });
      const key = fresh();
      await thawed.store('set', key, item('v'), NEVER);
      const { cas } = (await thawed.getWithCas(key, NEVER)) as { cas: string };
      const { cas: seen } = (await thawed.look(key, undefined, NEVER)) as { cas: string };
      wall += 10 * 60_000;
      expect(await thawed.fill(key, item('w'), cas, NEVER)).toEqual({ kind: 'refused' });
      expect(await thawed.giveBack(key, seen, false, NEVER)).toEqual({ kind: 'not-found' });
      expect(await get(key)).toMatchObject({ value: Buffer.from('v') });
      await thawed.close();
    });

    it('spares the calls of other invocations when one’s time is over', async () => {
      await using between = await startFaultyPeer(node);
      const { host, port } = between;
      const shared = open({ host, port, timeouts: TIMEOUTS, clock: systemClock, listener });
      const [one, other] = [fresh(), fresh()];
      await shared.store('set', other, item('v'), NEVER);
      between.set({ requests: 'keep' });
      const short = shared.get(one, systemClock.monotonic() + 30);
      const long = shared.get(other, NEVER);
      expect(await short).toMatchObject({ kind: 'unavailable' });
      between.set({});
      expect(await long).toMatchObject({ kind: 'hit', value: Buffer.from('v') });
      expect(told).toEqual(['answered']);
      await shared.close();
    });
  });
}
