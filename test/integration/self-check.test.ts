import { readFileSync } from 'node:fs';
import { Metrics } from '@aws-lambda-powertools/metrics';
import middy7 from '@middy/core';
import type { Context } from 'aws-lambda';
import middy6 from 'middy6';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { SelfCheckReport } from '../../src/base/self-check-report.ts';
import type { Cache } from '../../src/client/cache.ts';
import { createCache } from '../../src/create-cache.ts';
import { buildRing } from '../../src/ring/index.ts';
import { type SmearCacheOptions, smearCache } from '../../src/smear-cache.ts';
import { startCluster, type TestCluster } from '../../src/testing/index.ts';
import { exchange } from '../support/raw-client.ts';

const TTL = { ttlSeconds: 60 };
const REPORT = { 'smearcache:check': { report: true, namespace: 'check-abc' } };

type Handler = (event: unknown, context: Context & { cache: Cache }) => unknown;
type Invoke = (event: unknown, context: Context) => Promise<unknown>;
type Middy = () => { use(middleware: unknown): { handler(handler: unknown): unknown } };

const MAJORS: [string, Middy][] = [
  ['Middy 7', middy7 as unknown as Middy],
  ['Middy 6', middy6 as unknown as Middy],
];

function lambdaContext(remainingMillis = 10_000): Context {
  const endsAt = performance.now() + remainingMillis;
  return {
    functionVersion: '7',
    getRemainingTimeInMillis: () => endsAt - performance.now(),
  } as Context;
}

/** Keys as one of the nodes holds them; a node is asked by its own listing. */
const itemsOf = (cluster: TestCluster): string[] =>
  cluster.nodes.flatMap((node) => node.items().map(({ key }) => key)).sort();

