import type { Clock } from '../base/clock.ts';
import { DeadlineTimer } from '../base/deadline-timer.ts';
import { LoadTimeoutError } from '../base/errors.ts';
import { type Millis, NEVER } from '../base/units.ts';
import type { Loader } from './cache.ts';

/**
 * What the loader gives, by `endsAt` (monotonic).
 *
 * @throws LoadTimeoutError where it does not; what the loader throws.
 */
export function boundedLoad<T>(load: Loader<T>, key: string, endsAt: Millis, clock: Clock): Promise<T> {
  return new Promise((resolve, reject) => {
    const startedAt = clock.monotonic();
    const timer = new DeadlineTimer(
      clock,
      (now) => {
        reject(new LoadTimeoutError(key, now - startedAt));
        return NEVER;
      },
      true,
    );
    timer.cover(endsAt, startedAt);
    const loading = async (): Promise<T> => load();
    loading()
      .finally(() => timer.clear())
      .then(resolve, reject);
  });
}
