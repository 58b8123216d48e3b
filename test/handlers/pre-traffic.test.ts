import { CodeDeployClient } from '@aws-sdk/client-codedeploy';
import { LambdaClient } from '@aws-sdk/client-lambda';
import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { type CheckEvent, checkEvents } from '../../handlers/hooks/check-events.ts';
import { preTraffic } from '../../handlers/hooks/pre-traffic.ts';
import type { Cache } from '../../src/client/cache.ts';
import type { CacheLogger } from '../../src/client/options.ts';
import { type SmearCacheOptions, smearCache } from '../../src/smear-cache.ts';
import { startCluster, type TestCluster } from '../../src/testing/index.ts';
import { FakeAws, type FakeFunction } from '../support/fake-aws.ts';
import { quietLogger } from '../support/quiet-logger.ts';
import { loadCatalogue } from './catalogue.ts';

const ARN = 'arn:aws:lambda:eu-west-1:123456789012:function:shop-GetItemFunction-1A2B';
const LIVE = `${ARN}:live`;
const NEXT = `${ARN}:8`;
const GET: CheckEvent = { name: 'an item', event: { httpMethod: 'GET', path: '/items/7' } };
const HOOK = { DeploymentId: 'd-ABC', LifecycleEventHookExecutionId: 'execution-1' };

/** Prices in an object, or as text: a change of shape. */
const asObject = () => ({ id: '7', price: { amount: 5 } });
const asText = () => ({ id: '7', price: '5.00' });
const ofObject = (item: unknown): string => (item as ReturnType<typeof asObject>).price.amount.toFixed(2);
const ofText = (item: unknown): string => (item as ReturnType<typeof asText>).price.padStart(8);

