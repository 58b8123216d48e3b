import { AsyncLocalStorage } from 'node:async_hooks';
// The real one: the global is taken over while a model runs.
import { setImmediate as nextTurn } from 'node:timers';
import { vi } from 'vitest';
import type { Clock } from '../../src/base/clock.ts';
import type { Millis } from '../../src/base/units.ts';
import { ManualClock } from '../../src/testing/manual-clock.ts';

interface Due {
  readonly at: Millis;
  readonly run: () => void;
}

/**
 * Time that stands still until it is moved, with all that waits: the timers of the client for a time, held steps for
 * being thawed. Each step is followed by all that can go on without time.
 */
export class SimulatedTime implements Clock {
  readonly #clock = new ManualClock();
  /** Ordered by time, and by age where the time is the same. */
  readonly #queue: Due[] = [];
  readonly #held: (() => void)[] = [];

  monotonic(): Millis {
    return this.#clock.monotonic();
  }

  wall(): Millis {
    return this.#clock.wall();
  }

  after(delay: Millis, run: () => void): Due {
    const due = { at: this.monotonic() + delay, run };
    const later = this.#queue.findIndex(({ at }) => at > due.at);
    this.#queue.splice(later < 0 ? this.#queue.length : later, 0, due);
    return due;
  }

  async advance(millis: Millis): Promise<void> {
    const until = this.monotonic() + millis;
    await quiet();
    while (this.#queue.length > 0 && this.#queue[0]!.at <= until) await this.#next();
    this.#clock.advance(until - this.monotonic());
  }

  /** `step` is taken when it is thawed, at whatever time that is. */
  hold(step: () => void): void {
    this.#held.push(step);
  }

  /** Lets one of the held steps be taken now. */
  async thaw(which: number): Promise<void> {
    await quiet();
    const [step] = this.#held.splice(which % this.#held.length, 1);
    step?.();
    await quiet();
  }

  /** Until nothing is left to happen. */
  async settle(): Promise<void> {
    await quiet();
    while (this.#held.length > 0 || this.#queue.length > 0) {
      if (this.#held.length > 0) await this.thaw(0);
      else await this.#next();
    }
  }

  async #next(): Promise<void> {
    const { at, run } = this.#queue.shift()!;
    this.#clock.advance(at - this.monotonic());
    run();
    await quiet();
  }

  /** Puts the timers of whatever runs from now on into this time. */
  takeTimers(): Disposable {
    const start = (run: () => void, delay: Millis = 0) =>
      // A timer goes on in the context it was set in, as a real one does.
      Object.assign(this.after(delay, AsyncLocalStorage.bind(run)), { unref() {} });
    const stop = (due: Due | undefined): void => {
      const place = due === undefined ? -1 : this.#queue.indexOf(due);
      if (place >= 0) this.#queue.splice(place, 1);
    };
    vi.stubGlobal('setTimeout', start);
    vi.stubGlobal('clearTimeout', stop);
    vi.stubGlobal('setImmediate', (run: () => void) => start(run));
    vi.stubGlobal('clearImmediate', stop);
    return { [Symbol.dispose]: () => void vi.unstubAllGlobals() };
  }
}

/** When all promises that could settle have settled: nothing here waits for the outside. */
export function quiet(): Promise<void> {
  return new Promise((resolve) => {
    nextTurn(resolve);
  });
}
