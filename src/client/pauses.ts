import type { Clock } from '../base/clock.ts';
import { DeadlineTimer } from '../base/deadline-timer.ts';
import { type Millis, NEVER } from '../base/units.ts';

/** How often one who waits for another's load looks again: soon at first, then less often. */
const FIRST_LOOK_MILLIS: Millis = 5;
export const LONGEST_LOOK_MILLIS: Millis = 100;

/** How a pause ended: it is time to look, too late to, or nobody waits any more. */
type End = 'due' | 'late' | 'over';

/** The pauses of one invocation's calls, between two looks at what another loads. They end with the invocation. */
export class Pauses {
  readonly #clock: Clock;
  readonly #under = new Set<(how: End) => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Looks, first after a moment and then less often, until `look` gives something or it is `waitUntil`: `late` then, or
   * once `signal` aborts. `over` where the invocation has ended meanwhile, and nobody waits any more.
   */
  async lookAgain<T>(
    waitUntil: Millis,
    signal: AbortSignal | undefined,
    look: () => Promise<T | undefined>,
  ): Promise<T | 'late' | 'over'> {
    for (let pause = FIRST_LOOK_MILLIS; ; pause = Math.min(pause * 2, LONGEST_LOOK_MILLIS)) {
      const lookAt = this.#clock.monotonic() + pause;
      if (lookAt >= waitUntil || signal?.aborted) return 'late';
      const end = await this.#until(lookAt, signal);
      if (end !== 'due') return end;
      const found = await look();
      if (found !== undefined) return found;
    }
  }

  /** Ends those under way. `over`: the invocation has left their callers behind; else these go on by themselves. */
  end(over: boolean): void {
    for (const end of this.#under) end(over ? 'over' : 'late');
  }

  #until(at: Millis, signal: AbortSignal | undefined): Promise<End> {
    return new Promise((resolve) => {
      const end = (how: End): void => {
        timer.clear();
        signal?.removeEventListener('abort', aborted);
        this.#under.delete(end);
        resolve(how);
      };
      const aborted = (): void => end('late');
      const timer = new DeadlineTimer(
        this.#clock,
        () => {
          end('due');
          return NEVER;
        },
        true,
      );
      this.#under.add(end);
      signal?.addEventListener('abort', aborted);
      timer.cover(at, this.#clock.monotonic());
    });
  }
}
