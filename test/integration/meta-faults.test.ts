import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Clock, systemClock } from '../../src/base/clock.ts';
import type { FetchOutcome } from '../../src/base/outcome.ts';
import { createCache } from '../../src/create-cache.ts';
import { type Dial, tcpDial } from '../../src/memcached/dial.ts';
import { MetaTransport } from '../../src/memcached/meta-transport.ts';
import type { TransportListener, TransportOptions, WireItem } from '../../src/memcached/transport.ts';
import { type Fault, startNode, type TestNode } from '../../src/testing/index.ts';
import { type FaultyPeer, startFaultyPeer } from '../support/faulty-peer.ts';
import { type Memcached, memcachedAvailable, startMemcached } from '../support/memcached.ts';
import { parsePieces } from '../support/parsed-replies.ts';
import { RawClient } from '../support/raw-client.ts';
import { onLines, startTcpPeer, type TcpPeer } from '../support/tcp-peer.ts';

const NEVER = Number.POSITIVE_INFINITY;
const TIMEOUTS = { connectTimeoutMillis: 250, operationTimeoutMillis: 100 };
/** What a busy machine may add to a deadline. */
const SLACK = 250;

const item = (value: Buffer | string, ttlSeconds = 60): WireItem => ({
  value: Buffer.from(value),
  flags: 0,
  ttlSeconds,
});
/** Printable, so that no line end stands in it, and different for each seed at every place. */
const bytesOf = (length: number, seed: number): Buffer =>
  Buffer.from(Array.from({ length }, (_, at) => 33 + ((at * 31 + seed * 7 + (at >> 6) * 5) % 90)));

async function timed<T>(work: Promise<T>): Promise<{ outcome: T; took: number }> {
  const start = performance.now();
  return { outcome: await work, took: performance.now() - start };
}

/** What was sent on loopback has been seen. */
async function turns(count = 20): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** The system's clocks, moved on by hand as by a freeze. */
class SkewedClock implements Clock {
  skew = 0;
  monotonic(): number {
    return performance.now() + this.skew;
  }
  wall(): number {
    return Date.now() + this.skew;
  }
}

/** A dial that keeps its sockets for the test to look at. */
function spiedDial({ host, port }: { host: string; port: number }): { dial: Dial; sockets: net.Socket[] } {
  const dial = tcpDial(host, port);
  const sockets: net.Socket[] = [];
  return {
    sockets,
    dial: (listener) => {
      const socket = dial(listener);
      sockets.push(socket);
      return socket;
    },
  };
}

let told: string[];
const surprises: unknown[] = [];
const surprised = (reason: unknown): void => void surprises.push(reason);
const listener: TransportListener = {
  answered: () => void told.push('answered'),
  failed: (error) => void told.push(`failed: ${error.code}`),
};
const opened: { close(): Promise<void> }[] = [];

/** Closed after the test. */
function over(
  at: { host: string; port: number; name: string },
  options: Partial<TransportOptions> = {},
  clock: Clock = systemClock,
  dial: Dial = tcpDial(at.host, at.port),
): MetaTransport {
  const transport = new MetaTransport(at.name, dial, { ...TIMEOUTS, ...options }, clock, listener);
  opened.push(transport);
  return transport;
}

/** A node of the test's own making: it tells its version and leaves the rest to `onCommand`. */
async function startScripted(
  onCommand: (line: string, socket: net.Socket) => void,
  version = '1.6.18',
): Promise<TcpPeer> {
  const peer = await startTcpPeer((socket) => {
    onLines(socket, (line) => {
      if (line === 'version') socket.write(`VERSION ${version}\r\n`);
      else onCommand(line, socket);
    });
  });
  opened.push(peer);
  return peer;
}

const tokenOf = (line: string): string => / O(\d+)/.exec(line)![1]!;

beforeAll(() => {
  process.on('unhandledRejection', surprised);
  process.on('uncaughtException', surprised);
});
afterAll(() => {
  process.off('unhandledRejection', surprised);
  process.off('uncaughtException', surprised);
});
beforeEach(() => {
  told = [];
});
afterEach(async () => {
  for (const thing of opened.splice(0)) await thing.close();
  await turns();
  expect(surprises).toEqual([]);
});

