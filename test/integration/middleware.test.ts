import { Logger } from '@aws-lambda-powertools/logger';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import middy7 from '@middy/core';
import type { Context } from 'aws-lambda';
import middy6 from 'middy6';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Cache } from '../../src/client/cache.ts';
import { type SmearCacheOptions, smearCache, smearCacheValidateOptions } from '../../src/smear-cache.ts';
import { type ConfigEndpoint, startConfigEndpoint } from '../support/config-endpoint.ts';
import { startFakeElastiCache } from '../support/fake-elasticache.ts';
import { startFaultyPeer } from '../support/faulty-peer.ts';
import {
  freePort,
  type MemcachedCluster,
  memcachedAvailable,
  startMemcached,
  startMemcachedCluster,
} from '../support/memcached.ts';

const TTL = { ttlSeconds: 60 };

/** What Lambda gives a handler, with so much time left. */
function lambdaContext(remainingMillis = 10_000): Context {
  const endsAt = performance.now() + remainingMillis;
  return {
    awsRequestId: 'request-1',
    functionName: 'GetItem',
    functionVersion: '$LATEST',
    invokedFunctionArn: 'arn:aws:lambda:eu-west-1:123456789012:function:GetItem',
    memoryLimitInMB: '256',
    logGroupName: 'group',
    logStreamName: 'stream',
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => endsAt - performance.now(),
    done: () => {},
    fail: () => {},
    succeed: () => {},
  };
}

type Handler = (event: unknown, context: Context & { cache: Cache }) => unknown;
type Invoke = (event: unknown, context: Context) => Promise<unknown>;
/** The part of both majors that is used here. */
type Middy = () => { use(middleware: unknown): { handler(handler: unknown): unknown } };

const MAJORS: [string, Middy][] = [
  ['Middy 7', middy7 as unknown as Middy],
  ['Middy 6', middy6 as unknown as Middy],
];

/** A handler behind middlewares, as Lambda calls it. */
function wrapped(middy: Middy, middlewares: readonly unknown[], handler: Handler): Invoke {
  return middy().use(middlewares).handler(handler) as Invoke;
}

const deadline = (millis: number): Promise<string> =>
  new Promise((resolve) => setTimeout(resolve, millis, `nothing within ${millis} ms`).unref());

let schemas = 0;
/** An option set of its own, so that no client of another test is met. */
const freshSchema = (): string => `middleware-${++schemas}`;

