// What an invocation, a client or a connection leaves behind when it ends, and what it must not.

import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { z } from 'zod';
import { ManualClock, startNode, type TestNode } from '../../src/testing/index.ts';
import { LeasedCache, type LeasedCacheOptions } from '../support/leased-cache.ts';

const TTL = { ttlSeconds: 60 };
const never = (): Promise<never> => new Promise(() => {});
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}
const soon = (): number => performance.now() + 3_000;

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
function open(options: LeasedCacheOptions = {}): LeasedCache {
  const opened = new LeasedCache([node], options);
  caches.push(opened);
  return opened;
}

function loading<T>(value: T) {
  const { promise, resolve } = Promise.withResolvers<T>();
  return { load: vi.fn(() => promise), finish: () => resolve(value) };
}

describe('a connection that is lost while a load is under way', () => {
  it('holds nobody up: its lease goes back by another one', async () => {
    const [mine, other] = [open(), open()];
    await other.cache.get('a connection of its own');
    const { load, finish } = loading('loaded');
    const read = mine.cache.wrap('k', load, TTL);
    await expect.poll(() => node.item('k')?.leased).toBe(true);
    await node.restart({ keepData: true });
    expect(node.item('k')?.leased).toBe(true);
    finish();
    expect(await read).toBe('loaded');
    // It was loaded under a lease that nobody can be sure of any more.
    expect(node.item('k')).toBeUndefined();
    expect(await other.cache.wrap('k', () => 'next', TTL)).toBe('next');
  });

  it('marks a stale value for the next to renew', async () => {
    const stale = { ttlSeconds: 60, staleSeconds: 600 };
    const mine = open();
    await mine.cache.wrap('k', () => 'old', stale);
    clock.advance(61_000);
    const { load, finish } = loading('new');
    expect(await mine.cache.wrap('k', load, stale)).toBe('old');
    await node.restart({ keepData: true });
    finish();
    const renewed = vi.fn(() => 'newer');
    await expect.poll(async () => mine.cache.wrap('k', renewed, stale)).toBe('newer');
    expect(renewed).toHaveBeenCalledTimes(1);
  });

  it('costs the reader whose lease’s reply was cut no wait for itself', async () => {
    const mine = open();
    await mine.cache.get('connected');
    node.faults.set({ kind: 'reset', times: 1 });
    const start = performance.now();
    expect(await mine.cache.wrap('k', () => 'loaded', TTL)).toBe('loaded');
    expect(performance.now() - start).toBeLessThan(2_000);
  });
});

describe('a client that is closed', () => {
  it('gives the leases of its loads back, and lets those who wait load alone', async () => {
    const [holder, waiter, other] = [open(), open(), open()];
    const { load, finish } = loading('late');
    const held = holder.cache.wrap('k', load, TTL);
    await expect.poll(() => node.item('k')?.leased).toBe(true);
    const waiting = waiter.cache.wrap('k', () => 'alone', TTL);
    const gets = node.stats.cmd_get;
    await expect.poll(() => node.stats.cmd_get).toBeGreaterThan(gets + 1);
    await waiter.close();
    expect(await waiting).toBe('alone');
    await holder.close();
    expect(node.item('k')).toBeUndefined();
    expect(await other.cache.wrap('k', () => 'other', TTL)).toBe('other');
    finish();
    expect(await held).toBe('late');
    expect(node.item('k')?.value.toString()).toBe('other');
  });
});

describe('an invocation that is over', () => {
  it('does not wait for an update whose change hangs', async () => {
    const invocation = open({ loadTimeoutMillis: 500 }).invocation(5_000);
    const settled = vi.fn();
    const change = vi.fn(never);
    void invocation.update('k', change, TTL).then(settled, settled);
    await expect.poll(() => change.mock.calls.length).toBe(1);
    const start = performance.now();
    await invocation.settle(soon());
    expect(performance.now() - start).toBeLessThan(1_000);
    expect(settled).not.toHaveBeenCalled();
  });

  it('leaves its flight to nobody: who joined goes on alone', async () => {
    const opened = open();
    const [first, second] = [opened.invocation(5_000), opened.invocation(4_000)];
    void first.wrap('k', never, TTL);
    await expect.poll(() => node.item('k')?.leased).toBe(true);
    const load = vi.fn(() => 'mine');
    const joined = second.wrap('k', load, TTL);
    const gets = node.stats.cmd_get;
    await expect.poll(() => node.stats.cmd_get).toBeGreaterThan(gets);
    await first.settle(soon());
    expect(await joined).toBe('mine');
  });

  it.each(['before', 'behind'])('begins no load for a validation that ends %s it', async (when) => {
    const opened = open();
    await opened.cache.set('k', 'of another shape', TTL);
    const gate = Promise.withResolvers<void>();
    const judged = vi.fn(async () => {
      await gate.promise;
      return false;
    });
    const invocation = opened.invocation(5_000);
    const settled = vi.fn();
    const load = vi.fn(never);
    void invocation.wrap('k', load, { ...TTL, validate: z.string().refine(judged) }).then(settled, settled);
    await expect.poll(() => judged.mock.calls.length).toBeGreaterThan(0);
    if (when === 'before') gate.resolve();
    await invocation.settle(soon());
    gate.resolve();
    await turns(5);
    expect(settled).not.toHaveBeenCalled();
    // What began before the end was ended by it.
    if (when === 'behind') expect(load).not.toHaveBeenCalled();
    expect(node.item('k')).toMatchObject({ leased: false });
  });

  it('stores nothing of an update whose change ends behind it', async () => {
    const opened = open();
    const gate = Promise.withResolvers<string>();
    const change = vi.fn(() => gate.promise);
    const invocation = opened.invocation(5_000);
    void invocation.update('k', change, TTL);
    await expect.poll(() => change.mock.calls.length).toBe(1);
    await invocation.settle(soon());
    gate.resolve('late');
    await turns(5);
    expect(node.item('k')).toBeUndefined();
  });

  it('begins no load for a second caller of its own behind it', async () => {
    await node.kill();
    const invocation = open().invocation(5_000);
    const [first, second] = [vi.fn(never), vi.fn(never)];
    void invocation.wrap('k', first, TTL);
    void invocation.wrap('k', second, TTL);
    await expect.poll(() => first.mock.calls.length).toBe(1);
    await invocation.settle(soon());
    await turns(5);
    expect(second).not.toHaveBeenCalled();
  });
});

