import { describe, expect, it } from 'vitest';
import { FakeCache } from '../../support/fake-cache.ts';

describe('a call with an AbortSignal', () => {
  it('ends as unavailable as soon as the signal aborts, and its late answer is passed over', async () => {
    const { cache } = new FakeCache();
    const abort = new AbortController();
    const read = cache.read('key', { signal: abort.signal });
    abort.abort();
    expect(await read).toMatchObject({ kind: 'unavailable', error: { code: 'ABORTED' } });
  });

  it('sends nothing once the signal has aborted', async () => {
    const { cache } = new FakeCache();
    const signal = AbortSignal.abort();
    expect(await cache.set('key', 'value', { ttlSeconds: 10, signal })).toMatchObject({
      kind: 'unavailable',
      error: { code: 'ABORTED' },
    });
    expect(await cache.delete('key', { signal })).toMatchObject({ error: { code: 'ABORTED' } });
    expect(await cache.getMany(['key'], { signal })).toMatchObject({ unavailable: ['key'] });
    expect(await cache.get('key')).toBeUndefined();
  });

  it('goes on to the loader, which is the caller’s own', async () => {
    const { cache } = new FakeCache();
    const loaded = await cache.wrap('key', () => 'loaded', { ttlSeconds: 10, signal: AbortSignal.abort() });
    expect(loaded).toBe('loaded');
  });

  it('leaves no listener on a signal that outlives it', async () => {
    const { cache } = new FakeCache();
    const { signal } = new AbortController();
    let listeners = 0;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = ((...args: Parameters<typeof add>) => {
      listeners++;
      add(...args);
    }) as typeof add;
    signal.removeEventListener = ((...args: Parameters<typeof remove>) => {
      listeners--;
      remove(...args);
    }) as typeof remove;
    await cache.get('key', { signal });
    await cache.set('key', 'value', { ttlSeconds: 10, signal });
    expect(await cache.get('key', { signal })).toBe('value');
    expect(listeners).toBe(0);
  });
});
