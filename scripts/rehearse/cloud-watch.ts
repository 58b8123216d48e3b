import { isObject, type JsonObject } from '../local/template/json.ts';
import { metricId } from './alarm.ts';
import { type MetricStore, statistic } from './metric-store.ts';

const MINUTE_MILLIS = 60_000;

/**
 * `GetMetricData` over the whole rehearsal, minute by minute: its minutes are shorter than those of the clock that a hook
 * has asked by.
 */
export function cloudWatchAnswer(request: JsonObject, store: MetricStore, startedAt: Date): JsonObject {
  const queries = Array.isArray(request.MetricDataQueries) ? request.MetricDataQueries.filter(isObject) : [];
  return {
    MetricDataResults: queries.map(({ Id, MetricStat }) => {
      const stat = isObject(MetricStat) ? MetricStat : {};
      const minutes = [...store.series(metricId(isObject(stat.Metric) ? stat.Metric : {}))];
      return {
        Id: String(Id),
        StatusCode: 'Complete',
        Timestamps: minutes.map(([minute]) => (startedAt.getTime() + minute * MINUTE_MILLIS) / 1000),
        Values: minutes.map(([, values]) => statistic(String(stat.Stat), values) ?? 0),
      };
    }),
  };
}
