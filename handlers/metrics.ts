import { Metrics } from '@aws-lambda-powertools/metrics';

/** Published under the function's POWERTOOLS_SERVICE_NAME, by which and by the version alarms tell figures apart. */
export const metrics = new Metrics({ namespace: process.env.POWERTOOLS_METRICS_NAMESPACE ?? 'smearcache' });
