import { mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { buildFunction } from '../../../scripts/local/runtime/build-function.ts';
import { ExecutionEnvironment } from '../../../scripts/local/runtime/execution-environment.ts';
import { functionNamed } from '../../../scripts/local/template/functions.ts';
import { Template } from '../../../scripts/local/template/template.ts';
import { FakeAws } from '../../support/fake-aws.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const ARN = 'arn:aws:lambda:eu-west-1:123456789012:function:shop-GetItemFunction-1A2B';
const EVENT = JSON.stringify({ DeploymentId: 'd-ABC', LifecycleEventHookExecutionId: 'execution-1' });

/** As a template builds the hooks: the AWS SDK comes with the runtime. */
const hookNamed = (name: string): string => `
  ${name}:
    Type: AWS::Serverless::Function
    Metadata:
      BuildMethod: esbuild
      BuildProperties:
        EntryPoints: [handlers/hooks/${name === 'Pre' ? 'pre' : 'post'}-traffic.ts]
        External: ['@aws-sdk/*']
        Format: esm
        OutExtension: [.js=.mjs]
        Target: es2024
        Minify: true
        MainFields: module,main
        Banner:
          - js=import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);
    Properties:
      CodeUri: .
      Handler: ${name === 'Pre' ? 'pre' : 'post'}-traffic.handler
      Runtime: nodejs24.x
      Timeout: 30`;
const template = new Template(`Resources:${hookNamed('Pre')}${hookNamed('Post')}\n`, ROOT);

const HEALTHY = {
  version: 1,
  packageVersion: '0.1.0',
  functionVersion: '8',
  fingerprint: 'f',
  disabled: false,
  dialect: 'libketama',
  placement: 'successors',
  schema: 'item-v1',
  invalidates: [],
  namespace: null,
  codec: 2,
  topology: { version: '1', nodes: ['a.example:11211'] },
  ringFingerprint: '0123456789abcdef',
  nodes: [{ name: 'a.example:11211', reachable: true, roundTripMillis: 0.4, writeReadDelete: 'ok' }],
  weights: {},
};

describe('the hooks under AWS’s runtime client', () => {
  let directory: string;
  let aws: FakeAws;
  const opened: ExecutionEnvironment[] = [];

  beforeAll(async () => {
    // Beside node_modules, from which the SDK is found, as the runtime's own is.
    directory = await mkdtemp(path.join(ROOT, 'node_modules/.hooks-'));
    aws = await FakeAws.start();
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((environment) => environment.close()));
    aws.requests.length = 0;
  });
  afterAll(async () => {
    await aws?.close();
    await rm(directory, { recursive: true, force: true });
  });

  async function invoke(name: string): Promise<unknown> {
    const definition = functionNamed(template, name);
    const taskRoot = await buildFunction(definition, path.join(directory, name));
    const environment = await ExecutionEnvironment.start({
      definition,
      taskRoot,
      environment: {
        NewVersion: `${ARN}:8`,
        POWERTOOLS_METRICS_NAMESPACE: 'catalogue',
        POWERTOOLS_SERVICE_NAME: 'catalogue',
        POWERTOOLS_LOG_LEVEL: 'SILENT',
        AWS_ENDPOINT_URL: aws.clientOptions.endpoint,
        AWS_ACCESS_KEY_ID: 'test',
        AWS_SECRET_ACCESS_KEY: 'test',
      },
      freeze: true,
      log: { platform: () => {}, output: () => {} },
    });
    opened.push(environment);
    const { status, payload } = await environment.invoke(EVENT);
    return [status, JSON.parse(payload)];
  }

  const told = () =>
    aws.requests
      .filter(({ operation }) => operation === 'PutLifecycleEventHookExecutionStatus')
      .map(({ body }) => body.status);

  it('lets a good release pass, and replays the recorded events', { timeout: 60_000 }, async () => {
    const version = (event: Record<string, unknown>) =>
      (event['smearcache:check'] as { report?: boolean }).report === true
        ? { smearcache: HEALTHY }
        : { statusCode: 200 };
    aws.functions.set(`${ARN}:live`, version);
    aws.functions.set(`${ARN}:8`, version);
    expect(await invoke('Pre')).toEqual(['success', 'Succeeded']);
    expect(told()).toEqual(['Succeeded']);
    // Two reports, and two recorded events of this function twice in both orders.
    expect(aws.of('Invoke')).toHaveLength(2 + 2 * 2 * 2);
  });

  it('refuses a bad one', { timeout: 60_000 }, async () => {
    aws.functions.set(`${ARN}:live`, () => ({ smearcache: HEALTHY }));
    aws.functions.set(`${ARN}:8`, () => ({ smearcache: { ...HEALTHY, codec: 3 } }));
    expect(await invoke('Pre')).toEqual(['success', 'Failed']);
    expect(told()).toEqual(['Failed']);
  });

  it('looks back at it', { timeout: 60_000 }, async () => {
    const content = JSON.stringify({ CurrentVersion: '7', TargetVersion: '8' });
    aws.answers.set('GetDeployment', () => ({
      body: { deploymentInfo: { revision: { string: { content } } } },
    }));
    expect(await invoke('Post')).toEqual(['success', 'Succeeded']);
    expect(told()).toEqual(['Succeeded']);
    expect(aws.of('GetMetricData')).toHaveLength(1);
  });
});
