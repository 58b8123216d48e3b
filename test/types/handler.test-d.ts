// Compiled, never run: what a newcomer writes must type-check, and what is wrong must not.

import { Logger } from '@aws-lambda-powertools/logger';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { Metrics } from '@aws-lambda-powertools/metrics';
import middy from '@middy/core';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import {
  type Cache,
  type CountOutcome,
  createCache,
  type ReadResult,
  type SmearCacheContext,
  smearCache,
  type TouchOutcome,
  type UpdateOutcome,
  type WrapOptions,
} from '../../src/index.ts';

interface Item {
  readonly id: string;
  readonly price: number;
}
declare function loadItem(id: string): Promise<Item>;
const logger = new Logger();

// The ten lines.
export const handler = middy<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2>()
  .use(injectLambdaContext(logger))
  .use(smearCache({ schema: 'item-v2', smear: { keys: ['popular_user_data'] }, logger }))
  .handler(async (event, { cache }) => {
    const id = event.pathParameters?.id ?? '';
    const item = await cache.wrap(`item:${id}`, () => loadItem(id), { ttlSeconds: 300 });
    const price: number = item.price;
    return { statusCode: 200, body: JSON.stringify({ ...item, price }) };
  });

// Middlewares in one list, no options, another name.
export const listed = middy()
  .use([injectLambdaContext(logger), smearCache()])
  .handler(async (_event, context) => context.cache.get<string>('k'));

export const renamed = middy()
  .use(smearCache({ contextKey: 'mc' }))
  .handler(async (_event, context) => {
    const cache: Cache = context.mc;
    // @ts-expect-error: the cache is under the name that was given, and no other
    context.cache satisfies Cache;
    return cache.get('k');
  });

type Named = SmearCacheContext<{ contextKey: 'mc' }>;
export const named = (context: Named): Promise<unknown> => context.mc.get('k');

// Results.
export async function results(cache: Cache): Promise<void> {
  const text = await cache.get<string>('k');
  text satisfies string | undefined;
  // @ts-expect-error: a miss gives undefined
  text satisfies string;
  const wrapped = await cache.wrap('k', () => 5, { ttlSeconds: 1 });
  wrapped satisfies number;
  const read: ReadResult<string> = await cache.read<string>('k');
  if (read.kind === 'hit') read.value satisfies string;
  if (read.kind === 'unavailable') read.error.code satisfies string;
  // @ts-expect-error: a miss has no value
  if (read.kind === 'miss') read.value satisfies string;
  const { hits, misses } = await cache.getMany<Item>(['a', 'b']);
  hits.get('a')?.price satisfies number | undefined;
  misses satisfies string[];
  // @ts-expect-error: a time to live is asked for
  await cache.set('k', 'v');
  // @ts-expect-error: in seconds
  await cache.set('k', 'v', { ttlMillis: 5 });
  // @ts-expect-error: keys are strings
  await cache.get(5);
}

// Writes of the base.
export async function writes(cache: Cache): Promise<void> {
  const count: CountOutcome = await cache.increment('n', { by: 2, initial: 0, ttlSeconds: 60 });
  if (count.kind === 'counted') count.value satisfies number;
  // @ts-expect-error: nothing was counted
  if (count.kind === 'refused') count.value satisfies number;
  await cache.decrement('n');
  await cache.decrement('n', { by: 2, signal: AbortSignal.timeout(5) });
  // @ts-expect-error: what is stored has a time to live
  await cache.increment('n', { initial: 0 });
  // @ts-expect-error: a count that makes no item has none to give it
  await cache.increment('n', { ttlSeconds: 60 });
  const touch: TouchOutcome = await cache.touch('k', { ttlSeconds: 60 });
  touch.kind satisfies 'touched' | 'not-found' | 'disabled' | 'unavailable';
  // @ts-expect-error: a time to live is what it is about
  await cache.touch('k');
  // @ts-expect-error: a time to live is asked for
  await cache.add('k', 'v');
  const { kind } = await cache.replace('k', 'v', { ttlSeconds: 60 });
  kind satisfies 'stored' | 'refused' | 'too-large' | 'disabled' | 'unavailable';
  const updated = await cache.update('k', (item: Item | undefined) => item, { ttlSeconds: 60, tries: 9 });
  updated satisfies UpdateOutcome<Item>;
  if (updated.kind === 'stored') updated.value.price satisfies number;
  // @ts-expect-error: there may be none
  if (updated.kind === 'unchanged') updated.value.price satisfies number;
  await cache.update<number>('k', async (n = 0) => n + 1, { ttlSeconds: 60 });
  // @ts-expect-error: there may be none yet
  await cache.update('k', (n: number) => n + 1, { ttlSeconds: 60 });
  // @ts-expect-error: a time to live is asked for
  await cache.update('k', () => 1, { tries: 9 });
}

// Options.
createCache({ discovery: { nodes: ['a:1', { host: 'b', port: 2, weight: 3 }] }, schema: undefined });
smearCache({ discovery: { configurationEndpoint: process.env.CACHE_CONFIG_ENDPOINT } });
smearCache({ smear: { keys: ['a', { key: 'b', copies: 2 }, { prefix: 'c:' }], placement: 'suffix' } });
smearCache({ metrics: new Metrics(), selfCheck: true });
// @ts-expect-error: no such option
smearCache({ conectTimeoutMillis: 5 });
// @ts-expect-error: no such placement
smearCache({ smear: { placement: 'random' } });
// @ts-expect-error: no such dialect
smearCache({ dialect: 'md5' });
// @ts-expect-error: milliseconds are a number
createCache({ connectTimeoutMillis: '250' });
// @ts-expect-error: a key or a prefix
createCache({ smear: { keys: [{ copies: 3 }] } });
// @ts-expect-error: options of the middleware alone
createCache({ selfCheck: true });
// @ts-expect-error: not an option of `createCache`
createCache({ contextKey: 'cache' });

// What a schema makes of a cached value is what the caller gets.
declare const itemSchema: StandardSchemaV1<unknown, Item>;
export async function validated(cache: Cache): Promise<void> {
  const item = await cache.wrap('k', () => loadItem('1'), { ttlSeconds: 1, validate: itemSchema });
  item satisfies Item;
  // The loader may be of no type at all.
  const parsed = await cache.wrap('k', () => JSON.parse('{}') as never, {
    ttlSeconds: 1,
    validate: itemSchema,
  });
  parsed.price satisfies number;
  // @ts-expect-error: the loader gives what the schema does not
  await cache.wrap<Item>('k', () => 5, { ttlSeconds: 1, validate: itemSchema });
  const many = await cache.wrapMany(['k'], (keys) => keys.map((key) => [key, 5] as const), { ttlSeconds: 1 });
  many satisfies Map<string, number>;
  const options: WrapOptions = { ttlSeconds: 1, negativeTtlSeconds: 5 };
  (await cache.wrap('k', () => loadItem('1'), options)) satisfies Item;
}
