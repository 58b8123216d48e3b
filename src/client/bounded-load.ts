import type { Clock } from '../base/clock.ts';
import { DeadlineTimer } from '../base/deadline-timer.ts';
import { LoadTimeoutError } from '../base/errors.ts';
import { type Millis, NEVER } from '../base/units.ts';
import type { Loader } from './cache.ts';

/**
 * What the loader gives, by `endsAt` (monotonic). `left` takes what is to be done where the invocation is over first: its
 * timer goes, and nobody is told.
 *
 * @throws LoadTimeoutError where it does not; what the loader throws.
 */
export function boundedLoad<T>(
  load: Loader<T>,
  key: string,
  endsAt: Millis,
  clock: Clock,
  left?: Set<() => void>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const startedAt = clock.monotonic();
    const timer = new DeadlineTimer(
      clock,
      (now) => {
        left?.delete(clear);
        reject(new LoadTimeoutError(key, now - startedAt));
        return NEVER;
      },
      true,
    );
    const clear = (): void => timer.clear();
    left?.add(clear);
    timer.cover(endsAt, startedAt);
    const loading = async (): Promise<T> => load();
    loading()
      .finally(() => {
        clear();
        left?.delete(clear);
      })
      .then(resolve, reject);
  });
}
