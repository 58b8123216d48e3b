import { describe, expect, it } from 'vitest';
import { rings } from '../../../scripts/rehearse/alarm.ts';
import { evaluateExpression } from '../../../scripts/rehearse/expression.ts';
import { MetricStore, statistic } from '../../../scripts/rehearse/metric-store.ts';

const ERRORS = {
  namespace: 'AWS/Lambda',
  name: 'Errors',
  dimensions: { FunctionName: 'Get', ExecutedVersion: '2' },
};
const ALARM = {
  Namespace: 'AWS/Lambda',
  MetricName: 'Errors',
  Dimensions: [
    { Name: 'ExecutedVersion', Value: '2' },
    { Name: 'FunctionName', Value: 'Get' },
  ],
  Statistic: 'Sum',
  Period: 60,
  EvaluationPeriods: 2,
  Threshold: 5,
  ComparisonOperator: 'GreaterThanThreshold',
  TreatMissingData: 'notBreaching',
};

/** Whether the alarm rings at the end of each minute, given that minute's values. */
function minutes(properties: object, ...values: number[][]): boolean[] {
  const store = new MetricStore();
  return values.map((minute, i) => {
    store.minute = i;
    for (const value of minute) store.record(ERRORS, value);
    return rings({ name: 'Alarm', properties: properties as typeof ALARM }, store);
  });
}

describe('an alarm of the template', () => {
  it('rings once all its periods are above the threshold', () => {
    expect(minutes(ALARM, [6], [3, 3], [5], [9], [9])).toEqual([false, true, false, false, true]);
  });

  it('rings by some of its periods where it says so', () => {
    expect(minutes({ ...ALARM, DatapointsToAlarm: 1 }, [6], [0], [0])).toEqual([true, true, false]);
  });

  it('takes missing data as it says', () => {
    expect(minutes(ALARM, [], [])).toEqual([false, false]);
    expect(minutes({ ...ALARM, TreatMissingData: 'breaching' }, [], [])).toEqual([true, true]);
  });

  it('is deaf to another version', () => {
    const Dimensions = [
      { Name: 'FunctionName', Value: 'Get' },
      { Name: 'ExecutedVersion', Value: '1' },
    ];
    expect(minutes({ ...ALARM, Dimensions }, [9], [9])).toEqual([false, false]);
  });

  it('adds up the minutes of a longer period', () => {
    expect(minutes({ ...ALARM, Period: 120, EvaluationPeriods: 1 }, [3], [3], [0])).toEqual([
      false,
      true,
      false,
    ]);
  });

  it('knows percentiles', () => {
    const { Statistic: _, ...rest } = ALARM;
    const slow = { ...rest, ExtendedStatistic: 'p99', EvaluationPeriods: 1 };
    expect(minutes(slow, [...Array(99).fill(1), 8], [...Array(10).fill(1), 8])).toEqual([false, true]);
  });

  it('stays as it was while a percentile has too few values to judge by, where it says so', () => {
    const { Statistic: _, ...rest } = ALARM;
    const slow = { ...rest, ExtendedStatistic: 'p99', EvaluationPeriods: 1 };
    const [fast, many, few] = [Array(1000).fill(1), Array(1000).fill(8), Array(999).fill(8)];
    const deaf = { ...slow, EvaluateLowSampleCountPercentile: 'ignore' };
    expect(minutes(deaf, few, many, few, fast.slice(1), fast, few)).toEqual([
      false,
      true,
      true,
      true,
      false,
      false,
    ]);
    expect(minutes(deaf, few, [], few)).toEqual([false, false, false]);
    const evaluated = { ...slow, EvaluateLowSampleCountPercentile: 'evaluate' };
    for (const properties of [slow, evaluated]) expect(minutes(properties, [8], [1])).toEqual([true, false]);
    // Of a median 20 values are enough, and of what is no percentile any number.
    const median = { ...deaf, ExtendedStatistic: 'p50' };
    expect(minutes(median, Array(19).fill(8), Array(20).fill(8))).toEqual([false, true]);
    expect(
      minutes({ ...ALARM, EvaluationPeriods: 1, EvaluateLowSampleCountPercentile: 'ignore' }, [8]),
    ).toEqual([true]);
  });

  it('does not count a period that it ignores for one above the threshold', () => {
    const { Statistic: _, ...rest } = ALARM;
    const deaf = { ...rest, ExtendedStatistic: 'p99', EvaluateLowSampleCountPercentile: 'ignore' };
    const many = Array(1000).fill(8);
    expect(minutes(deaf, [8], many, many)).toEqual([false, false, true]);
  });

  it('that was silent before there was anything stays so, also where missing data breach', () => {
    const { Statistic: _, ...rest } = ALARM;
    const deaf = { ...rest, ExtendedStatistic: 'p99', EvaluateLowSampleCountPercentile: 'ignore' };
    expect(minutes({ ...deaf, TreatMissingData: 'breaching' }, [8], [8])).toEqual([false, false]);
  });

  it('knows an expression over metrics', () => {
    const metric = { Namespace: 'AWS/Lambda', MetricName: 'Errors', Dimensions: ALARM.Dimensions };
    const low = {
      Metrics: [
        { Id: 'ratio', Expression: 'IF(FILL(m, 0) >= 10, 100 / m, 100)' },
        { Id: 'm', ReturnData: false, MetricStat: { Metric: metric, Period: 60, Stat: 'Sum' } },
      ],
      EvaluationPeriods: 1,
      Threshold: 5,
      ComparisonOperator: 'LessThanThreshold',
    };
    expect(minutes(low, [], [9], [10], [25])).toEqual([false, false, false, true]);
  });

  it('refuses a comparison that it does not know', () => {
    expect(() => minutes({ ...ALARM, ComparisonOperator: 'Strange' }, [1])).toThrow('Strange');
  });
});

