import { mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { buildFunction } from '../../../scripts/local/runtime/build-function.ts';
import { ExecutionEnvironment } from '../../../scripts/local/runtime/execution-environment.ts';
import { functionNamed } from '../../../scripts/local/template/functions.ts';
import { Template } from '../../../scripts/local/template/template.ts';
import { FakeAws, type FakeFunction } from '../../support/fake-aws.ts';

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

/** As much as the hooks keep to tell CodeDeploy, and a second for the work. */
const BRIEF_SECONDS = 6;

const NODE = { name: 'a.example:11211', reachable: true, roundTripMillis: 0.4, writeReadDelete: 'ok' };

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
  nodes: [NODE],
  weights: {},
};

const OTHER_NODES = {
  topology: { version: '2', nodes: ['b.example:11211'] },
  nodes: [{ ...NODE, name: 'b.example:11211' }],
};

const LIMIT = { timeout: 60_000 };

type Kind = 'Pre' | 'Post';

interface Setup {
  readonly environment?: Readonly<Record<string, string>>;
  readonly timeoutSeconds?: number;
}

type Replayed = (namespace: string) => unknown;
/** Namespaces in which an event was answered once: who comes then finds it. */
const filled = new Set<string>();
const answers200: Replayed = (namespace) => {
  const finds = filled.delete(namespace);
  if (!finds) filled.add(namespace);
  const [hits, misses] = finds ? [1, 0] : [0, 1];
  const counts = { hits, misses, unavailable: 0, originLoads: misses, errors: 0, undecodable: 0 };
  return { statusCode: 200, 'smearcache:check': counts };
};

/** A version that tells `report`, and answers what is replayed to it in a namespace of the check. */
const version =
  (report: object, replayed: Replayed = answers200): FakeFunction =>
  (event) => {
    const check = event['smearcache:check'] as { report?: boolean; namespace: string };
    return check.report === true ? { smearcache: report } : replayed(check.namespace);
  };

/** The live version writes in the first namespace and reads in the second; the new one the other way round. */
const inFirst =
  (answer: () => unknown): Replayed =>
  (namespace) =>
    namespace.endsWith('-1') ? answer() : answers200(namespace);
const inSecond =
  (answer: () => unknown): Replayed =>
  (namespace) =>
    namespace.endsWith('-2') ? answer() : answers200(namespace);
const counted = (counts: object) => () => ({ statusCode: 200, 'smearcache:check': counts });
const throws = () => {
  throw new TypeError('price is undefined');
};

