import type { Clock } from './clock.ts';
import { type Millis, NEVER } from './units.ts';

/** A timer that fires this much after its time did not tick in between: a freeze, or a blocked event loop. */
const LATE_MILLIS: Millis = 200;

/** Node fires longer ones at once. */
const LONGEST_TIMER_MILLIS: Millis = 2 ** 31 - 1;

/**
 * One timer for all that a connection waits for: it is set for the earliest deadline and asks again when it
 * fires, so that an operation costs no timer of its own.
 *
 * Node runs timers before it reads sockets. After a freeze that would fail operations whose answers already lie
 * in the socket's buffer, so expiry is judged only after one poll phase (`setImmediate`).
 */
export class DeadlineTimer {
  readonly #clock: Clock;
  readonly #expire: (now: Millis, late: boolean) => Millis;
  readonly #keepsProcess: boolean;
  #timer: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;
  #dueAt: Millis = NEVER;

  /**
   * `expire` fails what is overdue at `now` and returns the next deadline, `NEVER` for none. `keepsProcess`: somebody
   * waits for the timer itself, and there may be no socket that keeps the process meanwhile.
   */
  constructor(clock: Clock, expire: (now: Millis, late: boolean) => Millis, keepsProcess = false) {
    this.#clock = clock;
    this.#expire = expire;
    this.#keepsProcess = keepsProcess;
  }

  /** Makes sure that the timer fires by `deadline`. Cheap where it already does. */
  cover(deadline: Millis, now: Millis): void {
    if (deadline >= this.#dueAt) return;
    this.#arm(deadline, now);
  }

  clear(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#immediate);
    this.#timer = undefined;
    this.#immediate = undefined;
    this.#dueAt = NEVER;
  }

  #arm(deadline: Millis, now: Millis): void {
    clearTimeout(this.#timer);
    this.#dueAt = deadline;
    // Rounded up: setTimeout drops fractions, and a timer that fires early has to be set again.
    this.#timer = setTimeout(
      this.#fired,
      Math.min(LONGEST_TIMER_MILLIS, Math.max(0, Math.ceil(deadline - now))),
    );
    if (!this.#keepsProcess) this.#timer.unref();
  }

  readonly #fired = (): void => {
    const late = this.#clock.monotonic() - this.#dueAt > LATE_MILLIS;
    this.#timer = undefined;
    this.#immediate = setImmediate(() => {
      this.#immediate = undefined;
      const dueAt = this.#dueAt;
      this.#dueAt = NEVER;
      const now = this.#clock.monotonic();
      if (dueAt - now > LONGEST_TIMER_MILLIS / 2) return this.cover(dueAt, now);
      const next = this.#expire(now, late);
      if (next !== NEVER) this.cover(next, now);
    });
  };
}
