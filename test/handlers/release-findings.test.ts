import { CodeDeployClient } from '@aws-sdk/client-codedeploy';
import { LambdaClient } from '@aws-sdk/client-lambda';
import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import type { CheckEvent } from '../../handlers/hooks/check-events.ts';
import { preTraffic } from '../../handlers/hooks/pre-traffic.ts';
import type { Cache } from '../../src/client/cache.ts';
import type { CacheLogger } from '../../src/client/options.ts';
import { type SmearCacheOptions, smearCache } from '../../src/smear-cache.ts';
import { startCluster, type TestCluster } from '../../src/testing/index.ts';
import { FakeAws, type FakeFunction } from '../support/fake-aws.ts';
import { quietLogger } from '../support/quiet-logger.ts';

const ARN = 'arn:aws:lambda:eu-west-1:123456789012:function:shop-GetItemFunction-1A2B';
const LIVE = `${ARN}:live`;
const NEXT = `${ARN}:8`;
const GET: CheckEvent = { name: 'an item', event: { httpMethod: 'GET', path: '/items/7' } };
const HOOK = { DeploymentId: 'd-ABC', LifecycleEventHookExecutionId: 'execution-1' };
const TTL = { ttlSeconds: 60 };

type Caches = { readonly cache: Cache; readonly others: Cache };
type Answering = (caches: Caches) => unknown;

