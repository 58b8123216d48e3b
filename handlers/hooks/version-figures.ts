import {
  type CloudWatchClient,
  GetMetricDataCommand,
  type MetricDataQuery,
} from '@aws-sdk/client-cloudwatch';
import type { Figures } from '../../src/release/index.ts';

/** Where the figures of a function's versions are. */
export interface MetricsPlace {
  /** The function's name. */
  readonly functionName: string;
  readonly alias: string;
  /** Of the metrics that the middleware publishes through Powertools. */
  readonly namespace: string;
  readonly service: string;
}

const PERIOD_SECONDS = 60;

/** Figure by figure: from which metric it comes, and whether Lambda itself counts it. */
const SOURCES = {
  hits: 'CacheHits',
  misses: 'CacheMisses',
  unavailable: 'CacheUnavailable',
  cacheErrors: 'CacheErrors',
  undecodable: 'Undecodable',
  invocations: 'Lambda Invocations',
  errors: 'Lambda Errors',
  serverErrors: 'ServerErrors',
} as const satisfies Record<Exclude<keyof Figures, 'functionVersion'>, string>;

type Figure = keyof typeof SOURCES;
const FIGURES = Object.keys(SOURCES) as Figure[];

/** Both versions' figures between two times, by one request. */
export async function figuresOf(
  cloudWatch: CloudWatchClient,
  place: MetricsPlace,
  versions: readonly string[],
  from: Date,
  to: Date,
  signal: AbortSignal,
): Promise<Figures[]> {
  const queries = versions.flatMap((version, i) =>
    FIGURES.map((figure) => queryOf(place, version, figure, `${figure}${i}`)),
  );
  const command = new GetMetricDataCommand({ MetricDataQueries: queries, StartTime: from, EndTime: to });
  const { MetricDataResults = [] } = await cloudWatch.send(command, { abortSignal: signal });
  const sums = new Map(MetricDataResults.map(({ Id, Values = [] }) => [Id, sumOf(Values)]));
  return versions.map((functionVersion, i) => {
    const counts = FIGURES.map((figure) => [figure, sums.get(`${figure}${i}`)] as const);
    return { functionVersion, ...(Object.fromEntries(counts) as Record<Figure, number | undefined>) };
  });
}

function queryOf(place: MetricsPlace, version: string, figure: Figure, id: string): MetricDataQuery {
  const { functionName, alias, namespace, service } = place;
  const [, ofLambda] = SOURCES[figure].split(' ');
  const metric =
    ofLambda === undefined
      ? {
          Namespace: namespace,
          MetricName: SOURCES[figure],
          dimensions: { service, function_version: version },
        }
      : {
          Namespace: 'AWS/Lambda',
          MetricName: ofLambda,
          dimensions: {
            FunctionName: functionName,
            Resource: `${functionName}:${alias}`,
            ExecutedVersion: version,
          },
        };
  const { dimensions, ...named } = metric;
  const Dimensions = Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value }));
  return { Id: id, MetricStat: { Metric: { ...named, Dimensions }, Period: PERIOD_SECONDS, Stat: 'Sum' } };
}

/** Nothing at all is not zero. */
const sumOf = (values: readonly number[]): number | undefined =>
  values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0);
