import type { Clock } from '../base/clock.ts';
import { type Millis, NEVER } from '../base/units.ts';
import type { Client, InvocationCache } from '../client/client.ts';

/** Time left to the handler after the last cache operation, to answer in. */
const MARGIN_MILLIS: Millis = 50;

/** The part of Middy's request that is used; the same in Middy 6 and 7. */
interface RequestLike {
  readonly context: unknown;
  readonly internal: object;
}

interface HookOptions {
  readonly contextKey: string;
  readonly internalKey: string;
  readonly connectTimeoutMillis: Millis;
}

/**
 * Middy's three hooks around one client. All that one request needs lies on the request: an environment may serve
 * many at once. Hooks return a promise only where there is something to wait for.
 */
export function hooksFor(
  client: Client,
  { contextKey, internalKey, connectTimeoutMillis }: HookOptions,
  clock: Clock,
) {
  // Of this middleware alone: another one on the same handler may have the same `internalKey`.
  const slot = Symbol('smearcache');
  // Named, since the names are what Middy's profiling hooks show.
  const smearCacheMiddlewareBefore = (request: RequestLike): Promise<void> | undefined => {
    const now = clock.monotonic();
    const endsAt = endOf(request, now);
    const cache = client.cacheFor(endsAt);
    Object.assign(request.internal, { [internalKey]: cache, [slot]: cache });
    Object.assign(request.context as object, { [contextKey]: cache });
    // Middy's early time-out does not cover `before`: it bounds itself. A failure is no reason to fail the
    // handler, whose reads will find the cache unavailable.
    return client.connect(Math.min(now + connectTimeoutMillis, endsAt));
  };
  // Read from the request each time: other middlewares replace `internal`.
  const settle = (request: RequestLike): Promise<void> | undefined => {
    const cache = (request.internal as Record<symbol, InvocationCache | undefined>)[slot];
    return cache?.settle(endOf(request, clock.monotonic()));
  };
  const smearCacheMiddlewareAfter = (request: RequestLike) => settle(request);
  const smearCacheMiddlewareOnError = (request: RequestLike) => settle(request);
  return {
    before: smearCacheMiddlewareBefore,
    after: smearCacheMiddlewareAfter,
    onError: smearCacheMiddlewareOnError,
  };
}

/** When the invocation must be done with its cache. */
function endOf({ context }: RequestLike, now: Millis): Millis {
  return now + remainingMillis(context) - MARGIN_MILLIS;
}

interface TimedContext {
  readonly getRemainingTimeInMillis?: () => number;
  /** A durable function's context wraps the plain one. */
  readonly lambdaContext?: TimedContext;
}

function remainingMillis(context: unknown): Millis {
  const { lambdaContext } = context as TimedContext;
  const remaining = (lambdaContext ?? (context as TimedContext)).getRemainingTimeInMillis?.();
  return typeof remaining === 'number' && Number.isFinite(remaining) ? remaining : NEVER;
}
