import type middy from '@middy/core';
import type { Context as LambdaContext } from 'aws-lambda';
import { systemClock } from './base/clock.ts';
import { OptionsError } from './base/errors.ts';
import { NEVER } from './base/units.ts';
import type { Cache } from './client/cache.ts';
import type { CacheOptions } from './client/options.ts';
import { type Environment, type ResolvedOptions, resolveOptions } from './client/resolve-options.ts';
import { createClient } from './create-cache.ts';
import { clientFor } from './middleware/environment-clients.ts';
import { hooksFor } from './middleware/hooks.ts';

/** Options of `smearCache`: those of `createCache`, and what a Middy middleware has. */
export interface SmearCacheOptions extends CacheOptions {
  /** The name under which the handler finds the cache on its context. `cache` by default. */
  readonly contextKey?: string | undefined;
  /** The name under which other middlewares find it on `request.internal`. `smearcache` by default. */
  readonly internalKey?: string | undefined;
  /** Do not look for the nodes while the environment starts, but with its first invocation. */
  readonly disablePrefetch?: boolean | undefined;
}

type ContextKey<Options> = Options extends { readonly contextKey: infer Key extends string } ? Key : 'cache';

/** The handler's context: Lambda's, with the cache under `contextKey`. */
export type SmearCacheContext<Options extends SmearCacheOptions = SmearCacheOptions> = LambdaContext & {
  [Key in ContextKey<Options>]: Cache;
};

export type SmearCacheMiddleware<Options extends SmearCacheOptions> = middy.MiddlewareObj<
  unknown,
  unknown,
  Error,
  SmearCacheContext<Options>
>;

interface MiddlewareOptions {
  readonly contextKey: string;
  readonly internalKey: string;
  readonly disablePrefetch: boolean;
}

const DEFAULTS: MiddlewareOptions = {
  contextKey: 'cache',
  internalKey: 'smearcache',
  disablePrefetch: false,
};

/**
 * A Middy middleware that gives the handler a smeared Ketama cache as `context.cache`.
 *
 * @throws TypeError, when it is made, that lists every unknown or wrong option. Faults of the cache never fail the
 * handler.
 */
// `const` keeps `{ contextKey: 'mc' }` a literal, so that the handler finds `mc` on its context by type.
export function smearCache<const Options extends SmearCacheOptions = Record<never, never>>(
  options?: Options,
): SmearCacheMiddleware<Options> {
  const [resolved, middleware] = resolve(options ?? {}, process.env);
  const client = clientFor(resolved, createClient);
  // Not awaited: the first invocation waits for it if it is not done by then.
  if (!middleware.disablePrefetch) void client.connect(NEVER);
  const { contextKey, internalKey } = middleware;
  const { connectTimeoutMillis } = resolved;
  return hooksFor(client, { contextKey, internalKey, connectTimeoutMillis }, systemClock);
}

/**
 * Checks options without making anything of them.
 *
 * @throws TypeError that lists every unknown or wrong option.
 */
export function smearCacheValidateOptions(options: SmearCacheOptions): void {
  resolve(options, process.env);
}

function resolve(given: SmearCacheOptions, environment: Environment): [ResolvedOptions, MiddlewareOptions] {
  const middleware = { ...DEFAULTS, ...definedOnly(given) };
  const problems = middlewareProblems(middleware);
  try {
    const resolved = resolveOptions(given, environment, Object.keys(DEFAULTS));
    if (problems.length === 0) return [resolved, middleware];
  } catch (error) {
    if (!(error instanceof OptionsError)) throw error;
    problems.push(...error.problems);
  }
  throw new OptionsError(problems);
}

function definedOnly(given: SmearCacheOptions): Partial<MiddlewareOptions> {
  return Object.fromEntries(
    Object.entries(given).filter(([name, value]) => name in DEFAULTS && value !== undefined),
  ) as Partial<MiddlewareOptions>;
}

function middlewareProblems({ contextKey, internalKey, disablePrefetch }: MiddlewareOptions): string[] {
  const problems: string[] = [];
  for (const [name, value] of Object.entries({ contextKey, internalKey })) {
    if (typeof value !== 'string' || value === '') problems.push(`${name} must be a name`);
  }
  if (typeof disablePrefetch !== 'boolean') problems.push('disablePrefetch must be true or false');
  return problems;
}
