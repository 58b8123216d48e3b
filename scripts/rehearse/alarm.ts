import { isObject, type Json, type JsonObject } from '../local/template/json.ts';
import { evaluateExpression } from './expression.ts';
import { type MetricId, type MetricStore, statistic } from './metric-store.ts';

/** An alarm's definition as the template has it, all functions of CloudFormation evaluated. */
export interface Alarm {
  readonly name: string;
  readonly properties: JsonObject;
}

const COMPARISONS: Readonly<Record<string, (value: number, threshold: number) => boolean>> = {
  GreaterThanThreshold: (value, threshold) => value > threshold,
  GreaterThanOrEqualToThreshold: (value, threshold) => value >= threshold,
  LessThanThreshold: (value, threshold) => value < threshold,
  LessThanOrEqualToThreshold: (value, threshold) => value <= threshold,
};

/** Whether the alarm would ring at the end of the minute that is now. */
export function rings({ name, properties }: Alarm, store: MetricStore): boolean {
  const { ComparisonOperator, Threshold, TreatMissingData = 'missing' } = properties;
  const periods = Number(properties.EvaluationPeriods);
  const wanted = Number(properties.DatapointsToAlarm ?? periods);
  const compare = COMPARISONS[String(ComparisonOperator)];
  if (compare === undefined)
    throw new Error(`${name}: no such comparison here: ${String(ComparisonOperator)}`);
  const breaching = Array.from({ length: periods }, (_, back) => {
    const value = valueAt(properties, store, back);
    return value === undefined ? TreatMissingData === 'breaching' : compare(value, Number(Threshold));
  });
  return breaching.filter(Boolean).length >= wanted;
}

function valueAt(properties: JsonObject, store: MetricStore, back: number): number | undefined {
  if (!Array.isArray(properties.Metrics)) return metricValue(properties, properties, store, back);
  const queries = properties.Metrics.filter(isObject);
  const values = new Map<string, number | undefined>();
  for (const query of queries.filter(({ MetricStat }) => isObject(MetricStat))) {
    const stat = query.MetricStat as JsonObject;
    values.set(String(query.Id), metricValue(stat.Metric as JsonObject, stat, store, back));
  }
  // One expression over metrics; expressions over expressions are no use of ours.
  const result = queries.find(({ ReturnData }) => ReturnData !== false);
  if (result === undefined) throw new Error('an alarm on several metrics must return one of them');
  if (typeof result.Expression === 'string') return evaluateExpression(result.Expression, values);
  return values.get(String(result.Id));
}

function metricValue(metric: JsonObject, stat: JsonObject, store: MetricStore, back: number) {
  const name = String(stat.Stat ?? stat.Statistic ?? stat.ExtendedStatistic);
  return statistic(name, store.period(metricId(metric), Number(stat.Period), back));
}

/** `Namespace`, `MetricName` and `Dimensions` as alarms and requests for data write them. */
export function metricId(metric: Readonly<Record<string, Json | undefined>>): MetricId {
  const dimensions = Array.isArray(metric.Dimensions) ? metric.Dimensions.filter(isObject) : [];
  return {
    namespace: String(metric.Namespace),
    name: String(metric.MetricName),
    dimensions: Object.fromEntries(dimensions.map(({ Name, Value }) => [String(Name), String(Value)])),
  };
}
