import { percentile } from '../bench/clients/statistics.ts';
import { checkHistory } from '../test/support/histories/checker.ts';
import type { Bounds, Read, ReadKind, Write } from '../test/support/histories/history.ts';
import type { Aging, CallOf, Freeze } from './environments/fleet.ts';
import type { Load } from './environments/origin.ts';
import { INVOCATION_MILLIS, isHot } from './environments/settings.ts';

const COPY_LEASE_MILLIS = 3_000;
/** Calls that share a flight may have begun this much before the one that joins it. */
const FLIGHT_MILLIS = 1_000;

/** By how much a value may be out of date while clients share one node list and see the owner up. */
export function boundsFor(copyTtlSeconds: number): Bounds {
  const copy = copyTtlSeconds * 1_000 + COPY_LEASE_MILLIS;
  return {
    'base get': 0,
    'smeared get': copy,
    'plain wrap': FLIGHT_MILLIS,
    'smeared wrap': copy + FLIGHT_MILLIS,
  };
}

/** Where the contract's bound does not hold for some keys, another does; times are the machine's. */
export interface Outside {
  readonly why: string;
  readonly boundMillis: number;
  readonly from: number;
  readonly to: number;
  readonly holds: (key: string) => boolean;
}

/** What a fleet did, and what its origin knows. */
export interface DrillRecord {
  readonly calls: readonly CallOf[];
  /** When the time of day of which process ran fast. */
  readonly agings: readonly Aging[];
  readonly freezes: readonly Freeze[];
  readonly hanging: number;
  readonly origin: { readonly writes: readonly Write[]; readonly loads: readonly Load[] };
}

/** The part of a drill in which the fault was there. */
export interface Period {
  readonly from: number;
  readonly to: number;
}

export interface Verdict {
  readonly calls: number;
  /** Never written to that key, or out of date by more than the bound that held. */
  readonly wrong: readonly string[];
  /** Out of date by more than the contract's bound, within that of an `Outside`. */
  readonly older: number;
  readonly oldestMillis: number;
  /** Changes of the origin, and those among them whose delete was never acknowledged: no bound holds for these. */
  readonly writes: number;
  readonly unacknowledged: number;
  /** Calls that threw, or took longer than an invocation. */
  readonly failed: readonly string[];
  readonly p99BeforeMillis: number;
  readonly worstMillis: number;
  readonly loads: number;
  readonly loadsPerSecondBefore: number;
  readonly loadsPerSecondDuring: number;
}

/** `steadyFrom`: what was before is warming up. Latency is that of calls during which their process was not frozen. */
export function judge(
  record: DrillRecord,
  bounds: Bounds,
  outside: readonly Outside[],
  steadyFrom: number,
  fault: Period,
): Verdict {
  const { calls, origin, freezes } = record;
  const { wrong, older, oldestMillis } = judgeValues(record, bounds, outside);
  const awake = calls.map((call) => ({ ...call, frozen: frozenMillis(call, freezes) }));
  const failed = [
    ...awake.flatMap((call) => {
      const took = call.endedAt - call.startedAt - call.frozen;
      if (call.error !== undefined) return [`${call.op} of ${call.key}: ${call.error}`];
      return took > INVOCATION_MILLIS ? [`${call.op} of ${call.key} took ${took.toFixed(0)} ms`] : [];
    }),
    ...Array.from({ length: record.hanging }, () => 'a call never came back'),
  ];
  const writes = origin.writes.filter(({ worker }) => worker >= 0);
  const undisturbed = awake.filter(({ frozen }) => frozen === 0);
  const before = undisturbed
    .filter((call) => call.startedAt >= steadyFrom && call.endedAt < fault.from)
    .map(millisOf)
    .sort((a, b) => a - b);
  // One that was under way when it began is hit by it, too.
  const during = undisturbed.filter(
    ({ endedAt, startedAt }) => endedAt >= fault.from && startedAt <= fault.to,
  );
  const loadsIn = ({ from, to }: Period): number =>
    origin.loads.filter(({ at }) => at >= from && at < to).length / ((to - from) / 1_000);
  return {
    calls: calls.length,
    wrong,
    older,
    oldestMillis,
    writes: writes.length,
    unacknowledged: writes.filter(({ acknowledgedAt }) => acknowledgedAt === undefined).length,
    failed,
    p99BeforeMillis: percentile(before, 0.99),
    worstMillis: during.reduce((worst, call) => Math.max(worst, millisOf(call)), 0),
    loads: origin.loads.length,
    loadsPerSecondBefore: loadsIn({ from: steadyFrom, to: fault.from }),
    loadsPerSecondDuring: loadsIn(fault),
  };
}

function judgeValues(
  { calls, origin, agings }: DrillRecord,
  bounds: Bounds,
  outside: readonly Outside[],
): Pick<Verdict, 'wrong' | 'older' | 'oldestMillis'> {
  const reads = calls.flatMap(({ op, version, ...call }): Read[] => {
    if (version === undefined || op === 'delete') return [];
    return [{ ...call, version, kind: kindOf(op, call.key) }];
  });
  const wrong: string[] = [];
  let older = 0;
  let oldestMillis = 0;
  // A process for which more than a minute has passed keeps no note of what it wrote before: the copies' bound holds.
  const hasForgotten = ({ worker, startedAt, kind }: Read): boolean =>
    agings.some(
      (aging) => aging.worker === worker && aging.at <= startedAt && startedAt - aging.at <= bounds[kind],
    );
  for (const { fault, read, staleMillis } of checkHistory({ reads, writes: origin.writes }, bounds)
    .violations) {
    const { key, startedAt, version, kind, worker } = read;
    if (fault === 'own-write' && hasForgotten(read)) continue;
    const excuse = outside.find(({ from, to, holds }) => startedAt >= from && startedAt <= to && holds(key));
    if (fault !== 'unknown' && excuse !== undefined && staleMillis <= excuse.boundMillis) {
      older++;
      oldestMillis = Math.max(oldestMillis, staleMillis);
    } else {
      const by = fault === 'unknown' ? 'never written' : `${fault}, old by ${staleMillis.toFixed(0)} ms`;
      wrong.push(`${kind} of ${key} by environment ${worker} gave version ${version}: ${by}`);
    }
  }
  return { wrong, older, oldestMillis };
}

const kindOf = (op: 'wrap' | 'get', key: string): ReadKind => {
  if (op === 'wrap') return isHot(key) ? 'smeared wrap' : 'plain wrap';
  return isHot(key) ? 'smeared get' : 'base get';
};

const millisOf = ({ startedAt, endedAt }: CallOf): number => endedAt - startedAt;

/** For how much of a call its process stood still. */
function frozenMillis({ worker, startedAt, endedAt }: CallOf, freezes: readonly Freeze[]): number {
  return freezes
    .filter((freeze) => freeze.worker === worker)
    .map(({ from, to = Number.POSITIVE_INFINITY }) => Math.min(endedAt, to) - Math.max(startedAt, from))
    .reduce((sum, overlap) => sum + Math.max(0, overlap), 0);
}