describe.skipIf(!memcachedAvailable).each(MAJORS)('smearCache under %s (needs memcached)', (_name, middy) => {
  let nodes: MemcachedCluster;
  let endpoint: ConfigEndpoint;
  const used: Cache[] = [];

  beforeAll(async () => {
    nodes = await startMemcachedCluster(4);
    endpoint = await startConfigEndpoint(nodes.names);
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await Promise.all(used.splice(0).map((cache) => cache.close()));
  });
  afterAll(async () => {
    await endpoint?.close();
    await nodes?.close();
  });

  const options = (more: SmearCacheOptions = {}): SmearCacheOptions => ({
    discovery: { configurationEndpoint: endpoint.name },
    schema: freshSchema(),
    ...more,
  });
  const counted: Handler = async (_event, { cache }) => {
    used.push(cache);
    const before = (await cache.get<number>('n')) ?? 0;
    await cache.set('n', before + 1, TTL);
    return before;
  };

  it('gives the handler a cache that works from the first invocation on', async () => {
    const invoke = wrapped(middy, [smearCache(options())], counted);
    expect(await invoke({}, lambdaContext())).toBe(0);
    expect(await invoke({}, lambdaContext())).toBe(1);
  });

  it('gives it under another name, and to other middlewares on `request.internal`', async () => {
    let internal: unknown;
    const spy = {
      before: (request: { internal: Record<string, unknown> }) => {
        internal = request.internal.mine;
      },
    };
    const invoke = wrapped(
      middy,
      [smearCache(options({ contextKey: 'mc', internalKey: 'mine' })), spy],
      async (_event, context) => {
        const { mc, cache } = context as unknown as { mc: Cache; cache: unknown };
        used.push(mc);
        expect(internal).toBe(mc);
        expect(cache).toBeUndefined();
        return mc.get('k');
      },
    );
    expect(await invoke({}, lambdaContext())).toBeUndefined();
    expect(internal).toBeDefined();
  });

  it('finds the nodes while the environment starts, before the first invocation', async () => {
    const before = endpoint.asked;
    const invoke = wrapped(middy, [smearCache(options())], counted);
    await expect.poll(() => endpoint.asked, { interval: 1 }).toBe(before + 1);
    await invoke({}, lambdaContext());
    expect(endpoint.asked).toBe(before + 1);
  });

  it('asks nothing before the first invocation where prefetching is off', async () => {
    const before = endpoint.asked;
    const invoke = wrapped(middy, [smearCache(options({ disablePrefetch: true }))], counted);
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(endpoint.asked).toBe(before);
    await invoke({}, lambdaContext());
    expect(endpoint.asked).toBe(before + 1);
  });

  it('shares one client among handlers with equal options, and none among others', async () => {
    const schema = freshSchema();
    const before = endpoint.asked;
    const equal = [0, 1, 2].map(() => wrapped(middy, [smearCache(options({ schema }))], counted));
    const other = wrapped(middy, [smearCache(options({ schema, operationTimeoutMillis: 99 }))], counted);
    for (const invoke of [...equal, other]) await invoke({}, lambdaContext());
    expect(endpoint.asked).toBe(before + 2);
  });

  it('shares no state among invocations that run at the same time', async () => {
    const caches: Cache[] = [];
    const invoke = wrapped(middy, [smearCache(options())], async (event, { cache }) => {
      caches.push(cache);
      used.push(cache);
      const { id } = event as { id: number };
      await cache.set(`k${id}`, id, TTL);
      await new Promise((resolve) => setImmediate(resolve));
      return cache.get(`k${id}`);
    });
    const ids = Array.from({ length: 10 }, (_, id) => id);
    expect(await Promise.all(ids.map((id) => invoke({ id }, lambdaContext())))).toEqual(ids);
    expect(new Set(caches).size).toBe(10);
  });

  it('is bounded in each invocation by that invocation’s own time', async () => {
    const invoke = wrapped(middy, [smearCache(options())], async (event, { cache }) => {
      used.push(cache);
      if ((event as { first: boolean }).first) await cache.set('k', 'v', TTL);
      return (await cache.read('k')).kind;
    });
    await invoke({ first: true }, lambdaContext());
    const [short, long] = await Promise.all([
      invoke({}, lambdaContext(20)),
      invoke({}, lambdaContext(10_000)),
    ]);
    expect(['unavailable', 'hit']).toContain(short);
    expect(long).toBe('hit');
  });

  it('waits in `before` no longer than the connect time-out, and the handler goes on', async () => {
    await using silent = await startConfigEndpoint([]);
    silent.behave('silent');
    const invoke = wrapped(
      middy,
      [smearCache(options({ discovery: { configurationEndpoint: silent.name }, connectTimeoutMillis: 80 }))],
      async (_event, { cache }) => {
        used.push(cache);
        return cache.wrap('k', () => 'loaded', TTL);
      },
    );
    const start = performance.now();
    expect(await invoke({}, lambdaContext())).toBe('loaded');
    expect(performance.now() - start).toBeLessThan(500);
  });

  it('waits in `before` no longer than the invocation has time', async () => {
    await using silent = await startConfigEndpoint([]);
    silent.behave('silent');
    let start!: (remainingMillis: number) => void;
    const started = new Promise<number>((resolve) => {
      start = resolve;
    });
    const discovery = { configurationEndpoint: silent.name };
    const invoke = wrapped(
      middy,
      [smearCache(options({ discovery, connectTimeoutMillis: 5_000 }))],
      async (_event, context) => {
        used.push(context.cache);
        start(context.getRemainingTimeInMillis());
      },
    );
    const invocation = invoke({}, lambdaContext(200));
    expect(await Promise.race([started, deadline(2_000)])).toBeGreaterThan(0);
    await silent.close();
    await invocation;
  });

  it('settles within the invocation’s time, whatever runs beside it', async () => {
    await using silent = await startConfigEndpoint([]);
    silent.behave('silent');
    const invoke = wrapped(
      middy,
      [
        smearCache(
          options({ discovery: { configurationEndpoint: silent.name }, connectTimeoutMillis: 3_000 }),
        ),
      ],
      async (_event, { cache }) => {
        used.push(cache);
        return 'answered';
      },
    );
    const start = performance.now();
    expect(await Promise.race([invoke({}, lambdaContext(400)), deadline(2_000)])).toBe('answered');
    expect(performance.now() - start).toBeLessThan(400);
  });

  it('is not held up by an ElastiCache API that never answers', async () => {
    await using api = await startFakeElastiCache({ clusters: {}, silent: true });
    const invoke = wrapped(
      middy,
      [
        smearCache(
          options({
            discovery: { clusterId: 'shop' },
            awsClientOptions: api.clientOptions,
            connectTimeoutMillis: 100,
          }),
        ),
      ],
      async (_event, { cache }) => cache.wrap('k', () => 'loaded', TTL),
    );
    expect(await Promise.race([invoke({}, lambdaContext(1_500)), deadline(1_500)])).toBe('loaded');
  });

  it('tries again in a later invocation where the first connect failed', async () => {
    const port = await freePort();
    let ahead = 0;
    const now = Date.now.bind(Date);
    const clock = vi.spyOn(Date, 'now').mockImplementation(() => now() + ahead);
    try {
      const invoke = wrapped(
        middy,
        [smearCache(options({ discovery: { configurationEndpoint: `127.0.0.1:${port}` } }))],
        async (_event, { cache }) => {
          used.push(cache);
          return (await cache.read('k')).kind;
        },
      );
      expect(await invoke({}, lambdaContext())).toBe('unavailable');
      await using late = await startConfigEndpoint(nodes.names, port);
      ahead += 1_001;
      expect(await invoke({}, lambdaContext())).toBe('miss');
      expect(late.asked).toBe(1);
    } finally {
      clock.mockRestore();
    }
  });

  it.each(['returns', 'throws'])('settles what the handler did not wait for when it %s', async (how) => {
    await using node = await startMemcached();
    await using slow = await startFaultyPeer(node);
    const settled: string[] = [];
    const invoke = wrapped(
      middy,
      [smearCache(options({ discovery: { nodes: [slow.name] } }))],
      async (_event, { cache }) => {
        used.push(cache);
        await cache.get('warm');
        void cache.set('k', 'v', TTL).then(({ kind }) => settled.push(kind));
        if (how === 'throws') throw new Error('handler');
        return 'answered';
      },
    );
    const outcome = await invoke({}, lambdaContext()).catch((error: Error) => error.message);
    expect(outcome).toBe(how === 'throws' ? 'handler' : 'answered');
    // Nothing may be under way when the environment freezes.
    expect(settled).toEqual(['stored']);
  });

  it('hands on what the handler throws', async () => {
    const fault = new Error('handler');
    const invoke = wrapped(middy, [smearCache(options())], async (_event, { cache }) => {
      used.push(cache);
      throw fault;
    });
    await expect(invoke({}, lambdaContext())).rejects.toBe(fault);
  });

  it('works behind Powertools, which replaces `request.internal`', async () => {
    const logger = new Logger({ serviceName: 'test', logLevel: 'SILENT' });
    let internal: Record<string, unknown> = {};
    const last = {
      before: (request: { internal: Record<string, unknown> }) => {
        internal = request.internal;
      },
    };
    const invoke = wrapped(
      middy,
      [injectLambdaContext(logger), smearCache(options({ logger })), last],
      async (_event, { cache }) => {
        used.push(cache);
        await cache.set('k', 'v', TTL);
        return cache.get('k');
      },
    );
    expect(await invoke({}, lambdaContext())).toBe('v');
    expect(Object.keys(internal)).toEqual(expect.arrayContaining(['smearcache']));
  });

  it('works before Powertools, too', async () => {
    const logger = new Logger({ serviceName: 'test', logLevel: 'SILENT' });
    const invoke = wrapped(middy, [smearCache(options()), injectLambdaContext(logger)], counted);
    expect(await invoke({}, lambdaContext())).toBe(0);
    expect(await invoke({}, lambdaContext())).toBe(1);
  });

  it('lets another middleware answer early, before it or after it', async () => {
    const early = (event: unknown) => ({
      before: () => ((event as { early: boolean }) ? 'early' : undefined),
    });
    const handler = vi.fn();
    const one = wrapped(middy, [early({ early: true }), smearCache(options())], handler);
    const other = wrapped(middy, [smearCache(options()), early({ early: true })], handler);
    expect(await one({}, lambdaContext())).toBe('early');
    expect(await other({}, lambdaContext())).toBe('early');
    expect(handler).not.toHaveBeenCalled();
  });

  it('serves after a thaw, when the nodes have closed its sockets meanwhile', async () => {
    await using node = await startMemcached();
    await using between = await startFaultyPeer(node);
    const invoke = wrapped(
      middy,
      [smearCache(options({ discovery: { nodes: [between.name] } }))],
      async (_event, { cache }) => {
        used.push(cache);
        await cache.set('k', 'v', TTL);
        return (await cache.read('k')).kind;
      },
    );
    expect(await invoke({}, lambdaContext())).toBe('hit');
    for (const how of ['fin', 'rst'] as const) {
      between.drop(how);
      expect(await invoke({}, lambdaContext())).toBe('hit');
    }
  });

  it('serves after a thaw of minutes, when the peer is gone without a word', async () => {
    await using node = await startMemcached();
    await using between = await startFaultyPeer(node);
    let ahead = 0;
    const now = Date.now.bind(Date);
    const clock = vi.spyOn(Date, 'now').mockImplementation(() => now() + ahead);
    try {
      const invoke = wrapped(
        middy,
        [smearCache(options({ discovery: { nodes: [between.name] } }))],
        async (_event, { cache }) => {
          used.push(cache);
          return (await cache.read('k')).kind;
        },
      );
      expect(await invoke({}, lambdaContext())).toBe('miss');
      const stale = between.sockets.at(-1)!;
      stale.removeAllListeners('data');
      ahead += 5 * 60_000;
      expect(await invoke({}, lambdaContext())).toBe('miss');
      expect(between.sockets.at(-1)).not.toBe(stale);
    } finally {
      clock.mockRestore();
    }
  });

  it('leaves no timer ticking between invocations', async () => {
    const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const invoke = wrapped(middy, [smearCache(options())], counted);
    await invoke({}, lambdaContext());
    const before = timers();
    const armed = vi.spyOn(globalThis, 'setTimeout');
    const cleared = vi.spyOn(globalThis, 'clearTimeout');
    try {
      await invoke({}, lambdaContext());
      const ours = armed.mock.results
        .map(({ value }) => value as NodeJS.Timeout)
        .filter((timer) => !cleared.mock.calls.some(([id]) => id === timer));
      // What was not cleared has fired or has no more time to go than Middy gave it.
      expect(ours.filter((timer) => timer.hasRef?.())).toEqual([]);
      expect(timers()).toBeLessThanOrEqual(before);
    } finally {
      armed.mockRestore();
      cleared.mockRestore();
    }
  });

  it('is a pass-through where it is switched off', async () => {
    vi.stubEnv('SMEARCACHE_DISABLED', 'true');
    const invoke = wrapped(middy, [smearCache({ schema: freshSchema() })], async (_event, { cache }) => {
      await cache.set('k', 'v', TTL);
      return [(await cache.read('k')).kind, await cache.wrap('k', () => 'loaded', TTL)];
    });
    expect(await invoke({}, lambdaContext())).toEqual(['miss', 'loaded']);
  });
});

