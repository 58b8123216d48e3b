import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { CodeDeployClient } from '@aws-sdk/client-codedeploy';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { postTraffic } from '../../handlers/hooks/post-traffic.ts';
import { FakeAws } from '../support/fake-aws.ts';

const HOOK = { DeploymentId: 'd-ABC', LifecycleEventHookExecutionId: 'execution-1' };
const STARTED = 1_795_500_000;

describe('the post-traffic hook', () => {
  let aws: FakeAws;
  const logger = { info: vi.fn(), warn: vi.fn(), error: vi.fn() };

  beforeEach(async () => {
    aws = await FakeAws.start();
    for (const log of Object.values(logger)) log.mockClear();
    deploymentOf('{"Resources":[{"f":{"Properties":{"CurrentVersion":"7","TargetVersion":"8"}}}]}');
  });
  afterEach(() => aws.close());

  const deploymentOf = (content: string): void =>
    void aws.answers.set('GetDeployment', () => ({
      body: { deploymentInfo: { createTime: STARTED, revision: { string: { content } } } },
    }));
  const metrics = (values: Record<string, number[]>): void =>
    void aws.answers.set('GetMetricData', () => ({
      body: { MetricDataResults: Object.entries(values).map(([Id, Values]) => ({ Id, Values })) },
    }));

  const hook = () =>
    postTraffic({
      cloudWatch: new CloudWatchClient(aws.clientOptions),
      codeDeploy: new CodeDeployClient(aws.clientOptions),
      logger,
      environment: {
        NewVersion: 'arn:aws:lambda:eu-west-1:123456789012:function:shop:8',
        POWERTOOLS_METRICS_NAMESPACE: 'catalogue',
        POWERTOOLS_SERVICE_NAME: 'items',
      },
    })(HOOK, { getRemainingTimeInMillis: () => 60_000 });

  const told = () => aws.of('PutLifecycleEventHookExecutionStatus').map(({ body }) => body.status);
  const sentences = (log: ReturnType<typeof vi.fn>): string[] =>
    log.mock.calls.map(([words]) => words as string);

  it('records the outcome, and both versions’ figures', async () => {
    metrics({
      hits0: [80, 10],
      misses0: [10],
      invocations0: [100],
      hits1: [3],
      misses1: [7],
      invocations1: [10],
      errors1: [0, 1],
    });
    expect(await hook()).toBe('Succeeded');
    expect(told()).toEqual(['Succeeded']);
    expect(sentences(logger.info)).toEqual(
      expect.arrayContaining([
        'the release is done',
        expect.stringMatching(/failed cache reads of version 8 is 0 %/),
      ]),
    );
    expect(sentences(logger.warn)).toEqual([
      expect.stringMatching(/^the hit ratio of version 8 is 30 %, that of version 7 90 %: /),
      expect.stringMatching(/^the share of failed invocations of version 8 is 10 %, that of version 7 0 %: /),
    ]);
    expect(logger.info).toHaveBeenLastCalledWith('figures of both versions', {
      deploymentId: 'd-ABC',
      function: 'shop',
      version: '8',
      before: expect.objectContaining({ functionVersion: '7', hits: 90, misses: 10 }),
      after: expect.objectContaining({ functionVersion: '8', hits: 3, errors: 1 }),
    });
  });

  it('asks for the metrics of the executed versions, since the deployment began', async () => {
    metrics({});
    await hook();
    const { body } = aws.of('GetMetricData')[0]!;
    expect(body).toMatchObject({ StartTime: STARTED });
    const asked = (body.MetricDataQueries as { Id: string; MetricStat: { Metric: unknown } }[]).map(
      ({ Id, MetricStat }) => [Id, MetricStat.Metric],
    );
    expect(asked).toHaveLength(16);
    expect(Object.fromEntries(asked)).toMatchObject({
      hits0: {
        Namespace: 'catalogue',
        MetricName: 'CacheHits',
        Dimensions: [
          { Name: 'service', Value: 'items' },
          { Name: 'function_version', Value: '7' },
        ],
      },
      errors1: {
        Namespace: 'AWS/Lambda',
        MetricName: 'Errors',
        Dimensions: [
          { Name: 'FunctionName', Value: 'shop' },
          { Name: 'Resource', Value: 'shop:live' },
          { Name: 'ExecutedVersion', Value: '8' },
        ],
      },
    });
  });

  it('says what there is no data of, and succeeds', async () => {
    metrics({ hits0: [], misses0: [] });
    expect(await hook()).toBe('Succeeded');
    expect(sentences(logger.info)).toEqual(
      expect.arrayContaining([expect.stringMatching(/no hit ratio of version 7/)]),
    );
    expect(logger.warn).not.toHaveBeenCalled();
  });

  it('succeeds where the figures cannot be had, and says why', async () => {
    aws.deny('GetMetricData');
    expect(await hook()).toBe('Succeeded');
    expect(told()).toEqual(['Succeeded']);
    expect(logger.error).toHaveBeenCalledWith(
      expect.stringMatching(/says Succeeded: .*not authorized to perform GetMetricData/),
      expect.any(Error),
    );
  });

  it('reads the version before from an AppSpec in YAML, and does without where there is none', async () => {
    metrics({});
    deploymentOf(
      'Resources:\n  - f:\n      Properties:\n        CurrentVersion: 7\n        TargetVersion: 8\n',
    );
    await hook();
    expect(aws.of('GetMetricData')).toHaveLength(1);
    deploymentOf('');
    expect(await hook()).toBe('Succeeded');
    aws.deny('GetDeployment');
    expect(await hook()).toBe('Succeeded');
    expect(aws.of('GetMetricData')).toHaveLength(1);
    expect(sentences(logger.warn)).toEqual([
      expect.stringContaining('no figures were compared'),
      expect.stringContaining('not authorized to perform GetDeployment'),
      expect.stringContaining('no figures were compared'),
    ]);
    expect(told()).toEqual(['Succeeded', 'Succeeded', 'Succeeded']);
  });
});