describe('what the pre-traffic hook finds', () => {
  let aws: FakeAws;
  let cluster: TestCluster;
  const used: Cache[] = [];
  const pauses: number[] = [];
  const logger = { info: vi.fn(), warn: vi.fn(), error: vi.fn() };
  // Equal options share a client, and another test's cluster may have had this one's port.
  let quiet: CacheLogger;

  beforeEach(async () => {
    [aws, cluster] = await Promise.all([FakeAws.start(), startCluster({ nodes: 3 })]);
    quiet = { ...quietLogger };
    for (const log of Object.values(logger)) log.mockClear();
    pauses.length = 0;
  });
  afterEach(async () => {
    await Promise.all(used.splice(0).map((cache) => cache.close()));
    await Promise.all([aws.close(), cluster.close()]);
  });

  /** A version of the code with one cache or several. A busy machine is no fault of theirs. */
  function version(answer: Answering, ...options: SmearCacheOptions[]): FakeFunction {
    const caches = (options.length > 0 ? options : [{}]).map((given) =>
      smearCache({
        discovery: { configurationEndpoint: cluster.configEndpoint },
        schema: 'item-v1',
        selfCheck: true,
        logger: quiet,
        connectTimeoutMillis: 5_000,
        operationTimeoutMillis: 5_000,
        ...given,
      }),
    );
    const handler = middy()
      .use(caches)
      .handler(async (_event, context) => {
        const given = context as unknown as Caches;
        used.push(given.cache, ...(given.others ? [given.others] : []));
        return answer(given);
      });
    const context = { functionVersion: '8', getRemainingTimeInMillis: () => 20_000 } as Context;
    return (event) =>
      (handler as unknown as (event: unknown, context: Context) => unknown)(event, { ...context });
  }

  /** Reads an item under a key, and answers with it. */
  const reading =
    (key: string, item: unknown = { id: '7' }): Answering =>
    async ({ cache }) => ({ statusCode: 200, body: JSON.stringify(await cache.wrap(key, () => item, TTL)) });

  /** What a version tells of itself is real; events it answers as it is told. */
  function answering(answer: FakeFunction): FakeFunction {
    const real = version(reading('item:7'));
    return (event) => ((event['smearcache:check'] as { report?: true }).report ? real(event) : answer(event));
  }

  async function hook(environment: Record<string, string> = {}): Promise<[status: string, found: string[]]> {
    logger.warn.mockClear();
    const status = await preTraffic({
      lambda: new LambdaClient(aws.clientOptions),
      codeDeploy: new CodeDeployClient(aws.clientOptions),
      logger,
      events: [GET],
      environment: { NewVersion: NEXT, ...environment },
      retryMillis: 100,
      sleep: async (millis) => void pauses.push(millis),
    })(HOOK, { getRemainingTimeInMillis: () => 60_000 });
    return [status, logger.warn.mock.calls.map(([sentence]) => sentence as string)];
  }
  const set = (live: FakeFunction, next: FakeFunction) => {
    aws.functions.set(LIVE, live);
    aws.functions.set(NEXT, next);
  };
  const notes = () => logger.info.mock.calls.map(([sentence]) => sentence as string);

  describe('in a replay', () => {
    it('refuses a version that reads other keys under the same schema, in both orders', async () => {
      set(version(reading('item:7')), version(reading('items/7')));
      expect(await hook()).toEqual([
        'Failed',
        [
          expect.stringMatching(
            /^the new version reads other keys than the live version writes for "an item"/,
          ),
          expect.stringMatching(
            /^the live version reads other keys than the new version writes for "an item"/,
          ),
        ],
      ]);
    });

    it('lets other keys pass under another schema', async () => {
      set(
        version(reading('item:7'), { invalidates: ['item-v2'] }),
        version(reading('items/7'), { schema: 'item-v2', invalidates: ['item-v1'] }),
      );
      expect(await hook()).toEqual(['Succeeded', []]);
    });

    it('warns where some of the keys are others', async () => {
      const both =
        (second: string): Answering =>
        async ({ cache }) => {
          await cache.wrap('a', () => 1, TTL);
          await cache.wrap(second, () => 2, TTL);
          return { statusCode: 200 };
        };
      set(version(both('b')), version(both('c')));
      const [status, found] = await hook();
      expect(status).toBe('Succeeded');
      expect(found[0]).toMatch(
        /^the new version finds 1 of the 2 items that the live version finds for "an item"/,
      );
    });

    it('looks again where an item went between the two versions', async () => {
      let wipes = 1;
      const real = version(reading('item:7'));
      set(version(reading('item:7')), (event) => {
        const isReport = (event['smearcache:check'] as { report?: true }).report;
        if (!isReport && wipes-- > 0) for (const node of cluster.nodes) node.flush();
        return real(event);
      });
      expect(await hook()).toEqual(['Succeeded', []]);
    });

    it.each<[string, Answering, RegExp]>([
      [
        'finds nothing to keep',
        async ({ cache }) => {
          await cache.get('item:7');
          return { statusCode: 404 };
        },
        /^"an item" proves nothing \(the live version does not find what it read a moment ago/,
      ],
      ['reads nothing', async () => ({ statusCode: 200 }), /^"an item" proves nothing \(nothing was read/],
      [
        'answers text',
        async ({ cache }) => cache.wrap('item:7', () => 'text', TTL),
        /^"an item" proves nothing \(the answer of the live version is no object with the counts/,
      ],
      [
        'answers nothing',
        async ({ cache }) => {
          await cache.wrap('item:7', () => 'text', TTL);
          return null;
        },
        /^"an item" proves nothing \(the answer of the live version is no object/,
      ],
    ])('says that an event proves nothing where it %s', async (_words, answer, sentence) => {
      set(version(answer), version(answer));
      const [status, found] = await hook();
      expect(status).toBe('Succeeded');
      expect(found[0]).toMatch(sentence);
      expect(found.every((one) => one.startsWith('"an item" proves nothing'))).toBe(true);
    });

    const counts = { hits: 0, misses: 1, unavailable: 0, originLoads: 1, errors: 0, undecodable: 0 };

    it('asks a writer again whose cache did not answer, and says so where it still does not', async () => {
      const silent = { statusCode: 200, 'smearcache:check': { ...counts, unavailable: 1, errors: 2 } };
      let left = 1;
      const real = version(reading('item:7'));
      set(
        answering((event) => (left-- > 0 ? silent : real(event))),
        version(reading('item:7')),
      );
      expect(await hook()).toEqual(['Succeeded', []]);
      left = Number.POSITIVE_INFINITY;
      const [status, found] = await hook();
      expect(status).toBe('Succeeded');
      expect(found).toContainEqual(
        expect.stringMatching(/^2 reads and writes of the live version for "an item" were .*proves nothing/),
      );
      set(
        version(reading('item:7')),
        answering(() => silent),
      );
      expect((await hook())[0]).toBe('Failed');
    });

    it('takes a status as text for one', async () => {
      set(
        version(reading('item:7')),
        answering(() => ({ statusCode: '500' })),
      );
      const [status, found] = await hook();
      expect(status).toBe('Failed');
      expect(found[0]).toMatch(/^the new version fails on what the live version wrote .*\(it answered 500\)/);
    });

    it('warns of a body of another shape, once', async () => {
      const rendering =
        (render: (item: { id: string }) => unknown): Answering =>
        async ({ cache }) => {
          const item = await cache.wrap('item:7', () => ({ id: '7' }), TTL);
          return { statusCode: 200, body: JSON.stringify(render(item)) };
        };
      set(
        version(rendering(({ id }) => ({ id, tags: [{ name: 'a' }], price: 5 }))),
        version(rendering(({ id }) => ({ tags: [{ name: 1 }], price: '5', id, more: true }))),
      );
      expect(await hook()).toEqual([
        'Succeeded',
        [
          'the new version answers "an item" in another shape than the live version (body.tags[0].name is a number, ' +
            'was text; body.price is text, was a number): be sure that its callers bear that',
        ],
      ]);
    });

    it('says which keys of the body are missing', async () => {
      const real = version(reading('item:7', { id: '7', name: 'x' }));
      set(version(reading('item:7', { id: '7', name: 'x' })), async (event) => {
        const answer = (await real(event)) as object;
        return 'body' in answer ? { ...answer, body: '{"id":"7"}' } : answer;
      });
      expect(await hook()).toEqual(['Succeeded', [expect.stringMatching(/\(body\.name is missing\)/)]]);
    });

    it('refuses a shape that the live version would hand on unseen', async () => {
      set(
        version(reading('item:7', { id: '7', name: 'x' })),
        version(reading('item:7', { id: '7', title: 'x' })),
      );
      expect(await hook()).toEqual([
        'Failed',
        [
          'the new version answers "an item" by the items of the live version otherwise than by its own (body.title is ' +
            "missing): be sure that its callers bear that until those items' time is over, or give it a schema of its own",
          'the live version answers "an item" by the items of the new version otherwise than by its own (body.name is ' +
            'missing): give the new version a schema of its own',
        ],
      ]);
    });

    it('refuses items that the live version turns its callers away for', async () => {
      const looking =
        (item: object): Answering =>
        async ({ cache }) => ({
          statusCode: 'name' in (await cache.wrap<object>('item:7', () => item, TTL)) ? 200 : 410,
        });
      set(
        version(looking({ name: 'x' })),
        version(async ({ cache }) => {
          await cache.wrap('item:7', () => ({ title: 'x' }), TTL);
          return { statusCode: 200 };
        }),
      );
      const [status, found] = await hook();
      expect(status).toBe('Failed');
      expect(found).toContainEqual(
        expect.stringMatching(
          /^the live version .* \(the status is 410, was 200\): give the new version a schema/,
        ),
      );
    });

    it('lets a new field pass that the live version hands on', async () => {
      set(version(reading('item:7')), version(reading('item:7', { id: '7', stock: 3 })));
      expect(await hook()).toEqual([
        'Succeeded',
        [expect.stringMatching(/^the new version answers .* \(body\.stock is missing\): be sure that/)],
      ]);
    });

    it('lets an answer pass that tells what was loaded from what was found', async () => {
      const telling: Answering = async ({ cache }) => {
        const found = await cache.get<object>('item:7');
        await cache.set('item:7', { id: '7' }, TTL);
        return { statusCode: 200, body: JSON.stringify({ item: found ?? null }) };
      };
      set(version(telling), version(telling));
      const [status, found] = await hook();
      expect(status).toBe('Succeeded');
      expect(found.every((one) => /in another shape than the live version/.test(one))).toBe(true);
    });

    it('holds no item against a release that went for a moment', async () => {
      const real = version(reading('item:7'));
      let gone = 1;
      set(version(reading('item:7')), async (event) => {
        const answer = (await real(event)) as object;
        return 'body' in answer && gone-- > 0 ? { ...answer, statusCode: 404 } : answer;
      });
      expect(await hook()).toEqual(['Succeeded', []]);
    });

    it('lets a release pass that mends what the live version cannot read of its own', async () => {
      const validating =
        (validate: z.ZodType<{ at: Date }>): Answering =>
        async ({ cache }) => {
          await cache.wrap('item:7', () => ({ at: new Date(0) }), { ...TTL, validate });
          return { statusCode: 200 };
        };
      // A Date comes back as text.
      const broken = validating(z.object({ at: z.date() }));
      const mended = validating(z.object({ at: z.coerce.date() }));
      set(version(broken), version(mended));
      const [status, found] = await hook();
      expect(status).toBe('Succeeded');
      expect(found[0]).toMatch(/^the live version could not read .*, nor what it wrote itself: be sure/);
      set(version(mended), version(broken));
      expect((await hook())[0]).toBe('Failed');
    });

    it('lets a release pass that mends a live version which fails on its own items', async () => {
      const failing: Answering = async ({ cache }) => {
        const found = await cache.get('item:7');
        if (found !== undefined) throw new TypeError('not this');
        await cache.set('item:7', 'text', TTL);
        return { statusCode: 200 };
      };
      set(version(failing), version(reading('item:7')));
      const [status, found] = await hook();
      expect(status).toBe('Succeeded');
      expect(found).toContainEqual(
        expect.stringMatching(/^the live version fails on .*not this\), and on what it wrote itself/),
      );
      set(version(reading('item:7')), version(failing));
      expect((await hook())[0]).toBe('Failed');
    });

    it('lets a release pass that reaches nodes where the live version reached none', async () => {
      const lost = { discovery: { nodes: ['127.0.0.1:1'] }, connectTimeoutMillis: 100 };
      set(version(reading('item:7'), lost), version(reading('item:7')));
      const [status, found] = await hook();
      expect(status).toBe('Succeeded');
      expect(found).toEqual([
        expect.stringMatching(
          /^[\d.]+ % of the keys would move .* come from nodes that the live version cannot use/,
        ),
        // Of both orders, in the same words.
        expect.stringMatching(/of the live version for "an item" were answered by no node, twice/),
      ]);
      set(version(reading('item:7')), version(reading('item:7'), lost));
      expect((await hook())[0]).toBe('Failed');
    });

    it('has neither version meet the other where the namespace changes and the budget allows it', async () => {
      const next: Answering = async ({ cache }) => ({
        statusCode: 200,
        body: (await cache.wrap('item:7', () => ({ price: '5' }), TTL)).price.padStart(3),
      });
      const live: Answering = async ({ cache }) => ({
        statusCode: 200,
        body: (await cache.wrap('item:7', () => ({ price: 5 }), TTL)).price.toFixed(1),
      });
      const moved = { namespace: 'shop', smear: { placement: 'suffix' } } as const;
      set(version(live), version(next, moved));
      expect((await hook())[0]).toBe('Failed');
      expect(await hook({ MovedShareBudget: '1' })).toEqual([
        'Succeeded',
        [expect.stringMatching(/namespace changes/), expect.stringMatching(/placement changes/)],
      ]);
    });
  });

  describe('of a version that does not answer', () => {
    const isReport = (event: Record<string, unknown>) =>
      (event['smearcache:check'] as { report?: true }).report === true;

    /** Fails as often as it is told, of reports alone. */
    function failing(times: number, fail: () => unknown): FakeFunction {
      const real = version(reading('item:7'));
      let left = times;
      return (event) => (isReport(event) && left-- > 0 ? fail() : real(event));
    }
    const crash = () => {
      throw new Error('out of luck');
    };
    const answers500 = () => ({ statusCode: 500 });

    it.each([
      ['throws', crash],
      ['answers 500', answers500],
    ])('asks again where the live one %s, with longer pauses, and notes it', async (_words, fail) => {
      set(failing(2, fail), version(reading('item:7')));
      expect(await hook()).toEqual(['Succeeded', []]);
      expect(pauses).toEqual([100, 200]);
      expect(notes()).toContainEqual(
        expect.stringMatching(/^the live version was asked 3 times before it told what it is \(/),
      );
    });

    it('asks the new one again, too', async () => {
      set(version(reading('item:7')), failing(1, crash));
      expect((await hook())[0]).toBe('Succeeded');
      expect(notes()).toContainEqual(expect.stringMatching(/^the new version was asked 2 times/));
    });

    it('refuses where a live version with a self-check keeps failing, unless the budget is 1', async () => {
      set(failing(Number.POSITIVE_INFINITY, crash), version(reading('item:7')));
      aws.variables.set(LIVE, { SMEARCACHE_SELF_CHECK: 'true' });
      expect(await hook()).toEqual([
        'Failed',
        [
          expect.stringMatching(
            /^the live version failed when it was asked what it is \(Error: out of luck\), 4 times, .*budget of 1$/,
          ),
        ],
      ]);
      expect(pauses).toEqual([100, 200, 400]);
      const [status, found] = await hook({ MovedShareBudget: '1' });
      expect(status).toBe('Succeeded');
      expect(found[0]).toMatch(/^the live version gave no report, so it was compared by/);
    });

    it('takes a failing live version for one without a self-check where nothing says otherwise', async () => {
      set(failing(Number.POSITIVE_INFINITY, crash), version(reading('item:7')));
      expect(await hook()).toEqual([
        'Succeeded',
        [
          expect.stringMatching(
            /^the live version knows no self-check \(it failed, 4 times: Error: out of luck\), so it was compared/,
          ),
        ],
      ]);
    });

    it('takes a time-out for no answer', async () => {
      const late = () => {
        throw Object.assign(new Error('RequestId: 1 Error: Task timed out after 3.00 seconds'), {
          name: 'Sandbox.Timedout',
        });
      };
      set(failing(Number.POSITIVE_INFINITY, late), version(reading('item:7')));
      const [status, found] = await hook();
      expect(status).toBe('Failed');
      expect(found).toEqual([expect.stringMatching(/failed when it was asked .*timed out .*4 times/)]);
    });

    it('waits for a throttle to pass, of reports and of events', async () => {
      set(version(reading('item:7')), version(reading('item:7')));
      let left = 2;
      const throttle = (request: { functionName?: string; body: Record<string, unknown> }) => {
        if (request.functionName !== LIVE || left-- <= 0) return undefined;
        return {
          status: 429,
          headers: { 'x-amzn-errortype': 'TooManyRequestsException' },
          body: { message: 'Rate Exceeded.' },
        };
      };
      aws.intercept('Invoke', throttle);
      expect(await hook()).toEqual(['Succeeded', []]);
      expect(notes()).toContainEqual(
        expect.stringMatching(/^the live version was asked 3 times .*TooManyRequestsException/),
      );
      aws.intercept('Invoke', (request) => (isReport(request.body) ? undefined : throttle(request)));
      left = 2;
      expect(await hook()).toEqual(['Succeeded', []]);
    });
  });

  describe('of a live version by its variables', () => {
    it('reads those of the new one, too', async () => {
      const ofCluster = (name: string) => ({ SMEARCACHE_CONFIGURATION_ENDPOINT: name });
      set(version(reading('item:7'), { selfCheck: false }), version(reading('item:7')));
      aws.variables.set(LIVE, ofCluster('a.example:11211'));
      aws.variables.set(NEXT, ofCluster('a.example:11211'));
      expect((await hook())[0]).toBe('Succeeded');
      aws.variables.set(NEXT, ofCluster('b.example:11211'));
      const [status, found] = await hook();
      expect(status).toBe('Failed');
      expect(found[1]).toMatch(/^SMEARCACHE_CONFIGURATION_ENDPOINT changes from "a\.example:11211" to "b\./);
      expect(logger.info).toHaveBeenCalledWith(
        'the release is refused',
        expect.objectContaining({ movedShare: 1 }),
      );
      expect((await hook({ MovedShareBudget: '1' }))[0]).toBe('Succeeded');
    });
  });

  describe('of several caches on one handler', () => {
    const both: Answering = async ({ cache, others }) => {
      await cache.wrap('a', () => 1, TTL);
      await others.wrap('b', () => 2, TTL);
      return { statusCode: 200 };
    };
    const OTHERS = { contextKey: 'others', schema: 'other-v1' };

    it('passes where all are alike', async () => {
      set(version(both, {}, OTHERS), version(both, {}, OTHERS));
      expect(await hook()).toEqual(['Succeeded', []]);
    });

    it('pairs them by their names, whatever their order', async () => {
      set(version(both, {}, OTHERS), version(both, OTHERS, {}));
      expect(await hook()).toEqual(['Succeeded', []]);
    });

    it('refuses what moves the keys of the second one', async () => {
      set(version(both, {}, OTHERS), version(both, {}, { ...OTHERS, dialect: 'twemproxy' }));
      expect(await hook()).toEqual([
        'Failed',
        [expect.stringMatching(/^cache others: [\d.]+ % of the keys would move .*twemproxy/)],
      ]);
    });

    it('refuses other keys in the second one', async () => {
      const renamed: Answering = async ({ cache, others }) => {
        await cache.wrap('a', () => 1, TTL);
        await others.wrap('c', () => 2, TTL);
        return { statusCode: 200 };
      };
      set(version(both, {}, OTHERS), version(renamed, {}, OTHERS));
      const [status, found] = await hook();
      expect(status).toBe('Failed');
      expect(found[0]).toMatch(/^the new version reads other keys .* for "an item" in cache others/);
    });

    it('refuses a second one that is new and reaches no node', async () => {
      set(
        version(reading('a')),
        version(both, {}, { ...OTHERS, discovery: { nodes: ['127.0.0.1:1'] }, connectTimeoutMillis: 100 }),
      );
      const [status, found] = await hook();
      expect(status).toBe('Failed');
      expect(found).toEqual([
        expect.stringMatching(/^cache others: the new version does not reach node 127/),
      ]);
    });
  });
});
