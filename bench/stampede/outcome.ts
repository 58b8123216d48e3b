import { percentile } from '../clients/statistics.ts';
import type { CallOfBurst } from './messages.ts';
import { Origin } from './origin.ts';

/** What one reader made of one scenario. */
export interface StampedeOutcome {
  readonly loads: number;
  readonly fresh: number;
  readonly stale: number;
  /** Callers that got an error or nothing. */
  readonly failed: number;
  readonly p50Millis: number;
  readonly worstMillis: number;
}

export function outcomeOf(loads: number, calls: readonly CallOfBurst[]): StampedeOutcome {
  const versions = calls.map(({ version }) => version).filter((version) => version !== undefined);
  const stale = versions.filter(Origin.isStale).length;
  const millis = calls.map((call) => call.millis).toSorted((a, b) => a - b);
  return {
    loads,
    fresh: versions.length - stale,
    stale,
    failed: calls.length - versions.length,
    p50Millis: percentile(millis, 0.5),
    worstMillis: millis.at(-1) ?? Number.NaN,
  };
}
