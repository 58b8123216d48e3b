import type { Clock } from '../base/clock.ts';
import { reasonOf } from '../base/errors.ts';
import type { SelfCheckReport } from '../base/self-check-report.ts';
import type { Counts } from '../base/tally.ts';
import { type Millis, NEVER } from '../base/units.ts';
import type { Client, InvocationCache } from '../client/client.ts';
import type { CacheLogger } from '../client/options.ts';
import { type Check, chainOf, checkOf, cleanUpPowertools, withCounts } from './check.ts';

/** Time left to the handler after the last cache operation, to answer in. */
const MARGIN_MILLIS: Millis = 50;

/** The part of Middy's request that is used; the same in Middy 6 and 7. */
interface RequestLike {
  readonly event?: unknown;
  readonly context: unknown;
  readonly internal: object;
  response?: unknown;
}

interface HookOptions {
  readonly contextKey: string;
  readonly internalKey: string;
  readonly connectTimeoutMillis: Millis;
  /** Whether events may ask for a check of a release. */
  readonly selfCheck: boolean;
  readonly logger: CacheLogger;
  /** Takes what each invocation came to; `undefined` where nobody wants to know. */
  readonly publish: ((counts: Counts, functionVersion: string) => void) | undefined;
}

/** What one request is served by. */
interface Serving {
  readonly cache: InvocationCache;
  readonly check: Check | undefined;
}

/**
 * Middy's three hooks around one client. All that one request needs lies on the request: an environment may serve
 * many at once. Hooks return a promise only where there is something to wait for.
 */
export function hooksFor(client: Client, options: HookOptions, clock: Clock) {
  const { contextKey, internalKey, connectTimeoutMillis, selfCheck, logger, publish } = options;
  // Of this middleware alone: another one on the same handler may have the same `internalKey`.
  const slot = Symbol('smearcache');
  // Named, since the names are what Middy's profiling hooks show.
  const smearCacheMiddlewareBefore = (
    request: RequestLike,
  ): Promise<{ readonly smearcache: SelfCheckReport }> | Promise<void> | undefined => {
    const now = clock.monotonic();
    const endsAt = endOf(request, now);
    const check = selfCheck ? checkOf(request.event, logger) : undefined;
    // Of several caches on one handler each answers for itself: the first early answer ends Middy's chain.
    const position = check === undefined ? 0 : chainOf(request).begun++;
    if (check?.report && check.position === position) return report(request, check, endsAt);
    const cache = client.cacheFor(endsAt, check?.namespace);
    const serving: Serving = { cache, check };
    Object.assign(request.internal, { [internalKey]: cache, [slot]: serving });
    Object.assign(request.context as object, { [contextKey]: cache });
    // Middy's early time-out does not cover `before`: it bounds itself. A failure is no reason to fail the
    // handler, whose reads will find the cache unavailable.
    return client.connect(Math.min(now + connectTimeoutMillis, endsAt));
  };
  /** An early answer: the handler does not run, and no `after` does. */
  const report = async (request: RequestLike, { namespace, position }: Check, endsAt: Millis) => {
    const told = await client.selfCheck({ functionVersion: versionOf(request), namespace, endsAt });
    await cleanUpPowertools(request);
    return { smearcache: { ...told, contextKey, position } };
  };
  const settle = (request: RequestLike): Promise<void> | undefined => {
    // Read from the request each time: other middlewares replace `internal`.
    const serving = (request.internal as Record<symbol, Serving | undefined>)[slot];
    if (serving === undefined) return undefined;
    const settled = serving.cache.settle(endOf(request, clock.monotonic()));
    // What runs beside the handler until then is counted, too.
    return settled === undefined ? tell(request, serving) : settled.then(() => tell(request, serving));
  };
  const tell = (request: RequestLike, { cache, check }: Serving): undefined => {
    if (check !== undefined) {
      // Told to who asked, and to nobody else: what a check finds is no production figure.
      const { counts } = chainOf(request);
      // Middy runs `after` from the last to the first.
      counts.unshift({ contextKey, ...cache.tally.take() });
      request.response = withCounts(request.response, counts);
    } else if (publish !== undefined) {
      try {
        publish(cache.tally.take(), versionOf(request));
      } catch (error) {
        logger.warn('cache figures could not be published', { error: reasonOf(error) });
      }
    }
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
function endOf(request: RequestLike, now: Millis): Millis {
  const remaining = lambdaContextOf(request).getRemainingTimeInMillis?.();
  return now + (Number.isFinite(remaining) ? remaining! : NEVER) - MARGIN_MILLIS;
}

const versionOf = (request: RequestLike): string => lambdaContextOf(request).functionVersion ?? '$LATEST';

/** What is used of Lambda's context. */
interface LambdaContextLike {
  readonly getRemainingTimeInMillis?: () => number;
  readonly functionVersion?: string;
  /** A durable function's context wraps the plain one. */
  readonly lambdaContext?: LambdaContextLike;
}

function lambdaContextOf({ context }: RequestLike): LambdaContextLike {
  return (context as LambdaContextLike).lambdaContext ?? (context as LambdaContextLike);
}
