import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Clock } from '../../../src/base/clock.ts';
import { NEVER } from '../../../src/base/units.ts';
import { boundedLoad } from '../../../src/client/bounded-load.ts';

/** Fake timers move this clock along. */
const clock: Clock = { monotonic: () => performance.now(), wall: () => Date.now() };

const pendingTimers = (): number => vi.getTimerCount();

describe('a bounded load', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('gives what the loader gives, at once or later', async () => {
    expect(await boundedLoad(() => 'at once', 'k', NEVER, clock)).toBe('at once');
    expect(await boundedLoad(async () => 'later', 'k', clock.monotonic() + 50, clock)).toBe('later');
    expect(pendingTimers()).toBe(0);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('origin');
      },
    ],
    ['rejects', () => Promise.reject(new Error('origin'))],
  ])('fails as the loader does that %s, and leaves no timer', async (_how, load) => {
    await expect(boundedLoad(load, 'k', clock.monotonic() + 50, clock)).rejects.toThrow('origin');
    expect(pendingTimers()).toBe(0);
  });

  it('ends with an error that names the key where the loader does not settle', async () => {
    const load = boundedLoad(() => new Promise(() => {}), 'the key', clock.monotonic() + 50, clock);
    const failed = expect(load).rejects.toMatchObject({
      name: 'LoadTimeoutError',
      code: 'LOAD_TIMEOUT',
      message: expect.stringMatching(/^the loader of "the key" did not settle within 5\d ms$/),
    });
    await vi.advanceTimersByTimeAsync(60);
    await failed;
    expect(pendingTimers()).toBe(0);
  });

  it('passes over what the loader says after its time', async () => {
    const late = Promise.withResolvers<string>();
    const load = boundedLoad(() => late.promise, 'k', clock.monotonic() + 50, clock);
    const failed = expect(load).rejects.toMatchObject({ code: 'LOAD_TIMEOUT' });
    await vi.advanceTimersByTimeAsync(60);
    await failed;
    late.reject(new Error('nobody listens'));
    await vi.advanceTimersByTimeAsync(1);
  });

  it('has no end of its own where there is no bound', async () => {
    const loading = Promise.withResolvers<string>();
    const load = boundedLoad(() => loading.promise, 'k', NEVER, clock);
    expect(pendingTimers()).toBe(0);
    loading.resolve('value');
    expect(await load).toBe('value');
  });
});
