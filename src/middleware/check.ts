import { CHECK_FIELD } from '../base/self-check-report.ts';
import type { Counts } from '../base/tally.ts';
import { CHECK_NAMESPACE, isCheckNamespace, isRecord, storedCheckNamespace } from '../client/option-rules.ts';
import type { CacheLogger } from '../client/options.ts';

/** What is wanted of this invocation. */
export interface Check {
  /** To tell what this version is, and not to run the handler. */
  readonly report: boolean;
  /** Which of its handler's caches is asked for a report, from 0 on. */
  readonly position: number;
  /** Where this invocation's items lie, as it stands before their keys. */
  readonly namespace: string;
}

/** `undefined` where the event is no check, or one that cannot be carried out, of which `logger` is told. */
export function checkOf(event: unknown, logger: CacheLogger): Check | undefined {
  if (!isRecord(event) || !(CHECK_FIELD in event)) return undefined;
  const { report, position, namespace } = Object(event[CHECK_FIELD]) as Record<string, unknown>;
  if (isCheckNamespace(namespace)) {
    return {
      report: report === true,
      position: Number.isInteger(position) ? (position as number) : 0,
      namespace: storedCheckNamespace(namespace),
    };
  }
  logger.warn(
    `${CHECK_FIELD} was ignored: it needs a namespace that starts with ${CHECK_NAMESPACE} and goes on`,
  );
  return undefined;
}

/** What one of a handler's caches came to. */
export interface CacheCounts extends Counts {
  readonly contextKey: string;
}

/** All the caches of one handler, in their order, as far as one request has met them. */
export interface Chain {
  /** How many have begun. */
  begun: number;
  /** Of those that are done. */
  readonly counts: CacheCounts[];
}

/** Known to every copy of this package that a bundle may hold. */
const CHAIN = Symbol.for('smearcache:chain');

/** The request's own, made by the first of its caches. */
export function chainOf({ internal }: { readonly internal: object }): Chain {
  const owner = internal as Record<symbol, Chain | undefined>;
  owner[CHAIN] ??= { begun: 0, counts: [] };
  return owner[CHAIN];
}

/**
 * The response of a check with what its reads came to, for who invoked it to judge: of all caches together and, where
 * there are several, of each by itself. Other than objects stay as they are.
 */
export function withCounts(response: unknown, counts: readonly CacheCounts[]): unknown {
  if (!isRecord(response)) return response;
  const told = counts.length === 1 ? sumOf(counts) : { ...sumOf(counts), caches: [...counts] };
  return { ...response, [CHECK_FIELD]: told };
}

function sumOf(counts: readonly CacheCounts[]): Record<string, number> {
  const sum: Record<string, number> = {};
  for (const { contextKey: _, ...numbers } of counts) {
    for (const [name, count] of Object.entries(numbers)) sum[name] = (sum[name] ?? 0) + count;
  }
  return sum;
}

/**
 * After an early answer Middy runs no other middleware's `after`; Powertools' leave this on the request for it. In the
 * order of its own `cleanupMiddlewares`.
 */
export async function cleanUpPowertools(request: { readonly internal: object }): Promise<void> {
  const internal = request.internal as Record<string, unknown>;
  for (const name of ['tracer', 'metrics', 'logger', 'idempotency']) {
    const cleanUp = internal[`powertools-for-aws.${name}`];
    if (typeof cleanUp === 'function') await cleanUp(request);
  }
}
