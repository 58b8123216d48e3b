// What the README says of a cache's edges: none is a fault, and each has surprised somebody.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Cache } from '../../src/client/cache.ts';
import { createCache } from '../../src/create-cache.ts';
import { ManualClock, startNode, type TestNode } from '../../src/testing/index.ts';
import { quietLogger } from '../support/quiet-logger.ts';

const TTL = { ttlSeconds: 60 };

let clock: ManualClock;
let node: TestNode;
let cache: Cache;
beforeEach(async () => {
  clock = new ManualClock();
  node = await startNode({ clock });
  cache = createCache({ discovery: { nodes: [node.name] }, loadTimeoutMillis: 200, logger: quietLogger });
});
afterEach(async () => {
  await cache.close();
  await node.close();
});

describe('a read-through', () => {
  it('of a key inside of its own loader waits for itself', async () => {
    const inside = cache.wrap('k', () => cache.wrap('k', () => 1, TTL), TTL);
    await expect(inside).rejects.toThrow(expect.objectContaining({ code: 'LOAD_TIMEOUT' }));
  });

  it('gives one and the same object to all of a process that share a load', async () => {
    const load = async (): Promise<object> => ({ a: 1 });
    const [first, second] = await Promise.all([cache.wrap('k', load, TTL), cache.wrap('k', load, TTL)]);
    expect(second).toBe(first);
  });

  it("ends its wait for another's load with its signal, and loads by itself", async () => {
    const others = Promise.withResolvers<string>();
    const loading = Promise.withResolvers<void>();
    const other = cache.wrap(
      'k',
      () => {
        loading.resolve();
        return others.promise;
      },
      TTL,
    );
    await loading.promise;
    const gone = new AbortController();
    const own = cache.wrap('k', () => 'own', { ...TTL, signal: gone.signal });
    gone.abort();
    expect(await own).toBe('own');
    others.resolve('other');
    expect(await other).toBe('other');
  });

  it('lets its loader end, whatever its signal says', async () => {
    const gone = new AbortController();
    const load = async (): Promise<string> => {
      gone.abort();
      return 'value';
    };
    expect(await cache.wrap('k', load, { ...TTL, signal: gone.signal })).toBe('value');
  });

  it('finds no cached Date valid, unless the schema takes its string', async () => {
    const load = (): { at: Date } => ({ at: new Date(0) });
    const dates = { ...TTL, validate: z.object({ at: z.date() }) };
    const coerced = { ...TTL, validate: z.object({ at: z.coerce.date() }) };
    expect((await cache.read('k', load, dates)).kind).toBe('miss');
    expect((await cache.read('k', load, dates)).kind).toBe('miss');
    expect(await cache.read('k', load, coerced)).toMatchObject({ kind: 'hit', value: { at: new Date(0) } });
  });

  it('does not validate what its loader gives', async () => {
    const validate = z.string();
    expect(await cache.wrap('k', () => 1 as unknown as string, { ...TTL, validate })).toBe(1);
  });

  it('whose value cannot be stored throws', async () => {
    await expect(cache.wrap('k', () => ({ tags: new Set() }), TTL)).rejects.toThrow('class Set at tags');
  });
});

it('a stored negative is a hit to read, and in the way of add', async () => {
  await cache.wrap('k', () => undefined, { ...TTL, negativeTtlSeconds: 10 });
  expect(await cache.read('k')).toEqual({ kind: 'hit', value: undefined, node: node.name });
  expect(await cache.add('k', 1, TTL)).toEqual({ kind: 'refused' });
});

it('a value past its time is a hit to reads without a loader', async () => {
  await cache.wrap('k', () => 'old', { ttlSeconds: 10, staleSeconds: 60 });
  clock.advance(20_000);
  expect(await cache.get('k')).toBe('old');
  expect((await cache.read('k')).kind).toBe('hit');
  expect((await cache.getMany(['k'])).hits.get('k')).toBe('old');
  expect((await cache.read('k', () => 'new', { ttlSeconds: 10, staleSeconds: 60 })).kind).toBe('stale');
});

it('a count beyond what a number holds is refused, and has happened', async () => {
  await cache.increment('k', { initial: Number.MAX_SAFE_INTEGER, ttlSeconds: 60 });
  expect(await cache.increment('k')).toEqual({ kind: 'refused' });
  expect(node.item('k')).toMatchObject({ value: Buffer.from('9007199254740992') });
});

it('what is no number is not counted, and what is not there not without an initial', async () => {
  await cache.set('text', 'abc', TTL);
  expect(await cache.increment('text')).toEqual({ kind: 'refused' });
  expect(await cache.increment('none')).toEqual({ kind: 'not-found' });
});

it('an aborted get gives undefined', async () => {
  await cache.set('k', 'value', TTL);
  expect(await cache.get('k', { signal: AbortSignal.abort() })).toBeUndefined();
  expect(await cache.read('k', { signal: AbortSignal.abort() })).toMatchObject({
    kind: 'unavailable',
    error: { code: 'ABORTED' },
  });
});

it('after close all is unavailable, and a read-through loads', async () => {
  await cache.close();
  const closed = { kind: 'unavailable', error: { code: 'CLOSED' } };
  expect(await cache.read('k')).toMatchObject(closed);
  expect(await cache.set('k', 1, TTL)).toMatchObject(closed);
  expect(await cache.delete('k')).toMatchObject(closed);
  expect(await cache.increment('k')).toMatchObject(closed);
  expect(await cache.get('k')).toBeUndefined();
  expect(await cache.wrap('k', () => 'loaded', TTL)).toBe('loaded');
});

it('a disabled cache calls no function of an update', async () => {
  const disabled = createCache({ disabled: true });
  expect(await disabled.update('k', () => expect.unreachable(), TTL)).toEqual({ kind: 'disabled' });
});