describe('the pre-traffic hook', () => {
  let aws: FakeAws;
  let cluster: TestCluster;
  const used: Cache[] = [];
  const logger = { info: vi.fn(), warn: vi.fn(), error: vi.fn() };
  // Equal options share a client, and another test's cluster may have had this one's port.
  let quiet: CacheLogger;

  beforeEach(async () => {
    [aws, cluster] = await Promise.all([FakeAws.start(), startCluster({ nodes: 3 })]);
    quiet = { ...quietLogger };
    for (const log of Object.values(logger)) log.mockClear();
  });
  afterEach(async () => {
    await Promise.all(used.splice(0).map((cache) => cache.close()));
    await Promise.all([aws.close(), cluster.close()]);
  });

  /** A version of the code: how it loads an item, and how it reads one. */
  function version(
    load: () => unknown,
    render: (item: unknown) => string,
    options: SmearCacheOptions = {},
    validate?: z.ZodType<unknown>,
  ): FakeFunction {
    const handler = middy()
      .use(
        smearCache({
          discovery: { configurationEndpoint: cluster.configEndpoint },
          schema: 'item-v1',
          selfCheck: true,
          logger: quiet,
          ...options,
        }),
      )
      .handler(async (_event, { cache }) => {
        used.push(cache);
        const item = await cache.wrap('item:7', load, { ttlSeconds: 60, ...(validate && { validate }) });
        return { statusCode: 200, body: render(item) };
      });
    const context = { functionVersion: '8', getRemainingTimeInMillis: () => 5_000 } as Context;
    return (event) =>
      (handler as unknown as (event: unknown, context: Context) => unknown)(event, { ...context });
  }

  interface Setup {
    readonly environment?: Record<string, string | undefined>;
    readonly events?: readonly CheckEvent[];
    readonly remainingMillis?: number;
  }

  const hook = ({ environment = {}, events = [GET], remainingMillis = 60_000 }: Setup = {}) =>
    preTraffic({
      lambda: new LambdaClient(aws.clientOptions),
      codeDeploy: new CodeDeployClient(aws.clientOptions),
      logger,
      events,
      environment: { NewVersion: NEXT, ...environment },
      retryMillis: 0,
    })(HOOK, { getRemainingTimeInMillis: () => remainingMillis });

  /** What CodeDeploy was told, each time. */
  const told = () => aws.of('PutLifecycleEventHookExecutionStatus').map(({ body }) => body);
  const status = (word: string) => [
    { deploymentId: 'd-ABC', lifecycleEventHookExecutionId: 'execution-1', status: word },
  ];
  const warnings = (): string[] => logger.warn.mock.calls.map(([sentence]) => sentence as string);
  const invoked = (name: string) =>
    aws
      .of('Invoke')
      .filter(({ functionName }) => functionName === name)
      .map(({ body }) => body);

  it('lets a version pass that reads and writes what the live one does', async () => {
    aws.functions.set(LIVE, version(asObject, ofObject));
    aws.functions.set(
      NEXT,
      version(asObject, (item) => `new ${ofObject(item)}`),
    );
    expect(await hook()).toBe('Succeeded');
    expect(told()).toEqual(status('Succeeded'));
    expect(warnings()).toEqual([]);
    expect(logger.info).toHaveBeenCalledWith(
      'the release passes',
      expect.objectContaining({ deploymentId: 'd-ABC', version: '8', movedShare: 0 }),
    );
    // A report, then both orders in two namespaces of the check's own.
    const namespaces = invoked(NEXT).map((event) => event['smearcache:check'] as Record<string, string>);
    const [report, first, second] = namespaces;
    expect(report).toMatchObject({ report: true, namespace: expect.stringMatching(/^check-[\w-]{13}$/) });
    expect(first).toEqual({ namespace: `${report!.namespace}-1` });
    expect(second).toEqual({ namespace: `${report!.namespace}-2` });
    expect(invoked(LIVE)).toHaveLength(3);
    expect(invoked(LIVE)[1]).toMatchObject(GET.event);
    const keys = cluster.nodes.flatMap((node) => node.items().map(({ key }) => key)).sort();
    expect(keys).toEqual([`sc~${first!.namespace}:item-v1:item:7`, `sc~${second!.namespace}:item-v1:item:7`]);
  });

  it('refuses another shape under the same schema, and says so for both orders', async () => {
    aws.functions.set(LIVE, version(asObject, ofObject));
    aws.functions.set(NEXT, version(asText, ofText));
    expect(await hook()).toBe('Failed');
    expect(told()).toEqual(status('Failed'));
    expect(warnings()).toEqual([
      expect.stringMatching(
        /^the new version fails on what the live version wrote for "an item" \(TypeError: .*a schema of its own$/,
      ),
      expect.stringMatching(
        /^the live version fails on what the new version wrote for "an item" \(TypeError: .*a schema of its own$/,
      ),
    ]);
  });

  it('lets another shape pass under a schema of its own', async () => {
    aws.functions.set(LIVE, version(asObject, ofObject, { invalidates: ['item-v2'] }));
    aws.functions.set(NEXT, version(asText, ofText, { schema: 'item-v2', invalidates: ['item-v1'] }));
    expect(await hook()).toBe('Succeeded');
    expect(warnings()).toEqual([]);
    expect(logger.info).toHaveBeenCalledWith(expect.stringContaining('"item-v2"'), expect.anything());
  });

  it('refuses a version that takes the live one’s items for broken, though its handler mends them', async () => {
    aws.functions.set(
      LIVE,
      version(asObject, () => 'ok'),
    );
    const shape = z.object({ id: z.string(), price: z.string() });
    aws.functions.set(
      NEXT,
      version(asText, () => 'ok', {}, shape),
    );
    expect(await hook()).toBe('Failed');
    expect(warnings()).toEqual([
      expect.stringMatching(
        /^the new version could not read or validate 1 of the items .*schema of its own$/,
      ),
    ]);
  });

  it('refuses another dialect, with the share of keys that would move', async () => {
    aws.functions.set(LIVE, version(asObject, ofObject));
    aws.functions.set(NEXT, version(asObject, ofObject, { dialect: 'twemproxy' }));
    expect(await hook()).toBe('Failed');
    expect(warnings()).toEqual([
      expect.stringMatching(/^[\d.]+ % of the keys would move .* from libketama to twemproxy; keep it/),
    ]);
    // Nothing was replayed.
    expect(aws.of('Invoke')).toHaveLength(2);
  });

  it('lets it pass within a budget that the operator sets', async () => {
    aws.functions.set(LIVE, version(asObject, ofObject));
    aws.functions.set(NEXT, version(asObject, ofObject, { dialect: 'twemproxy' }));
    expect(await hook({ environment: { MovedShareBudget: '1' } })).toBe('Succeeded');
  });

  it('refuses a node that the new version does not reach', async () => {
    const nodes = [...cluster.names, '127.0.0.1:1'];
    aws.functions.set(LIVE, version(asObject, ofObject, { discovery: { nodes: [...cluster.names] } }));
    aws.functions.set(NEXT, version(asObject, ofObject, { discovery: { nodes } }));
    expect(await hook({ environment: { MovedShareBudget: '1' } })).toBe('Failed');
    expect(warnings()[0]).toMatch(/^the new version does not reach node 127\.0\.0\.1:1 \(.*security group/);
  });

  it('gives a node that failed once a second chance', async () => {
    aws.functions.set(LIVE, version(asObject, ofObject));
    aws.functions.set(NEXT, version(asObject, ofObject));
    cluster.nodes[0]!.faults.set({ kind: 'out-of-memory', times: 1 });
    expect(await hook()).toBe('Succeeded');
    expect(warnings()).toEqual([]);
  });

  it('compares a live version without a self-check by its variables, and replays nothing against it', async () => {
    aws.functions.set(LIVE, version(asObject, ofObject, { selfCheck: false }));
    aws.variables.set(LIVE, { SMEARCACHE_SCHEMA: 'item-v1' });
    aws.functions.set(NEXT, version(asObject, ofObject));
    expect(await hook()).toBe('Succeeded');
    expect(warnings()).toEqual([expect.stringMatching(/^the live version knows no self-check/)]);
    expect(invoked(LIVE)).toHaveLength(1);
    expect(invoked(NEXT)).toHaveLength(3);
    aws.variables.set(LIVE, { SMEARCACHE_DIALECT: 'twemproxy' });
    expect(await hook()).toBe('Failed');
    expect(warnings().at(-1)).toMatch(/from twemproxy to libketama/);
  });

  it('passes where not even its variables may be read, and says what is missing', async () => {
    aws.functions.set(LIVE, () => ({ statusCode: 400 }));
    aws.functions.set(NEXT, version(asObject, ofObject));
    aws.deny('GetFunctionConfiguration');
    expect(await hook()).toBe('Succeeded');
    expect(warnings()[1]).toMatch(/allow the hook lambda:GetFunctionConfiguration$/);
  });

  it.each([
    [
      'that does not start',
      () => {
        throw new Error('Cannot find module');
      },
      /^the new version fails when it is asked what it is \(Error: Cannot find module\)/,
    ],
    ['without a self-check', () => ({ statusCode: 400 }), /^the new version answered no self-check/],
  ])('refuses a new version %s', async (_words, next, sentence) => {
    aws.functions.set(LIVE, version(asObject, ofObject));
    aws.functions.set(NEXT, next);
    expect(await hook()).toBe('Failed');
    expect(told()).toEqual(status('Failed'));
    expect(warnings()).toEqual([expect.stringMatching(sentence)]);
  });

  /** A version that tells what any other does and answers events by itself. */
  function answering(answer: FakeFunction): FakeFunction {
    const real = version(asObject, ofObject);
    return (event) => {
      const { report } = event['smearcache:check'] as { report?: boolean };
      return report === true ? real(event) : answer(event);
    };
  }

  it('refuses where a version fails by itself, of whichever version it is', async () => {
    const fails = answering(() => ({ statusCode: 502, body: '' }));
    aws.functions.set(LIVE, fails);
    aws.functions.set(NEXT, version(asObject, ofObject));
    expect(await hook()).toBe('Failed');
    expect(warnings()[0]).toMatch(
      /^the live version fails on "an item" by itself \(it answered 502\): mend it/,
    );
    aws.functions.set(LIVE, version(asObject, ofObject));
    aws.functions.set(NEXT, fails);
    expect(await hook()).toBe('Failed');
    expect(warnings().at(-1)).toMatch(/^the new version fails on "an item" by itself/);
  });

  it('looks twice where a read was answered by no node, and refuses where it still is not', async () => {
    aws.functions.set(LIVE, version(asObject, ofObject));
    const silent = { statusCode: 200, 'smearcache:check': { unavailable: 2 } };
    let left = 1;
    aws.functions.set(
      NEXT,
      answering(() => (left-- > 0 ? silent : { statusCode: 200 })),
    );
    expect(await hook()).toBe('Succeeded');
    logger.warn.mockClear();
    left = Number.POSITIVE_INFINITY;
    expect(await hook()).toBe('Failed');
    expect(warnings()).toEqual([
      expect.stringMatching(/^2 reads of the new version for "an item" were answered by no node/),
    ]);
  });

  it('refuses a version that turns callers away which the live one serves', async () => {
    const away = answering(() => ({ statusCode: 404 }));
    const served = version(asObject, ofObject);
    aws.functions.set(LIVE, served);
    aws.functions.set(NEXT, away);
    expect(await hook()).toBe('Failed');
    expect(warnings()[0]).toBe(
      'the live version answers "an item" with 200 and the new version with 404: mend it or, if this is meant, the ' +
        'event in events/check.json',
    );
    logger.warn.mockClear();
    aws.functions.set(LIVE, away);
    aws.functions.set(NEXT, served);
    expect(await hook()).toBe('Succeeded');
    expect(warnings()[0]).toBe(
      'the live version answers "an item" with 404 and the new version with 200: be sure that this is meant',
    );
  });

  it('replays what the function takes, and what changes something only where that is meant', async () => {
    aws.functions.set(LIVE, version(asObject, ofObject));
    aws.functions.set(NEXT, version(asObject, ofObject));
    const events: CheckEvent[] = [
      { name: 'of another', function: 'ListItemsFunction', event: { httpMethod: 'GET' } },
      { name: 'a write', event: { requestContext: { http: { method: 'PUT' } }, a: 1 } },
      { name: 'of no API', event: { Records: [] } },
    ];
    expect(await hook({ events })).toBe('Succeeded');
    expect(aws.of('Invoke')).toHaveLength(2);
    expect(logger.info).toHaveBeenCalledWith(
      expect.stringMatching(/^no event was replayed: .* none that reads from shop-GetItemFunction-1A2B$/),
      expect.anything(),
    );
    await hook({ events, environment: { CheckFunction: 'ListItemsFunction' } });
    await hook({ events: [{ ...events[1]!, changes: true }] });
    expect(invoked(LIVE).filter((event) => 'httpMethod' in event)).toHaveLength(2);
    expect(invoked(LIVE).filter((event) => 'a' in event)).toHaveLength(2);
  });

  it('fails where it cannot invoke, with the reason in the log', async () => {
    aws.deny('Invoke');
    expect(await hook()).toBe('Failed');
    expect(told()).toEqual(status('Failed'));
    expect(logger.error).toHaveBeenCalledWith(
      expect.stringContaining('not authorized to perform Invoke'),
      expect.any(Error),
    );
  });

  it.each([
    ['no version', { NewVersion: undefined }, 'NewVersion must be'],
    ['an unqualified function', { NewVersion: ARN }, 'NewVersion must be'],
    ['no share', { MovedShareBudget: '5 %' }, 'MovedShareBudget must be a share from 0 to 1, got 5 %'],
  ])('fails where its environment names %s', async (_words, environment, sentence) => {
    expect(await hook({ environment })).toBe('Failed');
    expect(told()).toEqual(status('Failed'));
    expect(logger.error).toHaveBeenCalledWith(expect.stringContaining(sentence), expect.any(Error));
  });

  it('fails before its own time is over, since CodeDeploy would wait for an hour', async () => {
    aws.answers.set('Invoke', undefined);
    expect(await hook({ remainingMillis: 5_050 })).toBe('Failed');
    expect(told()).toEqual(status('Failed'));
    expect(logger.error).toHaveBeenCalledWith(expect.stringContaining('took too long'), expect.any(Error));
  });

  it('fails itself where CodeDeploy cannot be told, so that Lambda tries again', async () => {
    aws.deny('PutLifecycleEventHookExecutionStatus');
    await expect(hook({ environment: { NewVersion: undefined } })).rejects.toThrow('not authorized');
  });

  it('refuses another shape of the example’s items, by the recorded events', async () => {
    const { getItem } = await loadCatalogue({
      SMEARCACHE_CONFIGURATION_ENDPOINT: cluster.configEndpoint,
      SMEARCACHE_SELF_CHECK: 'true',
      ITEMS_TABLE: '',
    });
    aws.functions.set(LIVE, (event) => getItem(event as never));
    aws.functions.set(NEXT, (event) => getItem(event as never));
    expect(await hook({ events: checkEvents })).toBe('Succeeded');
    expect(warnings()).toEqual([]);
    const renamed = version(
      () => ({ id: '7', title: 'a name' }),
      (item) => JSON.stringify(item),
    );
    aws.functions.set(NEXT, renamed);
    const [first] = checkEvents;
    const ofThat = { ...first!, event: { ...first!.event, pathParameters: { id: '7' } } };
    expect(await hook({ events: [ofThat] })).toBe('Failed');
    expect(warnings()).toContainEqual(
      expect.stringMatching(
        /^the live version could not read or validate 1 of the items in what the new version/,
      ),
    );
    vi.unstubAllEnvs();
  });

  it('has recorded events for the functions of the example that read', () => {
    expect(checkEvents.map((recorded) => recorded.function)).toEqual([
      'GetItemFunction',
      'GetItemFunction',
      'ListItemsFunction',
    ]);
  });
});