describe('metric math', () => {
  const metrics = new Map<string, number | undefined>([
    ['hits', 30],
    ['misses', 10],
    ['none', undefined],
  ]);
  it.each([
    ['100 * hits / (hits + misses)', 75],
    ['hits - misses - 5', 15],
    ['-hits + 2 * 3', -24],
    ['hits > misses && misses >= 10', 1],
    ['hits == 1 || none == 1', undefined],
    ['FILL(none, 7) + 1', 8],
    ['none + 1', undefined],
    ['IF(misses, hits, 0)', 30],
    ['IF(none, 1, 2)', 2],
    ['hits / 0', undefined],
  ])('%s', (text, value) => {
    expect(evaluateExpression(text, metrics)).toBe(value);
  });

  it.each(['SEARCH(hits)', 'hits +', 'hits ) 1', 'unknown + 1', 'hits ? 1'])('refuses %s', (text) => {
    expect(() => evaluateExpression(text, metrics)).toThrow('does not understand');
  });
});

describe('the metrics of a rehearsal', () => {
  const line = JSON.stringify({
    _aws: {
      CloudWatchMetrics: [
        {
          Namespace: 'smearcache',
          Dimensions: [['service', 'function_version'], ['service']],
          Metrics: [{ Name: 'CacheHits' }],
        },
      ],
    },
    service: 'get-item',
    function_version: '2',
    CacheHits: [2, 3],
  });

  it('are read from the embedded format, by every set of dimensions', () => {
    const store = new MetricStore();
    for (const text of [line, 'plain text', '{"message":"no metric"}', '{broken']) store.recordLine(text);
    const id = { namespace: 'smearcache', name: 'CacheHits', dimensions: { service: 'get-item' } };
    expect(store.period(id, 60)).toEqual([2, 3]);
    expect(store.sum('CacheHits', 'function_version', '2')).toBe(5);
    expect(store.sum('CacheHits', 'function_version', '1')).toBe(0);
  });

  it('have the statistics of CloudWatch', () => {
    const of = (name: string) => statistic(name, [4, 1, 3]);
    expect(['Sum', 'Average', 'Minimum', 'Maximum', 'SampleCount', 'p50'].map(of)).toEqual([
      8,
      8 / 3,
      1,
      4,
      3,
      3,
    ]);
    expect(statistic('Sum', [])).toBeUndefined();
    expect(() => of('TM(10%:90%)')).toThrow('does not know');
  });
});