describe('smearCache', () => {
  it('refuses wrong options when it is made, all in one TypeError', () => {
    const wrong = { contextKey: '', internalKey: 5, disablePrefetch: 'no', schema: 'a:b', nodes: [] };
    const make = (): unknown => smearCache(wrong as unknown as SmearCacheOptions);
    expect(make).toThrow(TypeError);
    for (const part of [
      'contextKey must be a name',
      'internalKey must be a name',
      'disablePrefetch must be true or false',
      'schema must be',
      'nodes is not an option',
      'discovery must name the cluster',
    ]) {
      expect(make).toThrow(part);
    }
  });

  it('has a check of its options that makes nothing', () => {
    expect(() =>
      smearCacheValidateOptions({ discovery: { nodes: ['a:1'] }, contextKey: 'mc' }),
    ).not.toThrow();
    expect(() => smearCacheValidateOptions({})).toThrow(/discovery must name the cluster/);
  });

  it('has hooks that say whose they are', () => {
    const { before, after, onError } = smearCache({ disabled: true });
    expect([before?.name, after?.name, onError?.name]).toEqual([
      'smearCacheMiddlewareBefore',
      'smearCacheMiddlewareAfter',
      'smearCacheMiddlewareOnError',
    ]);
  });

  it('takes undefined for its own options as not given', () => {
    const options = {
      disabled: true,
      contextKey: undefined,
      internalKey: undefined,
      disablePrefetch: undefined,
    };
    expect(() => smearCache(options)).not.toThrow();
  });
});
