import type { Millis } from '../base/units.ts';
import { NEVER } from '../base/units.ts';
import type { ClientCore } from './client-core.ts';

/** How long one read-through may load, and wait for what another loads (monotonic). */
export interface Patience {
  readonly loadBy: Millis;
  readonly waitUntil: Millis;
}

export function patienceFrom(core: ClientCore, endsAt: Millis): Patience {
  const now = core.clock.monotonic();
  const left = endsAt - now;
  // Some time is kept: to store what was loaded, or to give the lease back.
  const reserve = left === NEVER ? 0 : Math.min(core.operationTimeoutMillis, left / 5);
  return {
    loadBy: Math.min(now + core.loadTimeoutMillis, endsAt - reserve),
    // And who waits for another's load must still be able to load by itself.
    waitUntil: Math.min(now + core.loadTimeoutMillis, now + left / 2),
  };
}