describe('the hooks under AWS’s runtime client', () => {
  let directory: string;
  let aws: FakeAws;
  const taskRoots = new Map<Kind, string>();
  /** Of each hook one environment, frozen between the tests; those with other variables live for a test. */
  const kept = new Map<Kind, ExecutionEnvironment>();
  const opened: ExecutionEnvironment[] = [];
  const logged: string[] = [];

  beforeAll(async () => {
    // Beside node_modules, from which the SDK is found, as the runtime's own is.
    directory = await mkdtemp(path.join(ROOT, 'node_modules/.hooks-'));
    aws = await FakeAws.start();
    for (const kind of ['Pre', 'Post'] as const) {
      const taskRoot = await buildFunction(functionNamed(template, kind), path.join(directory, kind));
      taskRoots.set(kind, taskRoot);
    }
  }, 60_000);
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((environment) => environment.close()));
    aws.reset();
    filled.clear();
    logged.length = 0;
  });
  afterAll(async () => {
    await Promise.all([...kept.values()].map((environment) => environment.close()));
    await aws?.close();
    await rm(directory, { recursive: true, force: true });
  });

  function start(
    kind: Kind,
    { environment = {}, timeoutSeconds }: Setup = {},
  ): Promise<ExecutionEnvironment> {
    const definition = functionNamed(template, kind);
    return ExecutionEnvironment.start({
      definition: { ...definition, timeoutSeconds: timeoutSeconds ?? definition.timeoutSeconds },
      taskRoot: taskRoots.get(kind)!,
      environment: {
        NewVersion: `${ARN}:8`,
        POWERTOOLS_METRICS_NAMESPACE: 'catalogue',
        POWERTOOLS_SERVICE_NAME: 'catalogue',
        AWS_ENDPOINT_URL: aws.clientOptions.endpoint,
        AWS_ACCESS_KEY_ID: 'test',
        AWS_SECRET_ACCESS_KEY: 'test',
        ...environment,
      },
      freeze: true,
      log: { platform: () => {}, output: (line) => logged.push(line) },
    });
  }

  async function environmentOf(kind: Kind, setup: Setup | undefined): Promise<ExecutionEnvironment> {
    if (setup === undefined && kept.has(kind)) return kept.get(kind)!;
    const environment = await start(kind, setup);
    if (setup === undefined) kept.set(kind, environment);
    else opened.push(environment);
    return environment;
  }

  /** How the invocation ended, and with what. */
  async function invoke(kind: Kind, setup?: Setup): Promise<[string, unknown]> {
    const { status, payload } = await (await environmentOf(kind, setup)).invoke(EVENT);
    return [status, JSON.parse(payload)];
  }

  /** What CodeDeploy was told, each time that it was asked to take it. */
  const told = () =>
    aws.of('PutLifecycleEventHookExecutionStatus').map(({ body }) => {
      expect(body).toMatchObject({ deploymentId: 'd-ABC', lifecycleEventHookExecutionId: 'execution-1' });
      return body.status;
    });
  const versions = (live: FakeFunction, next: FakeFunction) => {
    aws.functions.set(`${ARN}:live`, live);
    aws.functions.set(`${ARN}:8`, next);
  };
  const invoked = (name: string) => aws.of('Invoke').filter(({ functionName }) => functionName === name);
  /** Of warnings and errors. */
  const troubles = () =>
    logged
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as { level: string; message: string })
      .filter(({ level }) => level !== 'INFO')
      .map(({ message }) => message);

  describe('before traffic', () => {
    it('lets a good release pass, and replays the recorded events', LIMIT, async () => {
      versions(version(HEALTHY), version(HEALTHY));
      expect(await invoke('Pre')).toEqual(['success', 'Succeeded']);
      expect(told()).toEqual(['Succeeded']);
      expect(troubles()).toEqual([]);
      // Two reports, and two recorded events of this function twice in both orders.
      expect(aws.of('Invoke')).toHaveLength(2 + 2 * 2 * 2);
    });

    const REFUSED: readonly (readonly [string, FakeFunction, FakeFunction, string])[] = [
      ['stores values otherwise', version(HEALTHY), version({ ...HEALTHY, codec: 3 }), 'format'],
      [
        'would move keys',
        version(HEALTHY),
        version({ ...HEALTHY, dialect: 'twemproxy', ringFingerprint: 'fedcba9876543210', ...OTHER_NODES }),
        'of the keys would move to other nodes, and the budget is 5 %',
      ],
      ['gives up its schema', version(HEALTHY), version({ ...HEALTHY, schema: null }), 'schema'],
      [
        'does not reach a node, twice',
        version(HEALTHY),
        version({ ...HEALTHY, nodes: [{ ...NODE, reachable: false, writeReadDelete: 'no connection' }] }),
        'the new version does not reach node a.example:11211 (no connection)',
      ],
      [
        'found no nodes',
        version(HEALTHY),
        version({ ...HEALTHY, topology: null, ringFingerprint: null, nodes: [], problem: 'no list' }),
        'the new version found no nodes (no list)',
      ],
      [
        'fails when it is asked',
        version(HEALTHY),
        throws,
        'the new version fails when it is asked what it is (TypeError: price is undefined)',
      ],
      ['answers no report', version(HEALTHY), () => ({ statusCode: 200 }), 'self-check'],
      [
        'fails on what the live one wrote',
        version(HEALTHY),
        version(HEALTHY, inFirst(throws)),
        'the new version fails on what the live version wrote for "an item" (TypeError: price is undefined)',
      ],
      [
        'answers 5xx to it',
        version(HEALTHY),
        version(
          HEALTHY,
          inFirst(() => ({ statusCode: 502 })),
        ),
        'the new version fails on what the live version wrote for "an item" (it answered 502)',
      ],
      [
        'writes what the live one fails on',
        version(HEALTHY, inSecond(throws)),
        version(HEALTHY),
        'the live version fails on what the new version wrote for "an item"',
      ],
      [
        'fails by itself',
        version(HEALTHY),
        version(HEALTHY, inSecond(throws)),
        'the new version fails on "an item" by itself (TypeError: price is undefined)',
      ],
      [
        'cannot validate what the live one wrote',
        version(HEALTHY),
        version(HEALTHY, inFirst(counted({ undecodable: 1 }))),
        'the new version could not read or validate 1 of the items in what the live version wrote',
      ],
      [
        'reads what no node answers, twice',
        version(HEALTHY),
        version(HEALTHY, inFirst(counted({ unavailable: 2 }))),
        '2 reads of the new version for "an item" were answered by no node',
      ],
      [
        'meets a live version that fails by itself',
        version(HEALTHY, inFirst(throws)),
        version(HEALTHY),
        'the live version fails on "an item" by itself (TypeError: price is undefined)',
      ],
    ];
    it.each(REFUSED)('refuses a version that %s', LIMIT, async (_, live, next, sentence) => {
      versions(live, next);
      expect(await invoke('Pre')).toEqual(['success', 'Failed']);
      expect(told()).toEqual(['Failed']);
      expect(troubles().join('\n')).toContain(sentence);
    });

    it.each<[string, number, 'Succeeded' | 'Failed']>([
      ['refuses a version that turns callers away', 404, 'Failed'],
      ['warns of another status and lets the release pass', 204, 'Succeeded'],
    ])('%s', LIMIT, async (_, statusCode, status) => {
      versions(
        version(HEALTHY),
        version(HEALTHY, () => ({ statusCode })),
      );
      expect(await invoke('Pre')).toEqual(['success', status]);
      expect(troubles().join('\n')).toContain(`with 200 and the new version with ${statusCode}`);
    });

    it.each([
      ['reads its variables', () => aws.variables.set(`${ARN}:live`, { SMEARCACHE_SELF_CHECK: 'false' }), ''],
      [
        'says that it may not',
        () => aws.deny('GetFunctionConfiguration'),
        'allow the hook lambda:GetFunctionConfiguration',
      ],
    ])('of a live version without a self-check it %s', LIMIT, async (_, prepare, sentence) => {
      versions(() => ({ statusCode: 200 }), version(HEALTHY));
      prepare();
      expect(await invoke('Pre')).toEqual(['success', 'Succeeded']);
      expect(told()).toEqual(['Succeeded']);
      expect(aws.of('GetFunctionConfiguration')).not.toEqual([]);
      expect(troubles().join('\n')).toContain(sentence);
      // Nothing is replayed to a version that would take it for production's.
      expect(invoked(`${ARN}:live`)).toHaveLength(1);
    });

    it('asks again where Lambda throttles it for a moment', LIMIT, async () => {
      versions(version(HEALTHY), version(HEALTHY));
      aws.throttle('Invoke', 2);
      expect(await invoke('Pre')).toEqual(['success', 'Succeeded']);
      expect(aws.of('Invoke')).toHaveLength(2 + 2 + 2 * 2 * 2);
    });

    const FAULTS: readonly (readonly [string, () => void, Setup | undefined, string])[] = [
      ['it may not invoke', () => aws.deny('Invoke'), undefined, 'not authorized to perform Invoke'],
      ['there is no such version', () => aws.functions.clear(), undefined, `Function not found: ${ARN}:8`],
      [
        'Lambda never answers',
        () => aws.answers.set('Invoke', undefined),
        { timeoutSeconds: BRIEF_SECONDS },
        'the hook took too long: give its function a longer Timeout',
      ],
      [
        'its version is not named',
        () => {},
        { environment: { NewVersion: ARN } },
        'NewVersion must be the ARN',
      ],
      [
        'its budget is no share',
        () => {},
        { environment: { MovedShareBudget: '5 %' } },
        'MovedShareBudget must be a share from 0 to 1, got 5 %',
      ],
    ];
    it('refuses where Lambda throttles it for good', LIMIT, async () => {
      versions(version(HEALTHY), version(HEALTHY));
      aws.throttle('Invoke');
      expect(await invoke('Pre')).toEqual(['success', 'Failed']);
      expect(told()).toEqual(['Failed']);
      expect(troubles().join('\n')).toMatch(/fails when it is asked what it is \(.*Rate exceeded\), 4 times/);
    });

    it.each(FAULTS)('says Failed where %s', LIMIT, async (_, prepare, setup, reason) => {
      versions(version(HEALTHY), version(HEALTHY));
      prepare();
      expect(await invoke('Pre', setup)).toEqual(['success', 'Failed']);
      expect(told()).toEqual(['Failed']);
      expect(troubles().join('\n')).toContain(`the hook itself failed, so it says Failed: ${reason}`);
    });
  });

  describe('after traffic', () => {
    /** As CodeDeploy tells the version that was live before. */
    const deployed = (content: object) => () => ({
      body: { deploymentInfo: { revision: { string: { content: JSON.stringify(content) } } } },
    });
    const KNOWN = deployed({ CurrentVersion: '7', TargetVersion: '8' });

    it('looks back at a release', LIMIT, async () => {
      aws.answers.set('GetDeployment', KNOWN);
      expect(await invoke('Post')).toEqual(['success', 'Succeeded']);
      expect(told()).toEqual(['Succeeded']);
      expect(aws.of('GetMetricData')).toHaveLength(1);
      expect(troubles()).toEqual([]);
    });

    it('warns of the worse figures of a version, and lets it be', LIMIT, async () => {
      aws.answers.set('GetDeployment', KNOWN);
      const VALUES: Readonly<Record<string, number>> = {
        ...{ hits0: 90, misses0: 10, invocations0: 100, errors0: 0 },
        ...{ hits1: 10, misses1: 90, invocations1: 100, errors1: 30, undecodable1: 3 },
      };
      aws.answers.set('GetMetricData', () => ({
        body: { MetricDataResults: Object.entries(VALUES).map(([Id, value]) => ({ Id, Values: [value] })) },
      }));
      expect(await invoke('Post')).toEqual(['success', 'Succeeded']);
      expect(told()).toEqual(['Succeeded']);
      expect(troubles()).toEqual([
        expect.stringContaining('the hit ratio of version 8 is 10 %, that of version 7 90 %'),
        expect.stringContaining('the share of failed invocations of version 8 is 30 %'),
        expect.stringContaining('version 8 could not read 3 items'),
      ]);
    });

    it.each([
      [
        'is not told which version was live',
        () => aws.deny('GetDeployment'),
        'CodeDeploy was not asked which version was live: not authorized to perform GetDeployment',
      ],
      [
        'finds none in the deployment',
        () => aws.answers.set('GetDeployment', deployed({})),
        'the version before is not known, so no figures were compared',
      ],
    ])('says Succeeded where it %s', LIMIT, async (_, prepare, sentence) => {
      prepare();
      expect(await invoke('Post')).toEqual(['success', 'Succeeded']);
      expect(told()).toEqual(['Succeeded']);
      expect(aws.of('GetMetricData')).toEqual([]);
      expect(troubles()).toContain(sentence);
    });

    // By now nothing is left to shift: to roll back for a fault of the hook's own would help nobody.
    const FAULTS: readonly (readonly [string, () => void, Setup | undefined, string])[] = [
      [
        'it may not ask for figures',
        () => aws.deny('GetMetricData'),
        undefined,
        'not authorized to perform GetMetricData',
      ],
      ['it is throttled for good', () => aws.throttle('GetMetricData'), undefined, 'Rate exceeded'],
      [
        'CloudWatch never answers',
        () => aws.answers.set('GetMetricData', undefined),
        { timeoutSeconds: BRIEF_SECONDS },
        'the hook took too long',
      ],
      [
        'its version is not named',
        () => {},
        { environment: { NewVersion: '' } },
        'NewVersion must be the ARN',
      ],
    ];
    it.each(FAULTS)('says Succeeded even where %s', LIMIT, async (_, prepare, setup, reason) => {
      aws.answers.set('GetDeployment', KNOWN);
      prepare();
      expect(await invoke('Post', setup)).toEqual(['success', 'Succeeded']);
      expect(told()).toEqual(['Succeeded']);
      expect(troubles().join('\n')).toContain(`the hook itself failed, so it says Succeeded: ${reason}`);
    });
  });

  describe.each(['Pre', 'Post'] as const)('where CodeDeploy takes no status of the hook %s', (kind) => {
    it('tells it again after it was throttled', LIMIT, async () => {
      versions(version(HEALTHY), version(HEALTHY));
      aws.throttle('PutLifecycleEventHookExecutionStatus', 2);
      expect(await invoke(kind)).toEqual(['success', 'Succeeded']);
      expect(told()).toEqual(['Succeeded', 'Succeeded', 'Succeeded']);
    });

    // CodeDeploy goes on to wait for an hour: the invocation that failed is all that tells an operator why.
    it('fails as an invocation where it never takes it', LIMIT, async () => {
      versions(version(HEALTHY), version(HEALTHY));
      aws.deny('PutLifecycleEventHookExecutionStatus');
      const [status, error] = await invoke(kind);
      expect(status).toBe('error');
      expect(error).toMatchObject({
        errorType: 'AccessDeniedException',
        errorMessage: 'not authorized to perform PutLifecycleEventHookExecutionStatus',
      });
      expect(told()).toEqual(['Succeeded']);
    });
  });
});
