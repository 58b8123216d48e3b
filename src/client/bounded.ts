import type { Clock } from '../base/clock.ts';
import { DeadlineTimer } from '../base/deadline-timer.ts';
import { type Millis, NEVER } from '../base/units.ts';

/** Waits for `work`, whose failure is its owner's affair, but not past `endsAt` (monotonic). The work itself goes on. */
export function bounded(work: Promise<unknown>, endsAt: Millis, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const timer = new DeadlineTimer(
      clock,
      () => {
        resolve();
        return NEVER;
      },
      true,
    );
    timer.cover(endsAt, clock.monotonic());
    const done = (): void => {
      timer.clear();
      resolve();
    };
    work.then(done, done);
  });
}
