import { type Millis, NEVER } from '../base/units.ts';
import type { ClientCore } from './client-core.ts';
import { LONGEST_LOOK_MILLIS } from './pauses.ts';
import { leaseSeconds } from './wanted.ts';

/** Until when one who has a lease may load: some time is kept, to store what was loaded or to give the lease back. */
export function loadUntil(
  { clock, loadTimeoutMillis, operationTimeoutMillis }: ClientCore,
  endsAt: Millis,
): Millis {
  const now = clock.monotonic();
  const left = endsAt - now;
  const reserve = left === NEVER ? 0 : Math.min(operationTimeoutMillis, left / 5);
  return Math.min(now + loadTimeoutMillis, endsAt - reserve);
}

/**
 * Until when to wait for what another loads: as long as a lease lasts, and one look more, so that of all who wait for a
 * process that died one takes over. Who waits must still be able to load by itself.
 */
export function waitUntil(core: ClientCore, endsAt: Millis): Millis {
  const now = core.clock.monotonic();
  const lease = leaseSeconds(core, endsAt) * 1_000;
  return now + Math.min(lease + 2 * LONGEST_LOOK_MILLIS, (endsAt - now) / 2);
}
