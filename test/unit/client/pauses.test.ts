import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { boundedLoad } from '../../../src/client/bounded-load.ts';
import { Pauses } from '../../../src/client/pauses.ts';

const clock = { monotonic: () => performance.now(), wall: () => Date.now() };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const nothing = async (): Promise<undefined> => undefined;

describe('pauses between looks', () => {
  it('are short at first, double, and come to a tenth of a second', async () => {
    const startedAt = performance.now();
    const looks: number[] = [];
    const waiting = new Pauses(clock).lookAgain(startedAt + 400, undefined, async () => {
      looks.push(performance.now() - startedAt);
      return undefined;
    });
    await vi.advanceTimersByTimeAsync(500);
    expect(await waiting).toBe('late');
    const gaps = looks.map((at, i) => at - (looks[i - 1] ?? 0));
    // A timer's verdict is due one turn of the loop later.
    for (const [i, pause] of [5, 10, 20, 40, 80, 100, 100].entries())
      expect(gaps[i]! - pause).toBeOneOf([0, 1]);
    expect(gaps).toHaveLength(7);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('end with what a look found', async () => {
    let found: string | undefined;
    const waiting = new Pauses(clock).lookAgain(Number.POSITIVE_INFINITY, undefined, async () => found);
    await vi.advanceTimersByTimeAsync(20);
    found = 'value';
    await vi.advanceTimersByTimeAsync(20);
    expect(await waiting).toBe('value');
    expect(vi.getTimerCount()).toBe(0);
  });

  it('end with the invocation, and leave no timer; later ones do not', async () => {
    const pauses = new Pauses(clock);
    const left = [1, 2].map(() => pauses.lookAgain(Number.POSITIVE_INFINITY, undefined, nothing));
    await vi.advanceTimersByTimeAsync(20);
    pauses.end(true);
    expect(await Promise.all(left)).toEqual(['over', 'over']);
    expect(vi.getTimerCount()).toBe(0);
    const later = pauses.lookAgain(Number.POSITIVE_INFINITY, undefined, async () => 'found');
    await vi.advanceTimersByTimeAsync(20);
    expect(await later).toBe('found');
  });

  it('end at once for a caller that aborts, and leave no listener', async () => {
    const abort = new AbortController();
    const removed = vi.spyOn(abort.signal, 'removeEventListener');
    const waiting = new Pauses(clock).lookAgain(Number.POSITIVE_INFINITY, abort.signal, nothing);
    await vi.advanceTimersByTimeAsync(7);
    abort.abort();
    expect(await waiting).toBe('late');
    expect(vi.getTimerCount()).toBe(0);
    // One for each pause that there was.
    expect(removed).toHaveBeenCalledTimes(2);
  });
});

describe('a load', () => {
  it('has no timer any more once its invocation is over, and tells nobody', async () => {
    const left = new Set<() => void>();
    const loading = Promise.withResolvers<string>();
    const settled = vi.fn();
    boundedLoad(() => loading.promise, 'k', performance.now() + 1_000, clock, left).then(settled, settled);
    expect(vi.getTimerCount()).toBe(1);
    for (const leave of left) leave();
    expect(vi.getTimerCount()).toBe(0);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(settled).not.toHaveBeenCalled();
    loading.resolve('late');
    await vi.advanceTimersByTimeAsync(0);
    expect(left.size).toBe(0);
  });

  it('leaves nothing behind once it is done, or too late', async () => {
    const left = new Set<() => void>();
    expect(await boundedLoad(() => 'value', 'k', performance.now() + 1_000, clock, left)).toBe('value');
    const late = boundedLoad(() => new Promise(() => {}), 'k', performance.now() + 1_000, clock, left);
    const rejected = expect(late).rejects.toMatchObject({ code: 'LOAD_TIMEOUT' });
    await vi.advanceTimersByTimeAsync(1_001);
    await rejected;
    expect(left.size).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });
});
