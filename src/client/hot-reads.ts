import type { FetchOutcome } from '../base/outcome.ts';
import type { Tally } from '../base/tally.ts';
import type { Millis } from '../base/units.ts';
import { isHot } from '../codec/flags.ts';
import { storageKey } from '../memcached/storage-key.ts';
import type { ClientCore } from './client-core.ts';
import type { HotDetection } from './hot-detection.ts';
import type { OpenCalls } from './open-calls.ts';

/** The invocation that reads. */
interface Reader {
  readonly open: OpenCalls;
  readonly tally: Tally;
  readonly endsAt: Millis;
}

/** Sees what a read of the caller's `key` came to: counts it, and hears what the item says of its key. */
export function sawRead(
  core: ClientCore,
  detection: HotDetection,
  reader: Reader,
  key: string,
  outcome: FetchOutcome,
): void {
  const isHit = outcome.kind === 'hit';
  if (detection.counts(isHit ? outcome.value.length : 0)) sample(core, detection, reader, key);
  if (!isHit || !isHot(outcome.flags)) return;
  if (detection.hotKeys.hinted(storageKey(core.prefix, key), outcome.flags)) core.cluster.reroute();
}

/** Beside the reader, and settled with the invocation. */
function sample(
  { cluster, prefix }: ClientCore,
  detection: HotDetection,
  { open, tally, endsAt }: Reader,
  key: string,
): void {
  const router = cluster.router();
  if (router === undefined) return;
  const sampled = { ring: router.ring, storageKey: storageKey(prefix, key), tally, endsAt };
  void open.during(detection.sample(sampled).then((isNews) => isNews && cluster.reroute()));
}