describe.skipIf(!memcachedAvailable)('meta and a bad way to its node (needs memcached)', () => {
  let node: Memcached;
  let peer: FaultyPeer;
  let transport: MetaTransport;
  const get = (key: string): Promise<FetchOutcome> => transport.get(key, NEVER);
  const put = (key: string, value: Buffer | string) => transport.store('set', key, item(value), NEVER);

  beforeAll(async () => {
    node = await startMemcached();
    peer = await startFaultyPeer(node);
  });
  afterAll(async () => {
    await peer?.close();
    await node?.close();
  });
  beforeEach(() => {
    peer.set({});
    transport = over(peer);
  });

  it('a reply that stalls anywhere is no value and is never glued to the next', async () => {
    const quick = over(peer);
    const values = new Map(Array.from({ length: 6 }, (_, i) => [`big:${i}`, bytesOf(50_000, i)]));
    for (const [key, value] of values) await put(key, value);
    for (const cut of [1, 2, 8, 12, 15, 16, 17, 25_000, 50_000, 50_016]) {
      await quick.get('big:0', NEVER);
      peer.set({ replyBytes: cut });
      expect(await quick.get('big:0', NEVER), `${cut} bytes`).toMatchObject({ kind: 'unavailable' });
      peer.set({});
      for (const [key, value] of values) {
        let outcome = await quick.get(key, NEVER);
        // A busy machine may take longer than the time-out; what comes must be right all the same.
        for (let tries = 0; outcome.kind === 'unavailable' && tries < 20; tries++)
          outcome = await quick.get(key, NEVER);
        if (outcome.kind !== 'hit') throw new Error(`${key} after ${cut} bytes: ${JSON.stringify(outcome)}`);
        expect(outcome.value.equals(value), `${key} after ${cut} bytes`).toBe(true);
      }
    }
  });

  it.each(['fin', 'rst'] as const)('a reply that is cut by %s at any byte is no value', async (how) => {
    const value = bytesOf(40, 1);
    await put('cut', value);
    for (let cut = 0; cut < 55; cut++) {
      peer.set({ replyBytes: cut, afterReply: how });
      const { outcome, took } = await timed(get('cut'));
      expect(outcome, `${cut} bytes`).toMatchObject({ kind: 'unavailable' });
      expect(took).toBeLessThan(100 + SLACK);
      peer.set({});
      expect(await get('cut')).toMatchObject({ kind: 'hit', value });
    }
  });

  it.each(['fin', 'rst'] as const)(
    'a request that is answered by %s settles, and the next works',
    async (how) => {
      peer.set({ requests: how });
      expect(await get('k')).toMatchObject({ kind: 'unavailable', error: { code: 'NODE_CONNECTION' } });
      expect(told).toEqual(['failed: NODE_CONNECTION']);
      peer.set({});
      expect(await get('k')).toEqual({ kind: 'miss' });
      peer.set({ requests: how });
      expect(await Promise.all([get('k'), put('k', 'v'), transport.delete('k', NEVER)])).toMatchObject([
        { kind: 'unavailable' },
        { kind: 'unavailable' },
        { kind: 'unavailable' },
      ]);
      peer.set({});
      expect(await get('k')).toEqual({ kind: 'miss' });
    },
  );

  describe('bytes that are lost on the way', () => {
    const COUNT = 12;
    const keys = Array.from({ length: COUNT }, (_, i) => `lost:${i}`);
    const values = keys.map((_, i) => bytesOf(60 + i * 3, i));
    /** The replies to these gets as they leave the node. */
    const replies = (firstToken: number): Buffer =>
      Buffer.concat(
        values.map((value, i) =>
          Buffer.concat([
            Buffer.from(`VA ${value.length} f0 O${firstToken + i}\r\n`),
            value,
            Buffer.from('\r\n'),
          ]),
        ),
      );

    /**
     * Whether no reader could notice in time: within a value, bytes are lost such that a line end comes to lie
     * exactly where this value's was. There is no sum in the protocol over what a value holds.
     */
    function unnoticeable(stream: Buffer, at: number, lost: number): boolean {
      const left = Buffer.concat([stream.subarray(0, at), stream.subarray(at + lost)]);
      let start = 0;
      for (const value of values) {
        const from = stream.indexOf('\r\n', start) + 2;
        const end = from + value.length;
        if (at > from - 2 && at < end) return left.subarray(end, end + 2).equals(Buffer.from('\r\n'));
        start = end + 2;
      }
      return false;
    }

    it('never give one call the value of another', async () => {
      await Promise.all(keys.map((key, i) => put(key, values[i]!)));
      const quick = over(peer, { operationTimeoutMillis: 40 });
      // All tokens have four digits from here on, so that all replies are of one length.
      await quick.getMany(new Array(1_000).fill('none'), NEVER);
      const length = replies(1_001).length;
      let byOrderAlone = 0;
      let runs = 0;
      let token = 1_001;
      const starts = [
        ...replies(1_001)
          .toString('latin1')
          .matchAll(/VA \d+ /g),
      ].map(({ index }) => index);
      const losses: (readonly [at: number, lost: number])[] = [];
      for (let at = 0; at < length; at += at < 200 ? 13 : 131) {
        for (const lost of [1, 2, 17, 18, 19, 77, 78, 80, 81, 158, 239, 400]) losses.push([at, lost]);
      }
      // Whole replies, one and two of them: the worst for a reader that goes by their order.
      for (const [i, start] of starts.entries()) {
        for (const end of starts.slice(i + 1, i + 3)) losses.push([start, end - start]);
      }
      for (const [at, lost] of losses) {
        // The connection stands before anything is lost. Tokens go on from one to the next.
        await quick.get(keys[0]!, NEVER);
        token++;
        const stream = replies(token);
        if (unnoticeable(stream, at, lost)) continue;
        token += COUNT;
        const inOrder = parsePieces([Buffer.concat([stream.subarray(0, at), stream.subarray(at + lost)])]);
        if (inOrder.replies.some(({ value }, i) => value !== values[i]!.toString('latin1'))) byOrderAlone++;
        let seen = 0;
        peer.set({
          edit: (bytes) => {
            const from = Math.min(Math.max(at - seen, 0), bytes.length);
            const to = Math.min(Math.max(at + lost - seen, 0), bytes.length);
            seen += bytes.length;
            return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
          },
        });
        const outcomes = await Promise.all(keys.map((key) => quick.get(key, NEVER)));
        runs++;
        for (const [i, outcome] of outcomes.entries()) {
          const right =
            outcome.kind === 'hit' ? outcome.value.equals(values[i]!) : outcome.kind === 'unavailable';
          expect(right, `${lost} bytes lost at ${at}: ${keys[i]} got ${outcome.kind}`).toBe(true);
        }
        peer.set({});
      }
      expect(runs).toBeGreaterThan(200);
      // Read by their order alone, the same bytes would have been wrong values.
      expect(byOrderAlone).toBeGreaterThan(20);
      expect(await quick.get(keys[3]!, NEVER)).toMatchObject({ kind: 'hit', value: values[3] });
    });

    it('never shift a batch', async () => {
      await Promise.all(keys.map((key, i) => put(key, values[i]!)));
      const stream = replies(1000);
      const second = stream.indexOf('VA', 2);
      const third = stream.indexOf('VA', second + 2);
      let dropped = false;
      peer.set({
        edit: (bytes) => {
          const from = bytes.indexOf(`VA ${values[1]!.length} `);
          if (dropped || from < 0) return bytes;
          dropped = true;
          return Buffer.concat([bytes.subarray(0, from), bytes.subarray(from + third - second)]);
        },
      });
      const outcomes = await transport.getMany(keys, NEVER);
      for (const [i, outcome] of outcomes.entries()) {
        if (outcome.kind === 'hit') expect(outcome.value.equals(values[i]!)).toBe(true);
        else expect(outcome.kind).toBe('unavailable');
      }
      expect(outcomes[0]).toMatchObject({ kind: 'hit' });
      expect(outcomes[1]).toMatchObject({ kind: 'unavailable' });
    });
  });

  it.each([
    ['first letter', /^VA/, 'XA'],
    ['second letter', /^VA/, 'VB'],
    ['kind, as a miss', /^VA/, 'EN'],
    ['kind, as done', /^VA/, 'HD'],
    ['length, shorter', /^VA 90/, 'VA 80'],
    ['length, longer', /^VA 90/, 'VA 99'],
    ['length, negative', /^VA 90/, 'VA -9'],
    ['length, a gigabyte', /^VA 90/, 'VA 1073741824'],
    ['length, beyond the next reply', /^VA 90/, 'VA 999'],
    ['length, none', /^VA 90/, 'VA x0'],
    ['flags', / f0/, ' fx'],
    ['token, another', / O(\d)/, ' O9$1'],
    ['token, none', / O\d+/, ''],
    ['token, no number', / O(\d)/, ' Ox$1'],
    ['token’s letter', / O/, ' o'],
    ['line end', /\r\n/, '  '],
    ['line end, in two', /\r\n/, '\n\r'],
    ['all of it', /^.*/, 'SERVER_ERROR'],
  ])('a header whose %s is garbled gives no wrong value to anyone', async (_what, from, to) => {
    const keys = ['g:0', 'g:1', 'g:2'];
    await Promise.all(keys.map((key, i) => put(key, bytesOf(90, i))));
    let garbled = false;
    peer.set({
      edit: (bytes) => {
        if (garbled) return bytes;
        garbled = true;
        return Buffer.from(bytes.toString('latin1').replace(from, to), 'latin1');
      },
    });
    const { outcome, took } = await timed(Promise.all(keys.map(get)));
    for (const [i, { kind, ...rest }] of outcome.entries()) {
      if (kind === 'hit') expect(rest, `g:${i}`).toMatchObject({ value: bytesOf(90, i) });
      else if (i > 0) expect([i, kind]).toEqual([i, 'unavailable']);
    }
    // Two letters make a miss of a hit, and no reader can tell; all else is found out.
    expect(outcome[0]!.kind).toBe(to === 'EN' ? 'miss' : 'unavailable');
    expect(took).toBeLessThan(100 + SLACK);
    peer.set({});
    for (const [i, key] of keys.entries()) expect(await get(key)).toMatchObject({ value: bytesOf(90, i) });
  });

  it('a reply that comes after its call has timed out reaches nobody', async () => {
    await put('slow', 'slow value');
    await put('fast', 'fast value');
    peer.set({ requests: 'keep' });
    expect(await get('slow')).toMatchObject({ kind: 'unavailable', error: { code: 'NODE_TIMEOUT' } });
    const next = get('fast');
    peer.set({});
    expect(await next).toMatchObject({ kind: 'hit', value: Buffer.from('fast value') });
    expect(told).toEqual(['answered', 'failed: NODE_TIMEOUT', 'answered']);
  });

  it('the end of one invocation leaves its call’s late reply to nobody, and the connection to the others', async () => {
    await put('mine', 'mine');
    await put('other', 'other');
    peer.set({ requests: 'keep' });
    const connections = peer.sockets.length;
    const short = transport.get('mine', systemClock.monotonic() + 25);
    const batch = transport.getMany(['mine', 'mine'], systemClock.monotonic() + 25);
    const long = get('other');
    expect(await short).toMatchObject({ kind: 'unavailable' });
    expect((await batch).map(({ kind }) => kind)).toEqual(['unavailable', 'unavailable']);
    peer.set({});
    expect(await long).toMatchObject({ kind: 'hit', value: Buffer.from('other') });
    expect(await get('mine')).toMatchObject({ kind: 'hit', value: Buffer.from('mine') });
    expect(peer.sockets).toHaveLength(connections);
    expect(told).toEqual(['answered']);
  });

  it('reads that the peer left without a reply go once more on a new connection; an `add` does not', async () => {
    await put('k', 'v');
    peer.set({ requests: 'keep' });
    const calls = Promise.all([
      get('k'),
      put('s', 's'),
      transport.delete('none', NEVER),
      transport.store('add', 'a', item('a'), NEVER),
    ]);
    await turns();
    peer.drop('fin');
    await turns(2);
    peer.set({});
    expect((await calls).map(({ kind }) => kind)).toEqual(['hit', 'stored', 'not-found', 'unavailable']);
    expect(told).toEqual(['answered', 'answered']);
  });

  it('a call that goes once more ends with its first time-out all the same', async () => {
    const patient = over(peer, { operationTimeoutMillis: 300, connectTimeoutMillis: 300 });
    await patient.get('k', NEVER);
    peer.set({ requests: 'swallow' });
    const call = timed(patient.get('k', NEVER));
    await sleep(200);
    peer.drop('fin');
    const { outcome, took } = await call;
    expect(outcome).toMatchObject({ kind: 'unavailable' });
    expect(took).toBeLessThan(300 + 150);
  });

  it('an idle connection that the node closed is not noticed by the next call', async () => {
    await put('k', 'v');
    peer.drop('fin');
    await turns();
    expect(await get('k')).toMatchObject({ kind: 'hit' });
    peer.drop('rst');
    await turns();
    expect(await get('k')).toMatchObject({ kind: 'hit' });
    // And where nothing of it has been seen when the calls are made.
    peer.drop('fin');
    const outcomes = await Promise.all([get('k'), get('k'), transport.getMany(['k', 'none'], NEVER)]);
    expect(outcomes.flat().map(({ kind }) => kind)).toEqual(['hit', 'hit', 'hit', 'miss']);
    expect(told.filter((line) => line !== 'answered')).toEqual([]);
  });

  it('a node that was started anew while the connection lay idle answers the next call', async () => {
    const first = await startMemcached();
    const restarted = over(first);
    expect(await restarted.get('k', NEVER)).toEqual({ kind: 'miss' });
    await first.close();
    const second = await startMemcached({ port: first.port });
    opened.push(second);
    expect(await restarted.get('k', NEVER)).toEqual({ kind: 'miss' });
  });

  it('a connection that lay idle for more than 30 s is replaced', async () => {
    const clock = new SkewedClock();
    const thawed = over(peer, {}, clock);
    const before = peer.sockets.length;
    await thawed.get('idle', NEVER);
    clock.skew += 29_000;
    await thawed.get('idle', NEVER);
    expect(peer.sockets).toHaveLength(before + 1);
    clock.skew += 30_001;
    expect(await thawed.get('idle', NEVER)).toEqual({ kind: 'miss' });
    expect(peer.sockets).toHaveLength(before + 2);
    expect(told).toEqual(['answered', 'answered']);
  });

  describe('and a write that an environment was frozen over', () => {
    const wrote = async (key: string): Promise<boolean> => {
      const straight = await RawClient.connect(node);
      const reply = await straight.ask(`mg ${key} s\r\n`, '\r\n');
      straight.close();
      return !reply.startsWith('EN');
    };

    it('is not sent again at thaw, when others may have written', async () => {
      // Timers stand still, so that the new connection is made before the write's deadline is looked at.
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
      try {
        const clock = new SkewedClock();
        const frozen = over(peer, {}, clock);
        await frozen.get('warm', NEVER);
        peer.set({ requests: 'swallow' });
        const write = frozen.store('set', 'thawed:again', item('old'), NEVER);
        await turns(2);
        peer.set({});
        clock.skew += 600_000;
        peer.drop('fin');
        await turns(200);
        expect(await wrote('thawed:again')).toBe(false);
        vi.advanceTimersByTime(1_000);
        expect(await write).toMatchObject({ kind: 'unavailable' });
        expect(told.filter((line) => line !== 'answered')).toEqual([]);
        expect(await frozen.get('warm', NEVER)).toEqual({ kind: 'miss' });
      } finally {
        vi.useRealTimers();
      }
    });

    it('is not sent at thaw when its invocation is over', async () => {
      const clock = new SkewedClock();
      const frozen = over(peer, {}, clock);
      peer.set({ requests: 'keep' });
      const write = frozen.store('set', 'thawed:over', item('old'), clock.monotonic() + 30_000);
      await turns();
      clock.skew += 600_000;
      peer.set({});
      expect(await write).toMatchObject({ kind: 'unavailable' });
      await turns();
      expect(await wrote('thawed:over')).toBe(false);
    });

    it('is not sent at thaw for the first time, either', async () => {
      const clock = new SkewedClock();
      const frozen = over(peer, {}, clock);
      peer.set({ requests: 'keep' });
      const write = frozen.store('set', 'thawed:first', item('old'), NEVER);
      await turns();
      clock.skew += 600_000;
      // The version comes now, before the timer is judged.
      peer.set({});
      expect(await write).toMatchObject({ kind: 'unavailable' });
      await turns();
      expect(await wrote('thawed:first')).toBe(false);
      expect(told.filter((line) => line !== 'answered')).toEqual([]);
      expect(await frozen.get('warm', NEVER)).toEqual({ kind: 'miss' });
    });
  });

  it('a connect that an environment was frozen over does not fail the next invocation’s first call', async () => {
    const clock = new SkewedClock();
    const frozen = over(peer, {}, clock);
    peer.set({ requests: 'swallow' });
    expect(await frozen.get('k', clock.monotonic() + 20)).toMatchObject({ kind: 'unavailable' });
    frozen.rest();
    peer.set({});
    clock.skew += 600_000;
    expect(await frozen.get('never-stored', NEVER)).toEqual({ kind: 'miss' });
    expect(told).toEqual(['answered']);
  });

  it('an answer that came while the handler computed past the time-out counts', async () => {
    const straight = over(node);
    await straight.store('set', 'k', item('v'), NEVER);
    const call = straight.get('k', NEVER);
    // The command is on its way now.
    await null;
    await new Promise((resolve) => process.nextTick(resolve));
    const until = performance.now() + 180;
    while (performance.now() < until);
    expect(await call).toMatchObject({ kind: 'hit' });
    expect(told).toEqual(['answered']);
  });

  it('a node that is silent under calls that end before its time-out is found out all the same', async () => {
    await get('warm');
    peer.set({ requests: 'swallow' });
    const until = performance.now() + 600;
    while (performance.now() < until && told.length === 1) {
      const { outcome, took } = await timed(transport.get('k', systemClock.monotonic() + 40));
      expect(outcome).toMatchObject({ kind: 'unavailable' });
      expect(took).toBeLessThan(40 + SLACK);
    }
    expect(told).toEqual(['answered', 'failed: NODE_TIMEOUT']);
  });

  describe('closed', () => {
    const count = (name: string): number =>
      process.getActiveResourcesInfo().filter((resource) => resource === name).length;

    it('settles what is under way and leaves no socket and no timer', async () => {
      await transport.close();
      await turns();
      const [sockets, timers] = [count('TCPSocketWrap'), count('Timeout')];
      const straight = over(node);
      await straight.get('k', NEVER);
      // An idle socket does not keep the process, and is not counted; one that waits for a reply is.
      expect(count('TCPSocketWrap')).toBe(sockets);
      const calls = Array.from({ length: 50 }, (_, i) => straight.get(`absent:${i}`, NEVER));
      expect(count('TCPSocketWrap')).toBe(sockets + 1);
      const connecting = over(node);
      const early = connecting.get('absent', NEVER);
      await Promise.all([straight.close(), connecting.close()]);
      for (const { kind } of await Promise.all([...calls, early]))
        expect(['miss', 'unavailable']).toContain(kind);
      await expect.poll(() => count('TCPSocketWrap'), { interval: 5 }).toBe(sockets);
      expect(count('Timeout')).toBeLessThanOrEqual(timers);
      expect(await straight.get('k', NEVER)).toMatchObject({
        kind: 'unavailable',
        error: { code: 'CLOSED' },
      });
    });

    it('settles by their deadlines what a silent node leaves, and resolves then', async () => {
      await get('k');
      peer.set({ requests: 'swallow' });
      const calls = [get('a'), get('b'), transport.get('c', systemClock.monotonic() + 20)];
      const { took } = await timed(transport.close());
      expect(took).toBeLessThan(100 + SLACK);
      expect((await Promise.all(calls)).map(({ kind }) => kind)).toEqual([
        'unavailable',
        'unavailable',
        'unavailable',
      ]);
      // Calls that nobody waits for any more hold it up no longer.
      const lone = over(peer);
      peer.set({});
      await lone.get('k', NEVER);
      peer.set({ requests: 'swallow' });
      expect(await lone.get('k', systemClock.monotonic() + 10)).toMatchObject({ kind: 'unavailable' });
      expect((await timed(lone.close())).took).toBeLessThan(90);
    });

    it('resolves for each that closes it, at once or later', async () => {
      const call = get('k');
      const closes = Promise.all([transport.close(), transport.close()]).then(() => 'closed');
      expect(await Promise.race([closes, sleep(1_000, 'hangs')])).toBe('closed');
      await call;
      await transport.close();
    });

    it('sends nothing again when the peer leaves a call without a reply', async () => {
      await get('k');
      peer.set({ requests: 'keep' });
      const call = get('k');
      await turns(2);
      const connections = peer.sockets.length;
      const closed = transport.close();
      peer.drop('fin');
      await closed;
      expect(await call).toMatchObject({ kind: 'unavailable' });
      await turns();
      expect(peer.sockets).toHaveLength(connections);
    });
  });

  describe('on one socket', () => {
    it('several callers wait for one connect', async () => {
      const before = peer.sockets.length;
      await Promise.all([
        ...Array.from({ length: 200 }, (_, i) => get(`k${i}`)),
        transport.getMany(['a', 'b'], NEVER),
        put('s', 's'),
      ]);
      expect(peer.sockets).toHaveLength(before + 1);
      expect(told).toEqual(['answered']);
    });

    it('commands of one tick leave in one write, from any mix', async () => {
      const { dial, sockets } = spiedDial(node);
      const spied = over(node, {}, systemClock, dial);
      await spied.get('warm', NEVER);
      const socket = sockets[0]!;
      let writes = 0;
      const write = socket.write.bind(socket) as (...words: unknown[]) => boolean;
      socket.write = ((...words: unknown[]) => {
        writes++;
        return write(...words);
      }) as typeof socket.write;
      const mix = () => [
        ...Array.from({ length: 30 }, (_, i) => spied.get(`k${i}`, NEVER)),
        ...Array.from({ length: 10 }, (_, i) => spied.store('set', `k${i}`, item(bytesOf(100, i)), NEVER)),
        spied.delete('k3', NEVER),
        spied.getMany(['k1', 'k2'], NEVER),
      ];
      await Promise.all(mix());
      expect(writes).toBe(1);
      // Callers that go on in microtasks of one tick still share it.
      await Promise.all(
        Array.from({ length: 10 }, async (_, i) => {
          await null;
          await spied.get(`k${i}`, NEVER);
        }),
      );
      expect(writes).toBe(2);
    });

    it('large values leave corked, in one system call with what stands around them', async () => {
      const { dial, sockets } = spiedDial(node);
      const spied = over(node, {}, systemClock, dial);
      await spied.get('warm', NEVER);
      const corked: number[] = [];
      const socket = sockets[0]!;
      const write = socket.write.bind(socket) as (...words: unknown[]) => boolean;
      socket.write = ((...words: unknown[]) => {
        corked.push(socket.writableCorked);
        return write(...words);
      }) as typeof socket.write;
      const outcomes = await Promise.all([
        spied.get('x', NEVER),
        spied.store('set', 'large', item(bytesOf(100_000, 1)), NEVER),
        spied.store('set', 'small', item('s'), NEVER),
        spied.get('large', NEVER),
      ]);
      expect(outcomes.map(({ kind }) => kind)).toEqual(['miss', 'stored', 'stored', 'hit']);
      expect(corked.length).toBeGreaterThan(1);
      expect(corked.every((depth) => depth === 1)).toBe(true);
      expect(socket.writableCorked).toBe(0);
    });
  });

  describe('and a node that is stopped', () => {
    it('each call settles by its own deadline under load, and it serves again afterwards', async () => {
      const stopped = await startMemcached();
      opened.push(stopped);
      const loaded = over(stopped);
      await loaded.store('set', 'k', item('v'), NEVER);
      stopped.kill('SIGSTOP');
      await untilStopped(stopped.pid);
      const calls: Promise<{ outcome: FetchOutcome; took: number }>[] = [];
      for (let i = 0; i < 120; i++) {
        calls.push(timed(loaded.get('k', NEVER)));
        await sleep(5);
      }
      const settled = await Promise.all(calls);
      expect(settled.every(({ outcome }) => outcome.kind === 'unavailable')).toBe(true);
      expect(Math.max(...settled.map(({ took }) => took))).toBeLessThan(250 + SLACK);
      // The first is due after its own 100 ms, however many came after it.
      expect(settled[0]!.took).toBeLessThan(100 + SLACK);
      expect(told.filter((line) => line === 'failed: NODE_TIMEOUT').length).toBeGreaterThan(1);
      stopped.kill('SIGCONT');
      await expect.poll(() => loaded.get('k', NEVER), { interval: 5 }).toMatchObject({ kind: 'hit' });
    });

    it('writes that time out are not carried out twice by their caller’s next one', async () => {
      const stopped = await startMemcached();
      opened.push(stopped);
      const loaded = over(stopped);
      await loaded.get('warm', NEVER);
      stopped.kill('SIGSTOP');
      await untilStopped(stopped.pid);
      const add = await loaded.store('add', 'once', item('v'), NEVER);
      expect(add).toMatchObject({ kind: 'unavailable' });
      stopped.kill('SIGCONT');
      await expect.poll(() => loaded.get('once', NEVER), { interval: 5 }).toMatchObject({ kind: 'hit' });
      expect(await loaded.store('add', 'once', item('w'), NEVER)).toEqual({ kind: 'refused' });
    });
  });

  it('a get whose answer arrived while its own process was stopped succeeds at thaw', {
    timeout: 15_000,
  }, async () => {
    await put('frozen', 'answer');
    const arrived = Promise.withResolvers<void>();
    const reader = spawnReader(peer);
    try {
      expect(await reader.line()).toBe('warm');
      const asked = Promise.withResolvers<void>();
      peer.set({
        requests: 'keep',
        edit: (bytes) => {
          if (bytes.includes('answer')) arrived.resolve();
          return bytes;
        },
      });
      peer.sockets.at(-1)!.once('data', () => asked.resolve());
      reader.child.stdin!.write('go\n');
      await asked.promise;
      reader.child.kill('SIGSTOP');
      await untilStopped(reader.child.pid!);
      // The request goes on to the node only now, and its answer waits in the stopped process's socket.
      peer.set({
        edit: (bytes) => {
          if (bytes.includes('answer')) arrived.resolve();
          return bytes;
        },
      });
      await arrived.promise;
      await sleep(1_500);
      reader.child.kill('SIGCONT');
      expect(JSON.parse((await reader.line())!)).toEqual({
        kind: 'hit',
        value: 'answer',
        told: ['answered'],
      });
      // The next call uses the same connection and is sound.
      expect(JSON.parse((await reader.line())!)).toEqual({
        kind: 'hit',
        value: 'answer',
        told: ['answered'],
      });
    } finally {
      reader.child.kill('SIGKILL');
      await once(reader.child, 'exit');
    }
  });

  it('a get whose answer did not arrive while its process was stopped fails without blame', {
    timeout: 15_000,
  }, async () => {
    await put('frozen', 'answer');
    const reader = spawnReader(peer);
    try {
      expect(await reader.line()).toBe('warm');
      const asked = Promise.withResolvers<void>();
      peer.set({ requests: 'swallow' });
      peer.sockets.at(-1)!.once('data', () => asked.resolve());
      reader.child.stdin!.write('go\n');
      await asked.promise;
      reader.child.kill('SIGSTOP');
      await untilStopped(reader.child.pid!);
      peer.set({});
      await sleep(600);
      reader.child.kill('SIGCONT');
      expect(JSON.parse((await reader.line())!)).toMatchObject({ kind: 'unavailable', told: ['answered'] });
      // Whatever was said of the first connection, a new one serves.
      expect(JSON.parse((await reader.line())!)).toMatchObject({
        kind: 'hit',
        told: ['answered', 'answered'],
      });
    } finally {
      reader.child.kill('SIGKILL');
      await once(reader.child, 'exit');
    }
  });

  describe('and a node that has no room', () => {
    it('a refusal for want of memory is the call’s alone', async () => {
      const full = await startMemcached({ args: ['-M', '-m', '2'] });
      opened.push(full);
      const filling = over(full, { operationTimeoutMillis: 5_000 });
      const stored = Array.from({ length: 60 }, (_, i) => Buffer.alloc(100_000, `${i};`));
      const outcomes = await Promise.all(
        stored.map((value, i) => filling.store('set', `k${i}`, item(value), NEVER)),
      );
      const refused = outcomes.filter(({ kind }) => kind === 'unavailable');
      expect(outcomes[0]).toEqual({ kind: 'stored' });
      expect(refused.length).toBeGreaterThan(10);
      for (const outcome of refused) {
        expect(outcome).toMatchObject({
          error: { code: 'NODE_REFUSED', message: expect.stringContaining('out of memory') },
        });
      }
      expect(await filling.get('k0', NEVER)).toMatchObject({ kind: 'hit', value: stored[0] });
      expect(told).toEqual(['answered']);
    });

    it('a value above the item limit is too large, whole, and the connection goes on', async () => {
      const outcomes = await Promise.all([
        put('huge', Buffer.alloc(3 * 1024 * 1024, 'x')),
        get('huge'),
        put('small', 's'),
        get('small'),
      ]);
      expect(outcomes.map(({ kind }) => kind)).toEqual(['too-large', 'miss', 'stored', 'hit']);
      expect(told).toEqual(['answered']);
    });

    it('a node with no connection to spare says so, and takes the next call when it has one', async () => {
      const small = await startMemcached({ args: ['-c', '32'] });
      opened.push(small);
      const fillers: RawClient[] = [];
      let refused: FetchOutcome | undefined;
      for (let i = 0; i < 60 && refused === undefined; i++) {
        const one = over(small);
        const outcome = await one.get('k', NEVER);
        if (outcome.kind === 'unavailable') refused = outcome;
        else fillers.push(await RawClient.connect(small));
        await one.close();
      }
      expect(refused).toMatchObject({
        kind: 'unavailable',
        error: { message: expect.stringMatching(/Too many open connections|closed|ECONNRESET/) },
      });
      expect(told.at(-1)).toBe('failed: NODE_CONNECTION');
      for (const filler of fillers) filler.close();
      const after = over(small);
      await expect.poll(() => after.get('k', NEVER), { interval: 5 }).toEqual({ kind: 'miss' });
    });
  });

  it('a read with the remaining time tells it, whole seconds or for ever', async () => {
    const straight = await RawClient.connect(node);
    expect(await straight.ask('ms immortal 1 T0\r\nx\r\n', '\r\n')).toBe('HD\r\n');
    straight.close();
    await transport.store('set', 'mortal', item('v', 500), NEVER);
    const [mortal, immortal, absent, plain] = await Promise.all([
      transport.getWithTtl('mortal', NEVER),
      transport.getWithTtl('immortal', NEVER),
      transport.getWithTtl('none', NEVER),
      transport.get('mortal', NEVER),
    ]);
    const left = (mortal as { ttlSeconds?: number }).ttlSeconds!;
    expect(left).toBeGreaterThan(490);
    expect(left).toBeLessThanOrEqual(500);
    expect(immortal).toMatchObject({ kind: 'hit', ttlSeconds: -1 });
    expect(absent).toEqual({ kind: 'miss' });
    expect((plain as { ttlSeconds?: number }).ttlSeconds).toBeUndefined();
  });

  describe('keys from anybody', () => {
    const INJECTION = 'a\r\nset pwned 0 0 5\r\nowned\r\n';

    it.each([
      ['of 0 bytes', ''],
      ['of 250 bytes', 'k'.repeat(250)],
      ['of 251 bytes', 'k'.repeat(251)],
      ['of 70,000 bytes', 'k'.repeat(70_000)],
      ['with spaces', 'a b  c'],
      ['that ends in a command', `${INJECTION}mg a`],
      ['with a command in it', INJECTION],
      ['with a value’s line in it', 'a 5 T0\r\nowned\r\nms pwned 5 T0\r\nowned\r\n'],
      ['with a line feed', 'a\nmg pwned v'],
      ['with NUL', 'a\0b'],
      ['with a DEL', 'a\x7fb'],
      ['that looks like flags', 'a f v O1'],
      ['with characters of four bytes', '🔥'.repeat(100)],
      ['with half a character', 'a\ud800'],
    ])('%s are stored, read and deleted, and nothing of them is executed', async (_what, key) => {
      const cache = createCache({
        discovery: { nodes: [node.name] },
        transport: 'meta',
        connectTimeoutMillis: 2_000,
        operationTimeoutMillis: 2_000,
      });
      opened.push(cache);
      expect(await cache.get(key)).toBeUndefined();
      await cache.set(key, { of: key.length }, { ttlSeconds: 60 });
      expect(await cache.get(key)).toEqual({ of: key.length });
      const many = await cache.getMany([key, 'plain']);
      expect(many.hits.get(key)).toEqual({ of: key.length });
      await cache.delete(key);
      expect(await cache.get(key)).toBeUndefined();
      await cache.set('plain', 'next', { ttlSeconds: 60 });
      expect(await cache.get('plain')).toBe('next');
      await cache.delete('plain');
      const straight = await RawClient.connect(node);
      expect(await straight.ask('get pwned\r\n', 'END\r\n')).toBe('END\r\n');
      straight.close();
    });
  });

  it('the cache reads on, and counts no fault as a miss, while the way to its node is bad', async () => {
    const cache = createCache({ discovery: { nodes: [peer.name] }, transport: 'meta', ...TIMEOUTS });
    opened.push(cache);
    await cache.set('k', 'v', { ttlSeconds: 60 });
    peer.set({ replyBytes: 5, afterReply: 'rst' });
    expect(await cache.get('k')).toBeUndefined();
    expect(await cache.read('k')).toMatchObject({ kind: 'unavailable' });
    peer.set({});
    await expect.poll(() => cache.get('k'), { interval: 20, timeout: 3_000 }).toBe('v');
  });
});

