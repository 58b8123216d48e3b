import type { Counts } from '../base/tally.ts';
import { isKeyPart } from '../client/option-rules.ts';

/**
 * The field of an event, beside those of its trigger, that makes it a release's check. API Gateway, function URLs and load
 * balancers put what a client sends into fields of theirs, so no HTTP client can set it.
 */
export const CHECK_FIELD = 'smearcache:check';

/** Namespaces of checks begin like this, so that no check can name one that is in use. */
const NAMESPACE_PREFIX = 'check-';

/** What is wanted of this invocation. */
export interface Check {
  /** To tell what this version is, and not to run the handler. */
  readonly report: boolean;
  /** Where this invocation's items lie. */
  readonly namespace: string;
}

/** `undefined` where the event is no check, or one that cannot be carried out, of which `warn` is told. */
export function checkOf(event: unknown, warn: (message: string) => void): Check | undefined {
  if (!isObject(event) || !Object.hasOwn(event, CHECK_FIELD)) return undefined;
  const check = event[CHECK_FIELD];
  const namespace = isObject(check) ? check.namespace : undefined;
  if (!isObject(check) || !isCheckNamespace(namespace)) {
    warn(
      `the event's "${CHECK_FIELD}" was ignored: its namespace must start with "${NAMESPACE_PREFIX}" and be 64 visible ` +
        'ASCII characters without ":" at the most',
    );
    return undefined;
  }
  return { report: check.report === true, namespace };
}

/** The response of a check with what its reads came to, for who invoked it to judge; other than objects stay as they are. */
export function withCounts(response: unknown, counts: Counts): unknown {
  return isObject(response) && !Array.isArray(response) ? { ...response, [CHECK_FIELD]: counts } : response;
}

/** As Powertools' middlewares leave them on the request, in the order of its own `cleanupMiddlewares`. */
const POWERTOOLS_CLEAN_UPS = ['tracer', 'metrics', 'logger', 'idempotency'];

/** After an early answer Middy runs no other middleware's `after`; Powertools' have this for it. */
export async function cleanUpPowertools(request: { readonly internal: object }): Promise<void> {
  const internal = request.internal as Record<string, unknown>;
  for (const name of POWERTOOLS_CLEAN_UPS) {
    const cleanUp = internal[`powertools-for-aws.${name}`];
    if (typeof cleanUp === 'function') await cleanUp(request);
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

const isCheckNamespace = (value: unknown): value is string =>
  isKeyPart(value) && (value as string).startsWith(NAMESPACE_PREFIX);