it('shares a flight with nobody who has another schema', async () => {
  const [holder, reader] = [open(), open()];
  const { load, finish } = loading({ since: '2026-01-02T00:00:00.000Z' });
  const held = holder.cache.wrap('k', load, TTL);
  await expect.poll(() => node.item('k')?.leased).toBe(true);
  const dated = z.object({ since: z.coerce.date() });
  const reads = [
    reader.cache.wrap('k', () => ({ since: new Date(0) }), { ...TTL, validate: dated }),
    reader.cache.wrap('k', () => ({ since: 'unused' }), TTL),
  ];
  const gets = node.stats.cmd_get;
  await expect.poll(() => node.stats.cmd_get).toBeGreaterThan(gets + 3);
  finish();
  await held;
  expect(await Promise.all(reads)).toEqual([
    { since: new Date('2026-01-02T00:00:00.000Z') },
    { since: '2026-01-02T00:00:00.000Z' },
  ]);
});

it.each([true, false])('loads once for all who cannot read an item (leases: %s)', async (leases) => {
  await open().cache.set('k', 'of another shape', TTL);
  const gate = Promise.withResolvers<void>();
  const load = vi.fn(async () => {
    await gate.promise;
    return 5;
  });
  const validate = z.number();
  const reads = Array.from({ length: 6 }, () => open({ leases }).cache.wrap('k', load, { ...TTL, validate }));
  await expect.poll(() => load.mock.calls.length).toBe(1);
  const gets = node.stats.cmd_get;
  await expect.poll(() => node.stats.cmd_get).toBeGreaterThan(gets + 6);
  gate.resolve();
  expect(await Promise.all(reads)).toEqual([5, 5, 5, 5, 5, 5]);
  expect(load).toHaveBeenCalledTimes(1);
});

it('loads alone where others keep storing what it cannot read', async () => {
  const { cache } = open();
  const other = open();
  const validate = z.number();
  await other.cache.set('k', 'theirs', TTL);
  const gate = Promise.withResolvers<void>();
  const held = other.cache.wrap('x', () => gate.promise, TTL);
  const read = cache.wrap('k', async () => 5, { ...TTL, validate });
  await other.cache.set('k', 'theirs again', TTL);
  gate.resolve();
  await held;
  expect(await read).toBe(5);
});

it('keeps what is known not to be for 30 days at the most, staleness included', async () => {
  const month = 2_592_000;
  const load = vi.fn(() => undefined);
  const { cache } = open();
  const options = { ttlSeconds: 60, staleSeconds: month / 2, negativeTtlSeconds: month };
  for (let call = 0; call < 3; call++) await cache.wrap('k', load, options);
  expect(load).toHaveBeenCalledTimes(1);
  expect(node.item('k')?.ttlSeconds).toBeLessThanOrEqual(month);
});

it('survives a refresh that rejects with what cannot be shown', async () => {
  const unhandled = vi.fn();
  process.on('unhandledRejection', unhandled);
  onTestFinished(() => void process.off('unhandledRejection', unhandled));
  const opened = open();
  const stale = { ttlSeconds: 60, staleSeconds: 600 };
  await opened.cache.wrap('k', () => 'old', stale);
  clock.advance(61_000);
  const refused = (): Promise<string> => Promise.reject(Object.create(null));
  expect(await opened.cache.wrap('k', refused, stale)).toBe('old');
  await expect.poll(() => opened.events.some(({ kind }) => kind === 'refresh-failed')).toBe(true);
  expect(unhandled).not.toHaveBeenCalled();
});

it('bounds by more milliseconds than a timer takes', async () => {
  const opened = open({ loadTimeoutMillis: 900_000 });
  const invocation = opened.invocation(2 ** 33);
  const { load, finish } = loading('loaded');
  const reads = [invocation.wrap('k', load, TTL), invocation.wrap('k', load, TTL)];
  await expect.poll(() => load.mock.calls.length).toBe(1);
  await new Promise((resolve) => setTimeout(resolve, 20));
  finish();
  expect(await Promise.all(reads)).toEqual(['loaded', 'loaded']);
});
