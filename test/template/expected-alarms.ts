type Properties = Readonly<Record<string, unknown>>;

/** The functions that requests reach, and the names under which they publish. */
export const SERVICES = {
  GetItemFunction: 'get-item',
  ListItemsFunction: 'list-items',
  PutItemFunction: 'put-item',
  DeleteItemFunction: 'delete-item',
} as const;

const STACK = { Ref: 'AWS::StackName' };
const READS = 'FILL(hits, 0) + FILL(misses, 0) + FILL(unavailable, 0)';

const above = (EvaluationPeriods: number, Threshold: unknown) => ({
  EvaluationPeriods,
  Threshold,
  ComparisonOperator: 'GreaterThanThreshold',
  TreatMissingData: 'notBreaching',
});
const sum = { Statistic: 'Sum', Period: 60 };

/** Every alarm of one function, but for its description; `version` is what stands for the number of the new version. */
export function alarmsOf(name: keyof typeof SERVICES, version: unknown): Record<string, Properties> {
  const own = name.replace(/Function$/, '');
  const published = [
    { Name: 'service', Value: { 'Fn::Sub': `\${AWS::StackName}-${SERVICES[name]}` } },
    { Name: 'function_version', Value: version },
  ];
  const alias = [
    { Name: 'FunctionName', Value: { Ref: name } },
    { Name: 'Resource', Value: { 'Fn::Sub': `\${${name}}:live` } },
  ];
  const executed = [...alias, { Name: 'ExecutedVersion', Value: version }];
  const lambda = { Namespace: 'AWS/Lambda', ...sum };
  const counted = (MetricName: string) => ({ Namespace: STACK, MetricName, Dimensions: published, ...sum });
  const query = (Id: string, MetricName: string) => ({
    Id,
    ReturnData: false,
    MetricStat: {
      Metric: { Namespace: STACK, MetricName, Dimensions: published },
      Period: 60,
      Stat: 'Sum',
    },
  });
  const reads = [
    query('hits', 'CacheHits'),
    query('misses', 'CacheMisses'),
    query('unavailable', 'CacheUnavailable'),
  ];
  const ofAll = {
    [`${own}ErrorsAlarm`]: { ...lambda, MetricName: 'Errors', Dimensions: executed, ...above(1, 0) },
    [`${own}ServerErrorsAlarm`]: { ...counted('ServerErrors'), ...above(1, 0) },
    [`${own}LatencyAlarm`]: {
      Namespace: 'AWS/Lambda',
      MetricName: 'Duration',
      Dimensions: executed,
      ExtendedStatistic: 'p99',
      EvaluateLowSampleCountPercentile: 'evaluate',
      Period: 60,
      ...above(2, { Ref: 'LatencyAlarmMillis' }),
    },
    [`${own}CacheErrorsAlarm`]: {
      Metrics: [
        {
          Id: 'share',
          Label: 'failed cache operations in percent, 0 of fewer than 5',
          Expression: `IF(FILL(errors, 0) >= 5, 100 * FILL(errors, 0) / (${READS} + FILL(writes, 0)), 0)`,
        },
        query('errors', 'CacheErrors'),
        ...reads,
        query('writes', 'CacheWrites'),
      ],
      ...above(2, 5),
    },
    [`${own}AliasErrorsAlarm`]: { ...lambda, MetricName: 'Errors', Dimensions: alias, ...above(2, 5) },
  };
  if (own !== 'GetItem' && own !== 'ListItems') return ofAll;
  return {
    ...ofAll,
    [`${own}UndecodableAlarm`]: { ...counted('Undecodable'), ...above(1, 0) },
    [`${own}HitRatioAlarm`]: {
      Metrics: [
        {
          Id: 'ratio',
          Label: 'hit ratio in percent, 100 of fewer than 100 reads',
          Expression: `IF(${READS} >= 100, 100 * FILL(hits, 0) / (${READS}), 100)`,
        },
        ...reads,
      ],
      ...above(3, { Ref: 'MinimumHitRatioPercent' }),
      ComparisonOperator: 'LessThanThreshold',
    },
  };
}

/** The one on the log is of whatever function and version. */
export const LOGGED_ERRORS = {
  LoggedErrorsAlarm: { Namespace: STACK, MetricName: 'LoggedErrors', ...sum, ...above(2, 5) },
};
