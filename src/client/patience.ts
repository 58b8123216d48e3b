// How long one read-through may take, by the monotonic clock where nothing else is said.

import { type Millis, NEVER, type Seconds } from '../base/units.ts';
import type { ClientCore } from './client-core.ts';
import { LONGEST_LOOK_MILLIS } from './pauses.ts';

/** A lease outlasts the longest load by this, so that what was loaded is still taken. */
export const LEASE_BEYOND_LOAD_SECONDS: Seconds = 1;

/** As long as the loader may take, and a moment to store what it gave. */
export function leaseSeconds({ loadTimeoutMillis, clock }: ClientCore, endsAt: Millis): Seconds {
  const left = endsAt === NEVER ? NEVER : Math.max(0, endsAt - clock.monotonic());
  return Math.ceil(Math.min(loadTimeoutMillis, left) / 1000) + LEASE_BEYOND_LOAD_SECONDS;
}

/** Until when one who has a lease may load: some time is kept, to store what was loaded or to give the lease back. */
export function loadUntil(core: ClientCore, endsAt: Millis): Millis {
  const left = endsAt - core.clock.monotonic();
  return left === NEVER ? NEVER : endsAt - Math.min(core.operationTimeoutMillis, left / 5);
}

/**
 * Until when to wait for what another loads: as long as a lease lasts, and a look more, so that of all who wait for a
 * process that died one takes over. Who waits must still be able to load by itself.
 */
export function waitUntil(core: ClientCore, endsAt: Millis): Millis {
  const now = core.clock.monotonic();
  const lease = leaseSeconds(core, endsAt) * 1_000;
  return now + Math.min(lease + 2 * LONGEST_LOOK_MILLIS, (endsAt - now) / 2);
}
