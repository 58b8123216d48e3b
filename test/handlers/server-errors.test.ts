import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

let lines: string[];

beforeEach(() => {
  lines = [];
  // Where Powertools writes to outside of Lambda.
  vi.spyOn(console, 'log').mockImplementation((line: string) => void lines.push(line));
  vi.stubEnv('POWERTOOLS_DEV', 'true');
  vi.stubEnv('POWERTOOLS_LOG_LEVEL', 'SILENT');
  vi.stubEnv('POWERTOOLS_METRICS_DISABLED', 'false');
  vi.stubEnv('POWERTOOLS_METRICS_NAMESPACE', 'shop');
  vi.stubEnv('POWERTOOLS_SERVICE_NAME', 'shop-get-item');
  vi.resetModules();
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

/** What a handler that does `work` answers, or the error that it throws on. */
async function answerOf(work: () => Promise<unknown>, event: object = {}): Promise<unknown> {
  const { answerErrors } = await import('../../handlers/http-error.ts');
  const handler = middy().use(answerErrors).handler(work);
  return handler(event, { functionVersion: '8' } as Context);
}

const failing = async (statusCode: number) => {
  const { HttpError } = await import('../../handlers/http-error.ts');
  return () => Promise.reject(new HttpError(statusCode, 'the item store failed'));
};

it.each([
  ['an error that is answered', async () => failing(502), 502],
  ['an answer that no error made', async () => async () => ({ statusCode: 500 }), 500],
])('counts %s under the version that gave it, once', async (_, work, statusCode) => {
  expect(await answerOf(await work())).toMatchObject({ statusCode });
  const [line, ...others] = lines.map((text) => JSON.parse(text));
  expect(others).toEqual([]);
  expect(line).toMatchObject({ service: 'shop-get-item', function_version: '8', ServerErrors: 1 });
  expect(line._aws.CloudWatchMetrics).toEqual([
    {
      Namespace: 'shop',
      Dimensions: [['service', 'function_version']],
      Metrics: [{ Name: 'ServerErrors', Unit: 'Count' }],
    },
  ]);
});

it('counts neither what went well, nor what is the client’s fault, nor what Lambda counts itself', async () => {
  expect(await answerOf(async () => ({ statusCode: 200 }))).toMatchObject({ statusCode: 200 });
  expect(await answerOf(async () => undefined)).toBeUndefined();
  expect(await answerOf(await failing(404))).toMatchObject({ statusCode: 404 });
  await expect(answerOf(() => Promise.reject(new TypeError('a bug')))).rejects.toThrow('a bug');
  expect(lines).toEqual([]);
});

it('counts nothing of a check, which is told by itself', async () => {
  const check = { 'smearcache:check': { namespace: 'check-a' } };
  expect(await answerOf(await failing(502), check)).toMatchObject({ statusCode: 502 });
  expect(lines).toEqual([]);
});
