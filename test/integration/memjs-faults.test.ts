import net from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Clock, systemClock } from '../../src/base/clock.ts';
import type { FetchOutcome } from '../../src/base/outcome.ts';
import { loadMemjs } from '../../src/memcached/memjs-module.ts';
import { MemjsTransport } from '../../src/memcached/memjs-transport.ts';
import { storageKey } from '../../src/memcached/storage-key.ts';
import type { TransportListener } from '../../src/memcached/transport.ts';
import { type FaultyPeer, startFaultyPeer } from '../support/faulty-peer.ts';
import { freePort, type Memcached, memcachedAvailable, startMemcached } from '../support/memcached.ts';
import { startTcpPeer } from '../support/tcp-peer.ts';

const memjs = await loadMemjs();
const NEVER = Number.POSITIVE_INFINITY;
const TIMEOUTS = { connectTimeoutMillis: 100, operationTimeoutMillis: 100 };
/** Far below the 200 ms that memjs sleeps before it tries again. */
const AT_ONCE = 190;

const bytesOf = (length: number, seed: number): Buffer =>
  Buffer.from(Array.from({ length }, (_, at) => (at * 31 + seed * 101 + (at >> 8) * 7) & 0xff));

async function timed<T>(work: Promise<T>): Promise<{ outcome: T; took: number }> {
  const start = performance.now();
  return { outcome: await work, took: performance.now() - start };
}

