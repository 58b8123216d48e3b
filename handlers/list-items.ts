import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import middy from '@middy/core';
import type { APIGatewayProxyResult } from 'aws-lambda';
import { ITEM_TTL, itemCache, itemKey } from './cache.ts';
import { answerErrors } from './http-error.ts';
import { type Item, isItem } from './item.ts';
import { logger } from './logger.ts';
import { items } from './origin.ts';
import { type ApiEvent, queryIds } from './request.ts';
import { json } from './response.ts';

/**
 * `GET /items?ids=1,2,3`: one round trip to each node, then one batch to the origin for the rest. `x-cache` is `hit`
 * when the cache had all of them, `bypass` when no node answered, else `miss`; `x-cache-hits` has the figures.
 */
export const handler = middy<ApiEvent, APIGatewayProxyResult>()
  .use(injectLambdaContext(logger))
  .use(answerErrors)
  .use(itemCache)
  .handler(async (event, { cache }) => {
    const ids = queryIds(event);
    const { hits, unavailable } = await cache.getMany(ids.map(itemKey));
    const cached = ids
      .map((id) => hits.get(itemKey(id)))
      .filter((value, i): value is Item => isItem(value, ids[i]!));
    const found = new Map(cached.map((item) => [item.id, item]));
    const missing = ids.filter((id) => !found.has(id));
    const loaded = missing.length > 0 ? await items.getMany(missing) : [];
    await cache.setMany(loaded.map(withKey), ITEM_TTL);
    for (const item of loaded) found.set(item.id, item);

    const headers = {
      'x-cache': missing.length === 0 ? 'hit' : unavailable.length === ids.length ? 'bypass' : 'miss',
      'x-cache-hits': `${ids.length - missing.length}/${ids.length}`,
    };
    return json(200, { items: ids.flatMap((id) => found.get(id) ?? []) }, headers);
  });

const withKey = (item: Item): [string, Item] => [itemKey(item.id), item];
