import type { Random } from '../base/random.ts';
import type { Seconds } from '../base/units.ts';

const JITTER = 0.1;

/** Items that are stored together would end together: up to a tenth of the time is taken off, never added. */
export function jittered(ttlSeconds: Seconds, random: Random): Seconds {
  return ttlSeconds - Math.floor(ttlSeconds * JITTER * random());
}
