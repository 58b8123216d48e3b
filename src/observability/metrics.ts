import type { Counts } from '../base/tally.ts';

/** The metrics there are: their names in CloudWatch, and what each of them counts. Those that are zero are left out. */
export const METRICS = {
  CacheHits: 'hits',
  CacheMisses: 'misses',
  CacheUnavailable: 'unavailable',
  CacheStale: 'stale',
  OriginLoads: 'originLoads',
  CacheErrors: 'errors',
  Undecodable: 'undecodable',
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
  putAnnotation(key: string, value: number): void;
  putMetadata(key: string, value: unknown, namespace?: string): void;
}

/** Takes what one invocation came to. */
export type Publish = (counts: Counts, functionVersion: string) => void;

/** Gives each count to `metrics`, under the version that ran. */
export function metricsPublisher(metrics: CacheMetrics): Publish {
  return (counts, functionVersion) => {
    // One line of log each: Powertools has no way to keep several apart from the caller's own.
    let single: CacheMetrics | undefined;
    for (const [name, count] of Object.entries(METRICS)) {
      const value = counts[count];
      if (value === 0) continue;
      single ??= metrics.singleMetric?.() ?? metrics;
      // It forgets its dimensions with each metric.
      single.addDimension(VERSION_DIMENSION, functionVersion);
      single.addMetric(name, 'Count', value);
    }
  };
}

/** Keeps the counts with the invocation's segment; errors as an annotation, by which traces are found. */
export function tracePublisher(tracer: CacheTracer): Publish {
  return (counts) => {
    tracer.putAnnotation('smearcache_errors', counts.errors);
    tracer.putMetadata('counts', counts, 'smearcache');
  };
}