/** Resolves after the loop has read all sockets twice: what was sent on loopback has been seen. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

describe.skipIf(!memcachedAvailable)(
  'what memjs does wrong does not reach the caller (needs memcached)',
  () => {
    let node: Memcached;
    let peer: FaultyPeer;
    let transport: MemjsTransport;
    let told: string[];
    const surprises: unknown[] = [];
    const surprised = (reason: unknown): void => void surprises.push(reason);
    const listener: TransportListener = {
      answered: () => void told.push('answered'),
      failed: (error) => void told.push(`failed: ${error.code}`),
    };
    const over = (at: { host: string; port: number }, clock: Clock = systemClock): MemjsTransport =>
      new MemjsTransport(memjs, at.host, at.port, TIMEOUTS, clock, listener);
    const get = (key: string): Promise<FetchOutcome> => transport.get(key, NEVER);
    const put = (key: string, value: Buffer) =>
      transport.store('set', key, { value, flags: 0, ttlSeconds: 60 }, NEVER);

    beforeAll(async () => {
      process.on('unhandledRejection', surprised);
      process.on('uncaughtException', surprised);
      node = await startMemcached();
      peer = await startFaultyPeer(node);
    });

    afterAll(async () => {
      await peer?.close();
      await node?.close();
      process.off('unhandledRejection', surprised);
      process.off('uncaughtException', surprised);
    });

    beforeEach(() => {
      told = [];
      peer.set({});
      transport = over(peer);
    });

    afterEach(async () => {
      await transport.close();
      await turns();
      expect(surprises).toEqual([]);
    });

    it('a value that stalls half way is never glued to the next reply', async () => {
      const values = new Map(Array.from({ length: 6 }, (_, i) => [`big:${i}`, bytesOf(50_000, i)]));
      for (const [key, value] of values) await put(key, value);
      for (const cut of [1, 23, 24, 27, 28, 19_972, 50_000]) {
        peer.set({ replyBytes: cut });
        expect(await get('big:0')).toMatchObject({ kind: 'unavailable' });
        peer.set({});
        for (const [key, value] of values) {
          const outcome = await get(key);
          expect(outcome.kind === 'hit' && outcome.value.equals(value), `${key} after ${cut} bytes`).toBe(
            true,
          );
        }
      }
    });

    it('a value that stalls fails all that waits behind it, and none gets another’s bytes', async () => {
      const keys = Array.from({ length: 20 }, (_, i) => `stall:${i}`);
      await Promise.all(keys.map((key, i) => put(key, bytesOf(3_000, i))));
      peer.set({ replyBytes: 30_500 });
      const outcomes = await Promise.all(keys.map(get));
      expect(outcomes.filter(({ kind }) => kind === 'unavailable').length).toBeGreaterThan(0);
      for (const [i, outcome] of outcomes.entries()) {
        if (outcome.kind === 'hit') expect(outcome.value.equals(bytesOf(3_000, i))).toBe(true);
        else expect(outcome.kind).toBe('unavailable');
      }
    });

    it.each(['fin', 'rst'] as const)('a request that the peer answers by %s settles', async (how) => {
      peer.set({ requests: how });
      const { outcome, took } = await timed(get('k'));
      expect(outcome).toMatchObject({ kind: 'unavailable' });
      expect(took).toBeLessThan(AT_ONCE);
    });

    it.each(['fin', 'rst'] as const)(
      'a request on a connection that had worked settles when the peer answers by %s',
      async (how) => {
        await put('k', Buffer.from('v'));
        peer.set({ requests: how });
        const { outcome, took } = await timed(get('k'));
        expect(outcome).toMatchObject({ kind: 'unavailable' });
        expect(took).toBeLessThan(AT_ONCE);
        peer.set({});
        expect(await get('k')).toMatchObject({ kind: 'hit' });
      },
    );

    it.each(['fin', 'rst'] as const)('a reply that is cut by %s half way is no value', async (how) => {
      await put('k', bytesOf(10_000, 1));
      peer.set({ replyBytes: 5_000, afterReply: how });
      expect(await get('k')).toMatchObject({ kind: 'unavailable' });
      peer.set({});
      const outcome = await get('k');
      expect(outcome.kind === 'hit' && outcome.value.equals(bytesOf(10_000, 1))).toBe(true);
    });

    it('calls after a close settle, and open no connection', async () => {
      await put('k', Buffer.from('v'));
      const connections = peer.sockets.length;
      await transport.close();
      expect(await get('k')).toMatchObject({ kind: 'unavailable', error: { code: 'CLOSED' } });
      await turns();
      expect(peer.sockets).toHaveLength(connections);
    });

    it.each([
      ['empty', ''],
      ['too long', 'k'.repeat(251)],
      ['far too long', 'k'.repeat(70_000)],
      ['with spaces and line ends', 'a b\r\nc'],
    ])('a key that is %s neither fails nor hangs this call or the next', async (_what, key) => {
      const stored = storageKey('', key);
      expect(await put(stored, Buffer.from('v'))).toEqual({ kind: 'stored' });
      expect(await get(stored)).toMatchObject({ kind: 'hit' });
      expect(await get('next')).toEqual({ kind: 'miss' });
    });

    it('a key that should never have come this far hangs neither its own call nor the next', async () => {
      const outcomes = await Promise.all([get('k'.repeat(251)), get(''), get('after')]);
      expect(outcomes.every(({ kind }) => kind === 'unavailable' || kind === 'miss')).toBe(true);
      expect(await get('next')).toEqual({ kind: 'miss' });
    });

    it('time-outs fire under load: each call to a stopped node is bounded by its own deadline', async () => {
      const stopped = await startMemcached();
      const loaded = over(stopped);
      await loaded.get('warm', NEVER);
      stopped.kill('SIGSTOP');
      const calls: Promise<{ outcome: FetchOutcome; took: number }>[] = [];
      for (let i = 0; i < 60; i++) {
        calls.push(timed(loaded.get('k', NEVER)));
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      const settled = await Promise.all(calls);
      // The first may still be answered: a process stops a moment after it is told to.
      expect(settled.slice(20).every(({ outcome }) => outcome.kind === 'unavailable')).toBe(true);
      // One time-out to connect and one to be answered, and no more.
      expect(Math.max(...settled.map(({ took }) => took))).toBeLessThan(400);
      expect(told.filter((line) => line.startsWith('failed')).length).toBeGreaterThan(1);
      stopped.kill('SIGCONT');
      await expect.poll(async () => (await loaded.get('k', NEVER)).kind).toBe('miss');
      await loaded.close();
      await stopped.close();
    });

    it('a refused connection fails at once, without a sleep, each time', async () => {
      const refused = over({ host: '127.0.0.1', port: await freePort() });
      for (let i = 0; i < 3; i++) {
        const { outcome, took } = await timed(refused.get('k', NEVER));
        expect(outcome).toMatchObject({ kind: 'unavailable', error: { code: 'NODE_CONNECTION' } });
        expect(took).toBeLessThan(AT_ONCE);
      }
      expect(told).toEqual(['failed: NODE_CONNECTION', 'failed: NODE_CONNECTION', 'failed: NODE_CONNECTION']);
      await refused.close();
    });

    it('a host that has no address fails, and says so', async () => {
      const nowhere = over({ host: 'no-such-host.invalid', port: 11_211 });
      expect(await nowhere.get('k', NEVER)).toMatchObject({ kind: 'unavailable' });
      await nowhere.close();
    });

    it('a black hole costs one connect time-out', async () => {
      // The kernel drops what comes once the queue of a process that accepts nothing is full.
      const hole = await startMemcached({ args: ['-b', '1'] });
      hole.kill('SIGSTOP');
      const fillers = Array.from({ length: 12 }, () => net.connect(hole.port, hole.host));
      for (const filler of fillers) filler.on('error', () => {});
      await Promise.all(
        fillers.slice(0, 2).map((filler) => new Promise((resolve) => filler.once('connect', resolve))),
      );
      await turns();
      const swallowed = over(hole);
      const { outcome, took } = await timed(
        Promise.all([swallowed.get('k', NEVER), swallowed.delete('l', NEVER)]),
      );
      expect(outcome.map(({ kind }) => kind)).toEqual(['unavailable', 'unavailable']);
      expect(took).toBeLessThan(300);
      expect(told).toEqual(['failed: NODE_TIMEOUT']);
      for (const filler of fillers) filler.destroy();
      await swallowed.close();
      await hole.close();
    });

    it('a node that was started anew while the connection lay idle answers the next call', async () => {
      const first = await startMemcached();
      const restarted = over(first);
      expect(await restarted.get('k', NEVER)).toEqual({ kind: 'miss' });
      await first.close();
      const second = await startMemcached({ port: first.port });
      expect(await restarted.get('k', NEVER)).toEqual({ kind: 'miss' });
      await restarted.close();
      await second.close();
    });

    it('calls whose connection the peer had closed meanwhile go once more on a new one', async () => {
      await put('k', Buffer.from('v'));
      // Our side sees the end only after the calls are made: there is no turn of the loop in between.
      peer.drop('fin');
      const outcomes = await Promise.all([get('k'), get('k'), transport.delete('none', NEVER)]);
      expect(outcomes.map(({ kind }) => kind)).toEqual(['hit', 'hit', 'not-found']);
      expect(told).toEqual(['answered', 'answered']);
    });

    it('a call that goes once more on a new connection ends with its time-out all the same', async () => {
      const timeouts = { connectTimeoutMillis: 300, operationTimeoutMillis: 300 };
      const patient = new MemjsTransport(memjs, peer.host, peer.port, timeouts, systemClock, listener);
      await patient.get('k', NEVER);
      // The first connection is lost after most of the time is over; the second one says nothing.
      peer.set({ requests: 'swallow' });
      const call = timed(patient.get('k', NEVER));
      await new Promise((resolve) => setTimeout(resolve, 200));
      peer.drop('fin');
      const { outcome, took } = await call;
      expect(outcome).toMatchObject({ kind: 'unavailable' });
      expect(took).toBeLessThan(400);
      await patient.close();
    });

    it.each(['fin', 'rst'] as const)(
      'a peer that accepts and then closes by %s is told as failed',
      async (how) => {
        peer.set({ requests: how });
        await get('k');
        expect(told).toEqual(['failed: NODE_CONNECTION']);
      },
    );

    it('a connection that lay idle for more than 30 s by the time of day is not trusted', async () => {
      let wall = 1_000_000;
      const clock: Clock = { monotonic: systemClock.monotonic, wall: () => wall };
      const thawed = over(peer, clock);
      const before = peer.sockets.length;
      await thawed.get('idle', NEVER);
      wall += 30_000;
      await thawed.get('idle', NEVER);
      expect(peer.sockets).toHaveLength(before + 1);
      wall += 30_001;
      expect(await thawed.get('idle', NEVER)).toEqual({ kind: 'miss' });
      expect(peer.sockets).toHaveLength(before + 2);
      await thawed.close();
    });

    it.each([
      ['magic', 0, 0x00],
      ['opcode', 1, 0x01],
      ['opcode of an authentication', 1, 0x21],
      ['opcode of a list of mechanisms', 1, 0x20],
      ['key length', 3, 0xff],
      ['extras length', 4, 0x00],
      ['extras length beyond the body', 4, 0xff],
      ['status', 7, 0x84],
      ['status of an authentication that failed', 7, 0x20],
      ['body length, longer', 10, 0xff],
      ['opaque', 15, 0xee],
    ])('a header whose %s is garbled is no value, and the next call is sound', async (_what, at, byte) => {
      await put('k', bytesOf(100, 1));
      peer.set({
        edit: (bytes) => {
          const garbled = Buffer.from(bytes);
          garbled[at] = byte;
          return garbled;
        },
      });
      const { outcome, took } = await timed(get('k'));
      expect(outcome.kind === 'hit' && !outcome.value.equals(bytesOf(100, 1))).toBe(false);
      expect(took).toBeLessThan(400);
      peer.set({});
      // What the garbled connection still holds may cost the calls on it, never their truth.
      const next = await get('k');
      expect(next.kind === 'hit' ? next.value : next.kind).toEqual(
        next.kind === 'hit' ? bytesOf(100, 1) : 'unavailable',
      );
      expect(await get('k')).toMatchObject({ kind: 'hit', value: bytesOf(100, 1) });
    });

    it.each([1, 24, 28, 128])(
      '%i bytes that are lost on the way never shift values between calls',
      async (lost) => {
        const keys = Array.from({ length: 30 }, (_, i) => `shift:${i}`);
        await Promise.all(keys.map((key, i) => put(key, bytesOf(100, i))));
        let swallowed = false;
        peer.set({
          edit: (bytes) => {
            if (swallowed || bytes.length < lost) return bytes;
            swallowed = true;
            return bytes.subarray(lost);
          },
        });
        const outcomes = await Promise.all(keys.map(get));
        for (const [i, outcome] of outcomes.entries()) {
          if (outcome.kind === 'hit') expect(outcome.value.equals(bytesOf(100, i))).toBe(true);
          else expect(outcome.kind).toBe('unavailable');
        }
        peer.set({});
        await expect.poll(async () => (await get(keys[0]!)).kind, { interval: 1 }).toBe('hit');
      },
    );

    it('a small value does not pin the buffer that it came in', async () => {
      const keys = Array.from({ length: 100 }, (_, i) => `small:${i}`);
      await Promise.all(keys.map((key) => put(key, Buffer.alloc(100, 'x'))));
      const outcomes = await Promise.all(keys.map(get));
      const pinned = new Set(
        outcomes.map((outcome) => (outcome.kind === 'hit' ? outcome.value.buffer : null)),
      );
      const bytes = [...pinned].reduce((sum, buffer) => sum + (buffer?.byteLength ?? 0), 0);
      // Node's own pool packs small buffers: a few slabs, not a receive buffer each.
      expect(bytes).toBeLessThan(4 * Buffer.poolSize);
    });

    it('credentials in the environment that memjs looks for are not used', async () => {
      await using spy = await startTcpPeer((socket) => {
        socket.on('data', (bytes) => heard.push(bytes));
      });
      const heard: Buffer[] = [];
      process.env.MEMCACHE_USERNAME = 'somebody';
      process.env.MEMCACHE_PASSWORD = 'secret-of-another-cluster';
      const listening = over(spy);
      try {
        await listening.get('k', NEVER);
      } finally {
        delete process.env.MEMCACHE_USERNAME;
        delete process.env.MEMCACHE_PASSWORD;
        await listening.close();
      }
      // The first request is the get itself (opcode 0), not a look for mechanisms (0x20).
      expect(heard[0]?.[1]).toBe(0x00);
    });

    it('nothing is left once it is closed: no socket, no timer', async () => {
      const count = (): Record<string, number> => {
        const counts: Record<string, number> = {};
        for (const name of process.getActiveResourcesInfo()) counts[name] = (counts[name] ?? 0) + 1;
        return counts;
      };
      await turns();
      const before = count();
      const straight = over(node);
      await straight.get('k', NEVER);
      // An idle socket does not keep the process, and is not counted; one that waits for a reply is.
      const calls = Array.from({ length: 50 }, (_, i) => straight.get(`k${i}`, NEVER));
      expect(count().TCPSocketWrap).toBe((before.TCPSocketWrap ?? 0) + 1);
      await Promise.all(calls);
      expect(count().TCPSocketWrap ?? 0).toBe(before.TCPSocketWrap ?? 0);
      await straight.close();
      await expect.poll(() => count().TCPSocketWrap ?? 0).toBe(before.TCPSocketWrap ?? 0);
      expect(count().Timeout ?? 0).toBeLessThanOrEqual(before.Timeout ?? 0);
    });
  },
);
