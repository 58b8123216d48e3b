import type middy from '@middy/core';
import type { Context as LambdaContext } from 'aws-lambda';
import { systemClock } from './base/clock.ts';
import { NEVER } from './base/units.ts';
import type { Cache } from './client/cache.ts';
import { MIDDLEWARE_ROWS } from './client/option-table.ts';
import type { CacheOptions } from './client/options.ts';
import { type ResolvedOptions, resolveOptions } from './client/resolve-options.ts';
import { createClient, loggerOf } from './create-cache.ts';
import { clientFor } from './middleware/environment-clients.ts';
import { hooksFor } from './middleware/hooks.ts';
import {
  type CacheMetrics,
  type CacheTracer,
  type Publish,
  publishMetrics,
  publishTrace,
} from './observability/metrics.ts';

/** Options of `smearCache`: those of `createCache`, and what a Middy middleware has. */
export interface SmearCacheOptions extends CacheOptions {
  /** SMEARCACHE_CONTEXT_KEY. The name under which the handler finds the cache on its context; `cache` by default. */
  readonly contextKey?: string | undefined;
  /** SMEARCACHE_INTERNAL_KEY. The name under which other middlewares find it on `request.internal`; `smearcache`. */
  readonly internalKey?: string | undefined;
  /** SMEARCACHE_DISABLE_PREFETCH. Looks for the nodes with the first invocation, not while the environment starts. */
  readonly disablePrefetch?: boolean | undefined;
  /**
   * SMEARCACHE_SELF_CHECK. Lets an event with the top-level field `smearcache:check` ask what this version is, or run the
   * handler over a namespace of the check's own. Off by default; leave it off where a caller's data is the event itself.
   */
  readonly selfCheck?: boolean | undefined;
  /** A Powertools `Metrics`: gets each invocation's counts, under the dimension `function_version`. */
  readonly metrics?: CacheMetrics | undefined;
  /** A Powertools `Tracer`: the same counts with the invocation's trace. */
  readonly tracer?: CacheTracer | undefined;
}

type ContextKey<Options> = Options extends { readonly contextKey: infer Key extends string } ? Key : 'cache';

/** The handler's context: Lambda's, with the cache under `contextKey`. */
export type SmearCacheContext<Options extends SmearCacheOptions = SmearCacheOptions> = LambdaContext & {
  [Key in ContextKey<Options>]: Cache;
};

/** What `smearCache` gives: hooks for Middy, which put the cache on the handler's context. */
export type SmearCacheMiddleware<Options extends SmearCacheOptions> = middy.MiddlewareObj<
  unknown,
  unknown,
  Error,
  SmearCacheContext<Options>
>;

/**
 * A Middy middleware that gives the handler a smeared Ketama cache as `context.cache`.
 *
 * @throws OptionsError (a TypeError), when it is made, that lists every unknown or wrong option. Faults of the cache never fail the
 * handler.
 */
// `const` keeps `{ contextKey: 'mc' }` a literal, so that the handler finds `mc` on its context by type.
export function smearCache<const Options extends SmearCacheOptions = Record<never, never>>(
  options?: Options,
): SmearCacheMiddleware<Options> {
  const { contextKey, internalKey, disablePrefetch, selfCheck, metrics, tracer, ...resolved } = resolve(
    options ?? {},
  );
  const client = clientFor(resolved, createClient);
  // Not awaited: the first invocation waits for it if it is not done by then.
  if (!disablePrefetch) void client.connect(NEVER);
  const { connectTimeoutMillis } = resolved;
  return hooksFor(
    client,
    {
      contextKey,
      internalKey,
      connectTimeoutMillis,
      selfCheck,
      logger: loggerOf(resolved),
      publish: publisherOf(metrics, tracer),
    },
    systemClock,
  );
}

/**
 * Checks options without making anything of them.
 *
 * @throws OptionsError (a TypeError) that lists every unknown or wrong option.
 */
export function smearCacheValidateOptions(options: SmearCacheOptions): void {
  resolve(options);
}

interface ResolvedMiddlewareOptions extends ResolvedOptions {
  readonly contextKey: string;
  readonly internalKey: string;
  readonly disablePrefetch: boolean;
  readonly selfCheck: boolean;
  readonly metrics: CacheMetrics | undefined;
  readonly tracer: CacheTracer | undefined;
}

function publisherOf(
  metrics: CacheMetrics | undefined,
  tracer: CacheTracer | undefined,
): Publish | undefined {
  if (metrics === undefined && tracer === undefined) return undefined;
  return (counts, functionVersion) => {
    if (metrics !== undefined) publishMetrics(metrics, counts, functionVersion);
    if (tracer !== undefined) publishTrace(tracer, counts);
  };
}

function resolve(given: SmearCacheOptions): ResolvedMiddlewareOptions {
  // The rows say which options there are, so what they resolve to has the middleware's own, too.
  return resolveOptions(given, process.env, MIDDLEWARE_ROWS) as ResolvedMiddlewareOptions;
}
