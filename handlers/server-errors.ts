import type { Context } from 'aws-lambda';
import { metrics } from './metrics.ts';

interface RequestLike {
  readonly event: unknown;
  readonly context: Pick<Context, 'functionVersion'>;
  readonly response: unknown;
}

/**
 * Counts an answer of 500 and above under the version that gave it: to Lambda it is a success, so that no alarm on Lambda's
 * errors would roll back a version that answers so. What a check of a release comes to is told to the check alone.
 */
export function countServerError({ event, context, response }: RequestLike): void {
  const { statusCode } = Object(response) as { readonly statusCode?: unknown };
  if (typeof statusCode !== 'number' || statusCode < 500) return;
  if (Object.hasOwn(Object(event), 'smearcache:check')) return;
  const single = metrics.singleMetric();
  single.addDimension('function_version', context.functionVersion);
  single.addMetric('ServerErrors', 'Count', 1);
}
