import type { Counts } from '../base/tally.ts';

/** The metrics there are: their names in CloudWatch, and what each of them counts. Those that are zero are left out. */
export const METRICS = {
  CacheHits: 'hits',
  CacheMisses: 'misses',
  CacheUnavailable: 'unavailable',
  CacheStale: 'stale',
  OriginLoads: 'originLoads',
  CacheWrites: 'writes',
  CacheErrors: 'errors',
  Undecodable: 'undecodable',
  HotKeysPromoted: 'hotKeysPromoted',
  HotKeysDemoted: 'hotKeysDemoted',
  HotKeys: 'hotKeys',
  HotListsRefused: 'hotListsRefused',
} as const satisfies Record<string, keyof Counts>;

/** The dimension by which two versions of the code are told apart. */
const VERSION_DIMENSION = 'function_version';

/** The part of a Powertools `Metrics` that is used. */
export interface CacheMetrics {
  addMetric(name: string, unit: 'Count', value: number): unknown;
  addDimension(name: string, value: string): unknown;
  /** A metric with dimensions of its own: those of the caller's other metrics stay as they are. */
  singleMetric?(): CacheMetrics;
}

/** The part of a Powertools `Tracer` that is used. */
export interface CacheTracer {
  putMetadata(key: string, value: unknown, namespace?: string): void;
}

/** Takes what one invocation came to. */
export type Publish = (counts: Counts, functionVersion: string) => void;

/** Gives each count to `metrics`, under the version that ran. */
export function publishMetrics(metrics: CacheMetrics, counts: Counts, functionVersion: string): void {
  // One line of log each: Powertools has no way to keep several apart from the caller's own.
  let single: CacheMetrics | undefined;
  for (const [name, count] of Object.entries(METRICS)) {
    if (counts[count] === 0) continue;
    single ??= metrics.singleMetric?.() ?? metrics;
    // It forgets its dimensions with each metric.
    single.addDimension(VERSION_DIMENSION, functionVersion);
    single.addMetric(name, 'Count', counts[count]);
  }
}

/** Keeps the counts with the invocation's segment. */
export function publishTrace(tracer: CacheTracer, counts: Counts): void {
  tracer.putMetadata('counts', counts, 'smearcache');
}
