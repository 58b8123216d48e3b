import {
  type DeleteOutcome,
  type LeaseOutcome,
  NOT_FOUND,
  REFUSED,
  type StoreOutcome,
} from '../../src/base/outcome.ts';
import type { Millis, Seconds } from '../../src/base/units.ts';
import { COPY_LEASE_SECONDS, itemOf } from '../../src/client/dispatch.ts';
import { COPY_SUFFIX } from '../../src/memcached/storage-key.ts';
import type { WireItem } from '../../src/memcached/transport.ts';
import { HeldTransport } from './staleness-node.ts';
import type { Design } from './staleness-world.ts';

/** Items of these keys are filled by a plain `set`, whatever happened to them meanwhile. */
export function plainFills(areOf: (key: string) => boolean): Design {
  class PlainFills extends HeldTransport {
    override fill(key: string, item: WireItem, cas: string): Promise<StoreOutcome> {
      return areOf(key) ? this.store('set', key, item) : super.fill(key, item, cas);
    }
  }
  return { transport: (...parts) => new PlainFills(...parts) };
}

/** Stands for a lease that is taken only when there is something to fill the copy with. */
const NOT_YET = 'not yet';

class LateLeases extends HeldTransport {
  override async lease(key: string, leaseSeconds: Seconds, refreshSeconds: Seconds): Promise<LeaseOutcome> {
    if (!key.endsWith(COPY_SUFFIX)) return super.lease(key, leaseSeconds, refreshSeconds);
    const outcome = itemOf(await this.get(key));
    if (outcome.kind === 'hit') return { ...outcome, cas: '', won: false, stale: false };
    return outcome.kind === 'miss' ? { kind: 'won', cas: NOT_YET } : outcome;
  }

  override async fill(key: string, item: WireItem, cas: string): Promise<StoreOutcome> {
    if (cas !== NOT_YET) return super.fill(key, item, cas);
    const leased = await super.lease(key, COPY_LEASE_SECONDS, 0);
    return leased.kind === 'won' ? super.fill(key, item, leased.cas) : REFUSED;
  }

  override async giveBack(
    key: string,
    cas: string,
    keepStale: boolean,
    endsAt: Millis,
  ): Promise<DeleteOutcome> {
    return cas === NOT_YET ? NOT_FOUND : super.giveBack(key, cas, keepStale, endsAt);
  }
}

/** The copy's lease is taken once the value is in hand, not before the base is read. */
export const lateLeases: Design = { transport: (...parts) => new LateLeases(...parts) };