describe('meta and a peer that is no memcached', () => {
  it('10,000 calls on a peer that accepts and says nothing settle by their deadlines, in little memory', async () => {
    const silent = await startTcpPeer(() => {});
    opened.push(silent);
    await expectBoundedQueue(silent);
    expect(silent.sockets).toHaveLength(1);
  });

  it.skipIf(!memcachedAvailable)(
    '10,000 calls on a black hole settle by their deadlines, in little memory',
    async () => {
      // The kernel drops what comes once the queue of a process that accepts nothing is full.
      const hole = await startMemcached({ args: ['-b', '1'] });
      opened.push(hole);
      hole.kill('SIGSTOP');
      const fillers = Array.from({ length: 12 }, () =>
        net.connect(hole.port, hole.host).on('error', () => {}),
      );
      await Promise.all(fillers.slice(0, 2).map((filler) => once(filler, 'connect')));
      await turns();
      await expectBoundedQueue(hole);
      for (const filler of fillers) filler.destroy();
    },
  );

  async function expectBoundedQueue(at: { host: string; port: number; name: string }): Promise<void> {
    const queueing = over(at);
    const before = process.memoryUsage().heapUsed;
    const start = performance.now();
    const kinds = new Map<string, number>();
    let last = 0;
    const calls = Array.from({ length: 10_000 }, async (_, i) => {
      // A third has less time than the connect.
      const endsAt = i % 3 === 0 ? systemClock.monotonic() + 60 + (i % 100) : NEVER;
      const { kind } = await (i % 7 === 0
        ? queueing.store('set', `k${i}`, item('v'), endsAt)
        : queueing.get(`k${i}`, endsAt));
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
      last = performance.now() - start;
    });
    const queued = process.memoryUsage().heapUsed - before;
    await Promise.all(calls);
    expect([...kinds]).toEqual([['unavailable', 10_000]]);
    expect(last).toBeLessThan(TIMEOUTS.connectTimeoutMillis + 2_000);
    expect(queued).toBeLessThan(40 * 1024 * 1024);
    // Told once, or not at all where this process was itself too busy to judge in time.
    expect(['', 'failed: NODE_TIMEOUT']).toContain(told.join());
  }

  it('a peer that stops reading stops the writes, and all calls settle', async () => {
    const deaf = await startScripted((_line, socket) => void socket.pause());
    const { dial, sockets } = spiedDial(deaf);
    const writing = over(deaf, { operationTimeoutMillis: 400 }, systemClock, dial);
    await Promise.race([writing.delete('start', NEVER), turns()]);
    const value = Buffer.alloc(256 * 1024, 'v');
    const calls: Promise<unknown>[] = [];
    let most = 0;
    for (let i = 0; i < 200; i++) {
      calls.push(writing.store('set', `k${i}`, { value, flags: 0, ttlSeconds: 60 }, NEVER));
      await turns(1);
      most = Math.max(most, ...sockets.map(({ writableLength }) => writableLength));
    }
    // 50 MB were given; one tick's worth and what a socket buffers is all that it holds.
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThan(1024 * 1024);
    const { outcome, took } = await timed(Promise.all(calls));
    expect(outcome).toEqual(
      Array.from({ length: 200 }, () => expect.objectContaining({ kind: 'unavailable' })),
    );
    expect(took).toBeLessThan(400 + 250 + SLACK);
    expect(told).toContain('failed: NODE_TIMEOUT');
  });

  it('writes go on in their order when a slow reader drains', async () => {
    await using node = await startNode();
    const relayed: net.Socket[] = [];
    const relay = await startTcpPeer((client) => {
      const server = net.connect(node.port);
      relayed.push(server);
      client.pipe(server).pipe(client);
      server.on('error', () => client.destroy());
      client.on('close', () => server.destroy());
    });
    opened.push(relay);
    const { dial, sockets } = spiedDial(relay);
    const writing = over(relay, { operationTimeoutMillis: 10_000 }, systemClock, dial);
    await writing.get('warm', NEVER);
    const [slow] = relay.sockets;
    slow!.unpipe();
    slow!.pause();
    const calls: Promise<{ kind: string }>[] = [];
    const value = Buffer.alloc(500_000, 'v');
    for (let i = 0; i < 60; i++) {
      calls.push(writing.store('set', `k${i}`, item(value), NEVER));
      calls.push(writing.get(`k${i}`, NEVER));
      await turns(1);
    }
    expect(sockets[0]!.writableNeedDrain).toBe(true);
    slow!.pipe(relayed[0]!);
    const outcomes = await Promise.all(calls);
    expect(outcomes.map(({ kind }) => kind)).toEqual(
      Array.from({ length: 120 }, (_, i) => (i % 2 === 0 ? 'stored' : 'hit')),
    );
    expect(relay.sockets).toHaveLength(1);
  });

  it.each([
    ['in its version', false],
    ['in a reply', true],
  ])('a line without an end %s is cut short', async (_what, greets) => {
    let sent = 0;
    const chunk = Buffer.alloc(64 * 1024, 'x');
    const endless = await startTcpPeer((socket) => {
      const pour = (): void => {
        while (!socket.destroyed && socket.write(chunk)) sent += chunk.length;
      };
      socket.on('drain', pour);
      onLines(socket, (line) => {
        if (line === 'version' && greets) socket.write('VERSION 1.6.18\r\n');
        else pour();
      });
    });
    opened.push(endless);
    const reading = over(endless);
    const { outcome, took } = await timed(Promise.all([reading.get('a', NEVER), reading.get('b', NEVER)]));
    expect(outcome).toMatchObject([
      {
        kind: 'unavailable',
        error: { code: 'PROTOCOL', message: expect.stringContaining('without an end') },
      },
      { kind: 'unavailable' },
    ]);
    expect(took).toBeLessThan(250);
    expect(sent).toBeLessThan(32 * 1024 * 1024);
    await expect.poll(() => endless.sockets.every(({ destroyed }) => destroyed), { interval: 5 }).toBe(true);
  });

  it.each([
    ['an HTTP server', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
    ['a binary-only memcached', '\x81\0\0\0\0\0\0\0\r\n'],
    ['a server of another protocol', '-ERR unknown command\r\n'],
    ['an error', 'ERROR\r\n'],
    ['a reply to nothing', 'HD O1\r\n'],
    ['a value that nobody asked for', 'VA 1 f0 O1\r\nx\r\n'],
    ['a version that is given twice', 'VERSION 1.6.18\r\nVERSION 1.6.18\r\n'],
  ])('%s in the place of a node is unavailable, at once', async (_what, greeting) => {
    const stranger = await startTcpPeer((socket) => {
      socket.once('data', () => socket.write(greeting, 'latin1'));
    });
    opened.push(stranger);
    const asking = over(stranger);
    const { outcome, took } = await timed(asking.get('k', NEVER));
    expect(outcome).toMatchObject({ kind: 'unavailable' });
    expect(took).toBeLessThan(250);
  });

  it('a reply that nobody asked for ends an idle connection, and reaches nobody', async () => {
    let socket: net.Socket | undefined;
    const chatty = await startScripted((line, from) => {
      socket = from;
      // Else the second write would wait for the first to be acknowledged, and come with the next call.
      from.setNoDelay(true);
      from.write(`VA 5 f0 O${tokenOf(line)}\r\nright\r\n`);
    });
    const asking = over(chatty);
    expect(await asking.get('k', NEVER)).toMatchObject({ kind: 'hit' });
    socket!.write('VA 5 f0 O2\r\nwrong\r\n');
    await expect.poll(() => socket!.destroyed, { interval: 1 }).toBe(true);
    expect(await asking.get('k', NEVER)).toMatchObject({ kind: 'hit', value: Buffer.from('right') });
    expect(chatty.sockets).toHaveLength(2);
  });

  it('a miss that has no token, in the place of a store’s reply, ends the connection', async () => {
    const shifted = await startScripted((line, socket) => {
      socket.write(line.startsWith('ms') ? 'EN\r\n' : `HD O${tokenOf(line)}\r\n`);
    }, '1.6.12');
    const asking = over(shifted);
    // The value's own line would be a command of its own to this peer: it has none.
    const outcome = await asking.delete('a', NEVER);
    expect(outcome).toEqual({ kind: 'deleted' });
    const store = await Promise.race([asking.store('set', 'k', item('ms'), NEVER), sleep(1_000)]);
    expect(store).toMatchObject({ kind: 'unavailable', error: { code: 'PROTOCOL' } });
  });

  it.each(['HD O{}', 'NS O{}', 'EX O{}', 'NF O{}', 'SERVER_ERROR busy'])(
    'a get that is answered %s is unavailable, and says what it was told',
    async (reply) => {
      const odd = await startScripted((line, socket) => {
        socket.write(`${reply.replace('{}', tokenOf(line))}\r\n`);
      });
      const asking = over(odd);
      const outcome = await asking.get('k', NEVER);
      expect(outcome).toMatchObject({ kind: 'unavailable' });
      const { message } = (outcome as { error: Error }).error;
      // Not the version, which is what the line before said.
      expect(message).not.toContain('1.6.18');
      if (reply.startsWith('SERVER_ERROR')) expect(message).toContain('busy');
    },
  );

  it('a peer that closes each connection behind its version costs a call two connections, no more', async () => {
    const closing = await startScripted((_line, socket) => void socket.end());
    const asking = over(closing);
    const { outcome, took } = await timed(asking.get('k', NEVER));
    expect(outcome).toMatchObject({ kind: 'unavailable', error: { code: 'NODE_CONNECTION' } });
    expect(took).toBeLessThan(250);
    expect(closing.sockets).toHaveLength(2);
  });

  it('bare misses of 1.6.12 are told apart by their order, hits among them by their tokens', async () => {
    await using node = await startNode({ version: '1.6.12' });
    const asking = over(node);
    await asking.store('set', 'k:1', item('one'), NEVER);
    await asking.store('set', 'k:4', item('four'), NEVER);
    const keys = Array.from({ length: 6 }, (_, i) => `k:${i}`);
    const expected = ['miss', 'hit', 'miss', 'miss', 'hit', 'miss'];
    expect((await asking.getMany(keys, NEVER)).map(({ kind }) => kind)).toEqual(expected);
    const single = await Promise.all(keys.map((key) => asking.get(key, NEVER)));
    expect(single.map(({ kind }) => kind)).toEqual(expected);
  });
});

it('a call that a handler makes before it computes past the time-out has its time from when it is sent', async () => {
  await using node = await startNode();
  const transport = over(node);
  await transport.store('set', 'k', item('v'), NEVER);
  node.faults.set({ kind: 'slow', delayMillis: 10 });
  const call = transport.get('k', NEVER);
  // Nothing leaves before the handler yields, which is after the time-out.
  const until = performance.now() + 180;
  while (performance.now() < until);
  expect(await call).toMatchObject({ kind: 'hit', value: Buffer.from('v') });
  expect(told).toEqual(['answered']);
});

describe('meta and a node with a fault', () => {
  let node: TestNode;
  let transport: MetaTransport;
  const keys = Array.from({ length: 20 }, (_, i) => `k:${i}`);
  const values = keys.map((_, i) => bytesOf(50 + i, i));

  beforeEach(async () => {
    node = await startNode();
    opened.push(node);
    transport = over(node, { operationTimeoutMillis: 60 });
    await Promise.all(keys.map((key, i) => transport.store('set', key, item(values[i]!), NEVER)));
  });

  const faults: readonly Fault[] = [
    { kind: 'slow', delayMillis: 150, skip: 7, times: 3 },
    { kind: 'cut', afterBytes: 30, skip: 7, times: 1 },
    { kind: 'cut', afterBytes: 0, skip: 7, times: 2 },
    { kind: 'reset', skip: 7, times: 1 },
    { kind: 'reset', afterBytes: 40, skip: 3, times: 2 },
    { kind: 'stall', afterBytes: 30, skip: 7 },
    { kind: 'stall', afterBytes: 3, skip: 7 },
    { kind: 'drop', skip: 7, times: 1 },
    { kind: 'drop', skip: 7, times: 5 },
    { kind: 'drop', skip: 19, times: 1 },
    { kind: 'garble', bytes: 'XX', skip: 7, times: 1 },
    { kind: 'garble', bytes: '9', at: 3, skip: 7, times: 1 },
    { kind: 'garble', bytes: '999', at: 9, skip: 7, times: 1 },
    { kind: 'replace', reply: 'EN O999\r\n', skip: 7, times: 1 },
    { kind: 'replace', reply: 'VA 5 f0 O2\r\nstray\r\n', skip: 7, times: 1 },
    { kind: 'replace', reply: 'VA 5 f0\r\nstray\r\n', skip: 7, times: 1 },
    { kind: 'replace', reply: 'ERROR\r\n', skip: 7, times: 1 },
    { kind: 'replace', reply: 'CLIENT_ERROR bad command line format\r\n', skip: 7, times: 1 },
    { kind: 'replace', reply: 'SERVER_ERROR out of memory writing get response\r\n', skip: 7, times: 1 },
    { kind: 'hang' },
  ];

  it.each(faults.map((fault) => [JSON.stringify(fault), fault] as const))(
    '%s: each call has its own value or none, in time, and the next works',
    async (_what, fault) => {
      for (const batched of [false, true]) {
        node.faults.set(fault);
        const { outcome: outcomes, took } = await timed(
          batched
            ? transport.getMany(keys, NEVER)
            : Promise.all(keys.map((key) => transport.get(key, NEVER))),
        );
        expect(took).toBeLessThan(60 + 250 + SLACK);
        for (const [i, outcome] of outcomes.entries()) {
          if (outcome.kind === 'hit') expect(outcome.value.equals(values[i]!), keys[i]).toBe(true);
          else expect([keys[i], outcome.kind]).toEqual([keys[i], 'unavailable']);
        }
        node.faults.clear();
        expect(await transport.get(keys[11]!, NEVER)).toMatchObject({ kind: 'hit', value: values[11] });
      }
    },
  );

  it('a batch that breaks twice tells what it has, and what it has not', async () => {
    node.faults.set({ kind: 'cut', afterBytes: 10, skip: 8 });
    const outcomes = await transport.getMany(keys, NEVER);
    expect(outcomes).toHaveLength(keys.length);
    for (const [i, outcome] of outcomes.entries()) {
      if (outcome.kind === 'hit') expect(outcome.value.equals(values[i]!)).toBe(true);
      else expect(outcome.kind).toBe('unavailable');
    }
    expect(outcomes.at(-1)!.kind).toBe('unavailable');
  });

  it('a batch that times out keeps the replies that came', async () => {
    node.faults.set({ kind: 'stall', afterBytes: 0, skip: 8 });
    const outcomes = await transport.getMany(keys, NEVER);
    expect(outcomes.map(({ kind }) => kind)).toEqual(keys.map((_, i) => (i < 8 ? 'hit' : 'unavailable')));
  });

  it('want of memory is a refusal of the one store', async () => {
    node.faults.set({ kind: 'out-of-memory', times: 1 });
    const outcomes = await Promise.all([
      transport.store('set', 'new', item('v'), NEVER),
      transport.get(keys[0]!, NEVER),
      transport.store('set', 'new', item('v'), NEVER),
    ]);
    expect(outcomes).toMatchObject([
      { kind: 'unavailable', error: { code: 'NODE_REFUSED' } },
      { kind: 'hit', value: values[0] },
      { kind: 'stored' },
    ]);
    expect(told).toEqual(['answered']);
  });

  it('a node with no connection to spare is told as failed, with its words', async () => {
    node.faults.set({ kind: 'max-connections', limit: 1, times: 1 });
    const second = over(node);
    expect(await second.get(keys[0]!, NEVER)).toMatchObject({
      kind: 'unavailable',
      error: { message: expect.stringContaining('Too many open connections') },
    });
    expect(told).toEqual(['answered', 'failed: NODE_CONNECTION']);
    expect(await second.get(keys[0]!, NEVER)).toMatchObject({ kind: 'hit' });
  });

  it('a node that is killed under calls settles them, and serves when it is back', async () => {
    node.faults.set({ kind: 'hang' });
    const calls = Promise.all(keys.map((key) => transport.get(key, NEVER)));
    await turns(2);
    await node.kill();
    const { outcome, took } = await timed(calls);
    expect(outcome.every(({ kind }) => kind === 'unavailable')).toBe(true);
    expect(took).toBeLessThan(60 + 250 + SLACK);
    node.faults.clear();
    await node.restart({ keepData: true });
    expect(await transport.get(keys[0]!, NEVER)).toMatchObject({ kind: 'hit', value: values[0] });
  });
});

/** Resolves when the kernel has stopped the process. */
async function untilStopped(pid: number): Promise<void> {
  const state = (): string => {
    try {
      return /^\d+ \(.*\) (\S)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1] ?? '';
    } catch {
      return 'T';
    }
  };
  await expect.poll(state, { interval: 1 }).toBe('T');
}

