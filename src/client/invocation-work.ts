import type { Clock } from '../base/clock.ts';
import { Tally } from '../base/tally.ts';
import type { Millis } from '../base/units.ts';
import { boundedLoad } from './bounded-load.ts';
import type { Loader } from './cache.ts';
import { OpenCalls } from './open-calls.ts';
import { Pauses } from './pauses.ts';

/** What one invocation has under way, and how it ends with it. */
export class InvocationWork {
  /** No call outlives this (monotonic). */
  readonly endsAt: Millis;
  /** Calls to nodes that have begun, whether or not anybody still waits for them. */
  readonly open = new OpenCalls();
  /** What is to be done about other work, that nobody awaits any more, when the invocation ends. */
  readonly left = new Set<() => void>();
  /** What its calls came to. */
  readonly tally = new Tally();
  /** Of calls that wait for what another loads. */
  readonly pauses: Pauses;
  readonly #clock: Clock;
  readonly #loadTimeoutMillis: Millis;
  #leaving = false;

  constructor(clock: Clock, loadTimeoutMillis: Millis, endsAt: Millis) {
    this.#clock = clock;
    this.#loadTimeoutMillis = loadTimeoutMillis;
    this.endsAt = endsAt;
    this.pauses = new Pauses(clock);
  }

  /**
   * The caller's own part of a call that is counted as open. The invocation's end waits for the call, but for this part
   * no longer than a turn; what comes of it behind that is told to nobody, and nothing follows from it.
   */
  async callersPart<T>(work: Promise<T>): Promise<T> {
    let dropped = false;
    let immediate: NodeJS.Immediate | undefined;
    const drop = (): void => {
      dropped = true;
      this.open.end();
    };
    const leave = (): void => {
      immediate ??= setImmediate(drop);
    };
    this.left.add(leave);
    if (this.#leaving) leave();
    try {
      return await work;
    } finally {
      this.left.delete(leave);
      clearImmediate(immediate);
      if (dropped) await new Promise<never>(() => {});
    }
  }

  /**
   * What is not a call to a node ends now, and leaves no timer. `over`: the handler is done, and nobody waits for it; else
   * who waits for another's load goes on alone.
   */
  leave(over: boolean): void {
    this.#leaving = true;
    for (const leave of this.left) leave();
    this.left.clear();
    this.pauses.end(over);
  }

  /**
   * What a loader gives, within `loadTimeoutMillis` and by `by`. `beside`: the invocation's end waits for it; any other
   * load is then one that nobody awaits.
   *
   * @throws LoadTimeoutError where it does not; what the loader throws.
   */
  load<T>(key: string, load: Loader<T>, by: Millis, beside = false): Promise<T> {
    this.tally.originLoads++;
    return this.within(key, load, by, beside);
  }

  /** The same of other work of the caller's. */
  within<T>(key: string, load: Loader<T>, by: Millis, beside = false): Promise<T> {
    const until = Math.min(this.#clock.monotonic() + this.#loadTimeoutMillis, by);
    return boundedLoad(load, key, until, this.#clock, beside ? undefined : this.left);
  }

  /** `work` under a right that others wait for; `release` gives it back at once where the invocation ends first. */
  async holding<T>(release: () => void, work: (isLeft: () => boolean) => Promise<T>): Promise<T> {
    let left = false;
    const leave = (): void => {
      left = true;
      release();
    };
    this.left.add(leave);
    try {
      return await work(() => left);
    } finally {
      this.left.delete(leave);
    }
  }
}
