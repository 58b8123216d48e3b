import { Metrics } from '@aws-lambda-powertools/metrics';

/** The template names the namespace; the post-traffic hook looks for the figures there. */
export const metrics = new Metrics({ namespace: process.env.POWERTOOLS_METRICS_NAMESPACE || 'smearcache' });
