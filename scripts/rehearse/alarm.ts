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
export const rings = (alarm: Alarm, store: MetricStore): boolean => ringsAt(alarm, store, 0);

/** `back` periods before the one that ends now. */
function ringsAt(alarm: Alarm, store: MetricStore, back: number): boolean {
  const { name, properties } = alarm;
  // A percentile of too few values leaves the alarm as it was. It was silent before there was anything to judge.
  if (isIgnored(properties, store, back)) {
    return (back + 1) * periodMinutes(properties) <= store.minute && ringsAt(alarm, store, back + 1);
  }
  const { ComparisonOperator, Threshold, TreatMissingData = 'missing' } = properties;
  const periods = Number(properties.EvaluationPeriods);
  const wanted = Number(properties.DatapointsToAlarm ?? periods);
  const compare = COMPARISONS[String(ComparisonOperator)];
  if (compare === undefined)
    throw new Error(`${name}: no such comparison here: ${String(ComparisonOperator)}`);
  const breaching = Array.from({ length: periods }, (_, earlier) => {
    if (isIgnored(properties, store, back + earlier)) return false;
    const value = valueAt(properties, store, back + earlier);
    return value === undefined ? TreatMissingData === 'breaching' : compare(value, Number(Threshold));
  });
  return breaching.filter(Boolean).length >= wanted;
}

/**
 * Whether the period has values, but too few for CloudWatch to judge a percentile by, and the alarm is told to ignore it:
 * of p99 it takes 1,000, of p50 20.
 */
function isIgnored(properties: JsonObject, store: MetricStore, back: number): boolean {
  if (properties.EvaluateLowSampleCountPercentile !== 'ignore') return false;
  const percent = Number(/^p(\d+(?:\.\d+)?)$/.exec(String(properties.ExtendedStatistic))?.[1]);
  const { length } = store.period(metricId(properties), Number(properties.Period), back);
  return length > 0 && length < Math.round(1000 / Math.min(percent, 100 - percent));
}

const periodMinutes = ({ Period }: JsonObject): number => Math.max(1, Number(Period) / 60);

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