describe.each(MAJORS)('the self-check under %s', (_name, middy) => {
  let cluster: TestCluster;
  const used: Cache[] = [];
  const logger = { debug: vi.fn(), info: vi.fn(), warn: vi.fn() };

  beforeEach(async () => {
    cluster = await startCluster({ nodes: 4 });
    logger.warn.mockClear();
  });
  afterEach(async () => {
    await Promise.all(used.splice(0).map((cache) => cache.close()));
    await cluster.close();
  });

  const invokerOf = (
    more: SmearCacheOptions,
    handler: Handler = () => 'handled',
    before: unknown[] = [],
  ): Invoke =>
    middy()
      .use([
        ...before,
        smearCache({ discovery: { configurationEndpoint: cluster.configEndpoint }, logger, ...more }),
      ])
      .handler(handler) as Invoke;

  const reportOf = async (invoke: Invoke, remainingMillis?: number): Promise<SelfCheckReport> => {
    const answer = await invoke(REPORT, lambdaContext(remainingMillis));
    return (JSON.parse(JSON.stringify(answer)) as { smearcache: SelfCheckReport }).smearcache;
  };

  it('answers what the version is, without running the handler', async () => {
    const handler = vi.fn();
    const invoke = invokerOf({ selfCheck: true, schema: 'item-v2', invalidates: ['item-v1'] }, handler);
    const report = await reportOf(invoke);
    expect(report).toEqual({
      version: 1,
      packageVersion: JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
        .version,
      functionVersion: '7',
      fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/),
      disabled: false,
      dialect: 'libketama',
      placement: 'successors',
      schema: 'item-v2',
      invalidates: ['item-v1'],
      namespace: null,
      codec: 3,
      topology: { version: '1', nodes: [...cluster.names] },
      ringFingerprint: buildRing(cluster.nodes.map(({ name }) => nodeOf(name))).fingerprint,
      nodes: cluster.names.map((name) => ({
        name,
        ip: '127.0.0.1',
        reachable: true,
        roundTripMillis: expect.any(Number),
        writeReadDelete: 'ok',
      })),
      weights: {},
    });
    expect(handler).not.toHaveBeenCalled();
    // What it wrote is gone again.
    expect(itemsOf(cluster)).toEqual([]);
  });

  it('writes to every node, under the namespace of the check and for a minute', async () => {
    const invoke = invokerOf({ selfCheck: true, namespace: 'shop', schema: 'v1' });
    // All is well until the read, after which nothing is deleted.
    for (const node of cluster.nodes)
      node.faults.set({ kind: 'replace', skip: 2, reply: 'SERVER_ERROR busy\r\n' });
    const report = await reportOf(invoke);
    expect(report.namespace).toBe('shop');
    for (const [i, node] of cluster.nodes.entries()) {
      expect(report.nodes[i]).toMatchObject({
        reachable: true,
        writeReadDelete: expect.stringContaining('busy'),
      });
      expect(node.items()).toEqual([
        expect.objectContaining({
          key: expect.stringMatching(/^check-abc:self-check:[\d.e-]+$/),
          ttlSeconds: 60,
        }),
      ]);
    }
  });

  it('says of a node that hangs that it is not reached, within the invocation’s time, and of the others that they are', async () => {
    const invoke = invokerOf({ selfCheck: true, operationTimeoutMillis: 60 });
    const [first, ...others] = cluster.nodes;
    first!.faults.set({ kind: 'hang' });
    const startedAt = performance.now();
    const { nodes } = await reportOf(invoke, 1_000);
    expect(performance.now() - startedAt).toBeLessThan(1_000);
    expect(nodes.find(({ name }) => name === first!.name)).toMatchObject({
      reachable: false,
      roundTripMillis: null,
      writeReadDelete: expect.stringContaining('within'),
    });
    expect(nodes.filter(({ reachable }) => reachable).map(({ name }) => name)).toEqual(
      others.map(({ name }) => name),
    );
  });

  it('says of a node that has no room that it is reached, and what failed', async () => {
    const invoke = invokerOf({ selfCheck: true });
    cluster.nodes[0]!.faults.set({ kind: 'out-of-memory' });
    const { nodes } = await reportOf(invoke);
    expect(nodes[0]).toMatchObject({ reachable: true, writeReadDelete: expect.stringContaining('refused') });
    expect(nodes[1]).toMatchObject({ writeReadDelete: 'ok' });
  });

  it('says of a node that gives back something else that it is not well', async () => {
    const invoke = invokerOf({ selfCheck: true });
    // Past the reply's head, in the middle of the value.
    cluster.nodes[2]!.faults.set({ kind: 'garble', skip: 2, times: 1, at: 22, bytes: '#' });
    const { nodes } = await reportOf(invoke);
    expect(nodes[2]).toMatchObject({ reachable: true, writeReadDelete: 'another value was read' });
    expect(nodes[1]).toMatchObject({ writeReadDelete: 'ok' });
  });

  it('says why there are no nodes', async () => {
    cluster.configNode.faults.set({ kind: 'hang' });
    const invoke = invokerOf({ selfCheck: true, connectTimeoutMillis: 60 });
    const report = await reportOf(invoke);
    expect(report).toMatchObject({ topology: null, ringFingerprint: null, nodes: [] });
    expect(report.problem).toEqual(expect.stringMatching(/\w/));
  });

  it('tells of weights, and of a cache that is switched off', async () => {
    const nodes = cluster.names.map((name, i) => ({ ...nodeOf(name), weight: i + 1 }));
    const weighted = await reportOf(invokerOf({ selfCheck: true, discovery: { nodes } }));
    expect(weighted.weights).toEqual(
      Object.fromEntries(cluster.names.slice(1).map((name, i) => [name, i + 2])),
    );
    expect(await reportOf(invokerOf({ selfCheck: true, disabled: true }))).toMatchObject({
      disabled: true,
      topology: null,
      nodes: [],
    });
  });

  it('cleans up behind Powertools before it answers early', async () => {
    const cleaned: string[] = [];
    const powertools = {
      before: (request: { internal: Record<string, unknown> }) => {
        for (const name of ['metrics', 'tracer'])
          request.internal[`powertools-for-aws.${name}`] = async () => void cleaned.push(name);
      },
    };
    await reportOf(invokerOf({ selfCheck: true }, undefined, [powertools]));
    expect(cleaned).toEqual(['tracer', 'metrics']);
  });

  it('runs the handler over the namespace of the check: production’s items are neither read nor written', async () => {
    const invoke = invokerOf(
      { selfCheck: true, namespace: 'shop', schema: 'v1', invalidates: ['v0'] },
      async (_event, { cache }) => {
        used.push(cache);
        const found = await cache.get('k');
        await cache.set('k', 'new', TTL);
        await cache.delete('gone');
        return { found };
      },
    );
    const check = { namespace: 'check-abc' };
    expect(await invoke({}, lambdaContext())).toEqual({ found: undefined });
    // What a delete of production's would reach, and one of the check's must not.
    const former = createCache({ discovery: { nodes: cluster.names }, namespace: 'shop', schema: 'v0' });
    used.push(former);
    await former.set('gone', 'kept', TTL);
    // No cache may be given such a namespace.
    const ofCheck = 'check-abc:v0:gone';
    const owner = buildRing(cluster.nodes).owner(ofCheck);
    await exchange(owner, [`set ${ofCheck} 0 60 7\r\ndeleted\r\n`]);
    expect(await invoke({ path: '/', 'smearcache:check': check }, lambdaContext())).toEqual({
      found: undefined,
      'smearcache:check': expect.objectContaining({ hits: 0, misses: 1, undecodable: 0 }),
    });
    expect(await invoke({ 'smearcache:check': check }, lambdaContext())).toMatchObject({ found: 'new' });
    expect(itemsOf(cluster)).toEqual(['check-abc:v1:k', 'shop:v0:gone', 'shop:v1:k']);
  });

  it.each([
    ['without a namespace', { report: true }],
    ['of another kind', 'check-abc'],
    ['of a namespace that may be in use', { report: true, namespace: 'shop' }],
    ['of what is no part of a key', { namespace: 'check-a:b' }],
  ])('ignores a check %s, with a warning', async (_words, check) => {
    // A busy machine is no fault of the cache.
    const patient = { connectTimeoutMillis: 5_000, operationTimeoutMillis: 5_000 };
    const invoke = invokerOf({ selfCheck: true, schema: 'v1', ...patient }, async (_event, { cache }) => {
      used.push(cache);
      await cache.set('k', 'new', TTL);
      return 'handled';
    });
    expect(await invoke({ 'smearcache:check': check }, lambdaContext())).toBe('handled');
    expect(itemsOf(cluster)).toEqual(['v1:k']);
    expect(logger.warn).toHaveBeenCalledWith(expect.stringContaining('starts with check-'));
  });

  it('is off by default, and the field is like any other', async () => {
    const handler = vi.fn((event: unknown) => event);
    expect(await invokerOf({}, handler)(REPORT, lambdaContext())).toEqual(REPORT);
    expect(handler).toHaveBeenCalledOnce();
    expect(logger.warn).not.toHaveBeenCalled();
  });

  it('publishes each invocation’s counts under its version, and none of a check', async () => {
    const metrics = new Metrics({ namespace: 'shop', serviceName: 'items' });
    const lines: string[] = [];
    // Where Powertools writes to outside of Lambda.
    const log = vi.spyOn(console, 'log').mockImplementation((line: string) => void lines.push(line));
    vi.stubEnv('POWERTOOLS_DEV', 'true');
    vi.stubEnv('POWERTOOLS_METRICS_DISABLED', 'false');
    try {
      const invoke = invokerOf({ selfCheck: true, schema: 'v1', metrics }, async (_event, { cache }) => {
        used.push(cache);
        await cache.wrap('k', () => 'value', TTL);
        await cache.get('k');
        return 'handled';
      });
      await invoke({ 'smearcache:check': { namespace: 'check-a' } }, lambdaContext());
      expect(lines).toEqual([]);
      await invoke({}, lambdaContext());
      const emf = lines.map((line) => JSON.parse(line));
      expect(emf.map(({ _aws, ...values }) => values)).toEqual([
        { service: 'items', function_version: '7', CacheHits: 1 },
        { service: 'items', function_version: '7', CacheMisses: 1 },
        { service: 'items', function_version: '7', OriginLoads: 1 },
      ]);
      expect(emf[0]._aws.CloudWatchMetrics).toEqual([
        {
          Namespace: 'shop',
          Dimensions: [['service', 'function_version']],
          Metrics: [{ Name: 'CacheHits', Unit: 'Count' }],
        },
      ]);
      expect(metrics.hasStoredMetrics()).toBe(false);
    } finally {
      log.mockRestore();
      vi.unstubAllEnvs();
    }
  });

  it('publishes what a handler that throws came to, once', async () => {
    const addMetric = vi.fn();
    const metrics = { addMetric, addDimension: vi.fn() };
    const invoke = invokerOf({ metrics }, async (_event, { cache }) => {
      used.push(cache);
      await cache.get('k');
      throw new Error('handler');
    });
    await expect(invoke({}, lambdaContext())).rejects.toThrow('handler');
    expect(addMetric.mock.calls).toEqual([['CacheMisses', 'Count', 1]]);
    expect(metrics.addDimension).toHaveBeenCalledWith('function_version', '7');
  });

  it('publishes to a tracer, too, and lets no failure of either reach the handler', async () => {
    const tracer = { putMetadata: vi.fn() };
    const traced = invokerOf({ tracer }, async (_event, { cache }) => void used.push(cache));
    await traced({}, lambdaContext());
    expect(tracer.putMetadata).toHaveBeenCalledWith(
      'counts',
      expect.objectContaining({ hits: 0 }),
      'smearcache',
    );
    tracer.putMetadata.mockImplementation(() => {
      throw new Error('no segment');
    });
    await expect(traced({}, lambdaContext())).resolves.toBeUndefined();
    expect(logger.warn).toHaveBeenCalledWith('cache figures could not be published', { error: 'no segment' });
  });
});

const nodeOf = (name: string): { host: string; port: number } => {
  const [host = '', port] = name.split(':');
  return { host, port: Number(port) };
};
