import { beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_TEMPLATE } from '../../../scripts/local/project.ts';
import { rings } from '../../../scripts/rehearse/alarm.ts';
import { type Deployment, readDeployment } from '../../../scripts/rehearse/deployment.ts';
import { MetricStore } from '../../../scripts/rehearse/metric-store.ts';

type Counts = Readonly<Record<string, number>>;

describe('the template’s alarms', () => {
  let deployment: Deployment;
  beforeAll(async () => {
    deployment = await readDeployment(DEFAULT_TEMPLATE, { Stage: 'prod' });
  });

  /** Which of the alarms of get-item ring at the end of the last of the minutes, each with the counts of its new version. */
  const ringing = (minutes: readonly Counts[], { namespace = 'local', service = 'local-get-item' } = {}) => {
    const store = new MetricStore();
    minutes.forEach((counts, minute) => {
      store.minute = minute;
      for (const [name, value] of Object.entries(counts)) {
        store.record({ namespace, name, dimensions: { service, function_version: '2' } }, value);
      }
    });
    return ofGetItem(store);
  };
  const ofGetItem = (store: MetricStore): string[] =>
    deployment.shifts[0]!.alarms.filter((alarm) => rings(alarm, store)).map(({ name }) => name);

  it('are silent without any data', () => {
    expect(ringing([{}])).toEqual([]);
  });

  it('ring at the first answer of 5xx and the first item that cannot be read, of this function and stack', () => {
    const counts = [{ ServerErrors: 1, Undecodable: 1 }];
    expect(ringing(counts)).toEqual(['GetItemServerErrorsAlarm', 'GetItemUndecodableAlarm']);
    expect(ringing(counts, { service: 'local-put-item' })).toEqual([]);
    expect(ringing(counts, { namespace: 'other-stack' })).toEqual([]);
  });

  it.each([
    ['a dead cache of a small canary', { CacheUnavailable: 5, CacheErrors: 5 }, true],
    ['deletes that nobody takes', { CacheHits: 50, CacheWrites: 10, CacheErrors: 10 }, true],
    ['fewer failures than say anything', { CacheUnavailable: 4, CacheErrors: 4 }, false],
    [
      'a node in a hundred',
      { CacheHits: 9_000, CacheWrites: 900, CacheUnavailable: 100, CacheErrors: 100 },
      false,
    ],
  ])('take cache errors for a share of all operations: %s', (_, counts, rung) => {
    const alarms = rung ? ['GetItemCacheErrorsAlarm'] : [];
    expect(ringing([counts, counts])).toEqual(alarms);
    expect(ringing([counts])).toEqual([]);
  });

  it('take a read that no node answered for one that found nothing', () => {
    const low = { CacheHits: 15, CacheUnavailable: 85 };
    expect(ringing([low, low, low])).toEqual(['GetItemHitRatioAlarm']);
    expect(ringing([low, low])).toEqual([]);
    const enough = { CacheHits: 25, CacheMisses: 40, CacheUnavailable: 35 };
    expect(ringing([enough, enough, enough])).toEqual([]);
    const few = { CacheMisses: 99 };
    expect(ringing([few, few, few])).toEqual([]);
  });

  it('hear a slow canary of a small service, but not a single slow request', () => {
    const store = new MetricStore();
    const dimensions = {
      FunctionName: 'GetItemFunction',
      Resource: 'GetItemFunction:live',
      ExecutedVersion: '2',
    };
    const rungAt = [[20, 1500], [20, 30], [1500], [20, 1500]].map((values, minute) => {
      store.minute = minute;
      for (const value of values)
        store.record({ namespace: 'AWS/Lambda', name: 'Duration', dimensions }, value);
      return ofGetItem(store);
    });
    expect(rungAt).toEqual([[], [], [], ['GetItemLatencyAlarm']]);
  });
});