/** A process that reads `warm`, waits for a line, then reads `frozen` twice and prints what it got. */
function spawnReader(at: { host: string; port: number; name: string }): {
  child: ChildProcess;
  line(): Promise<string | undefined>;
} {
  const source = (path: string): string => JSON.stringify(new URL(`../../src/${path}`, import.meta.url).href);
  const script = `
    import { once } from 'node:events';
    import { systemClock } from ${source('base/clock.ts')};
    import { tcpDial } from ${source('memcached/dial.ts')};
    import { MetaTransport } from ${source('memcached/meta-transport.ts')};
    const told = [];
    const listener = { answered: () => told.push('answered'), failed: ({ code }) => told.push(code) };
    const dial = tcpDial(${JSON.stringify(at.host)}, ${at.port});
    const options = ${JSON.stringify({ connectTimeoutMillis: 2_000, operationTimeoutMillis: 200 })};
    const transport = new MetaTransport(${JSON.stringify(at.name)}, dial, options, systemClock, listener);
    await transport.get('warm', Infinity);
    console.log('warm');
    await once(process.stdin, 'data');
    for (let i = 0; i < 2; i++) {
      const { kind, value } = await transport.get('frozen', Infinity);
      console.log(JSON.stringify({ kind, value: value?.toString(), told }));
    }
  `;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  return { child, line: async () => (await lines.next()).value };
}
