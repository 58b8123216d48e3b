import { CHECK_FIELD } from '../base/self-check-report.ts';
import type { Counts } from '../base/tally.ts';
import { CHECK_NAMESPACE, isKeyPart, isRecord } from '../client/option-rules.ts';
import type { CacheLogger } from '../client/options.ts';

/** What is wanted of this invocation. */
export interface Check {
  /** To tell what this version is, and not to run the handler. */
  readonly report: boolean;
  /** Where this invocation's items lie. */
  readonly namespace: string;
}

/** `undefined` where the event is no check, or one that cannot be carried out, of which `logger` is told. */
export function checkOf(event: unknown, logger: CacheLogger): Check | undefined {
  if (!isRecord(event) || !(CHECK_FIELD in event)) return undefined;
  const { report, namespace } = Object(event[CHECK_FIELD]) as Record<string, unknown>;
  if (isKeyPart(namespace) && (namespace as string).startsWith(CHECK_NAMESPACE)) {
    return { report: report === true, namespace: namespace as string };
  }
  logger.warn(`${CHECK_FIELD} was ignored: it needs a namespace that starts with ${CHECK_NAMESPACE}`);
  return undefined;
}

/** The response of a check with what its reads came to, for who invoked it to judge; other than objects stay as they are. */
export function withCounts(response: unknown, counts: Counts): unknown {
  return isRecord(response) ? { ...response, [CHECK_FIELD]: counts } : response;
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
