import type { CacheError } from '../base/errors.ts';
import type { Millis } from '../base/units.ts';

/** What is known of a node that failed. Times are by the time of day: a pause goes on while the environment is frozen. */
interface Failing {
  readonly failures: number;
  readonly since: Millis;
  readonly retryAt: Millis;
  readonly error: CacheError;
}

/**
 * A node that failed is `down`: it is left alone, longer each time, and then tried by one operation at a time, its probe.
 * While it is `probing` the others are held up as before.
 */
export type NodeHealth =
  | { readonly state: 'up' }
  | ({ readonly state: 'down' } & Failing)
  | ({ readonly state: 'probing' } & Failing);

const FIRST_PAUSE_MILLIS: Millis = 1_000;
const LONGEST_PAUSE_MILLIS: Millis = 30_000;

export const UP: NodeHealth = { state: 'up' };

export function pauseAfter(failures: number): Millis {
  return Math.min(FIRST_PAUSE_MILLIS * 2 ** (failures - 1), LONGEST_PAUSE_MILLIS);
}

/** Whether an operation may go to the node now. A clock that was set back ends the pause, too. */
export function mayUse(health: NodeHealth, now: Millis): boolean {
  return health.state === 'up' || now >= health.retryAt || now < health.since;
}

/**
 * The health once an operation was let through. A probe that ends without a verdict, because its invocation ran
 * out of time, holds the next one up for `probeMillis` and no longer.
 */
export function used(health: NodeHealth, now: Millis, probeMillis: Millis): NodeHealth {
  if (health.state === 'up') return health;
  return { ...health, state: 'probing', since: now, retryAt: now + probeMillis };
}

export function failed(
  health: NodeHealth,
  error: CacheError,
  now: Millis,
): Extract<NodeHealth, { state: 'down' }> {
  const failures = health.state === 'up' ? 1 : health.failures + 1;
  return { state: 'down', failures, since: now, retryAt: now + pauseAfter(failures), error };
}
