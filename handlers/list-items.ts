import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import middy from '@middy/core';
import type { APIGatewayProxyResult } from 'aws-lambda';
import { ITEM_TTL, itemCache, itemKey } from './cache.ts';
import { answerErrors } from './http-error.ts';
import type { Item } from './item.ts';
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
    const { hits, unavailable } = await cache.getMany<Item>(ids.map(itemKey));
    const missing = ids.filter((id) => !hits.has(itemKey(id)));
    const loaded = missing.length > 0 ? await items.getMany(missing) : [];
    await cache.setMany(loaded.map(withKey), ITEM_TTL);

    const found = new Map([...hits.values(), ...loaded].map((item) => [item.id, item]));
    const headers = {
      'x-cache': missing.length === 0 ? 'hit' : unavailable.length === ids.length ? 'bypass' : 'miss',
      'x-cache-hits': `${hits.size}/${ids.length}`,
    };
    return json(200, { items: ids.flatMap((id) => found.get(id) ?? []) }, headers);
  });

const withKey = (item: Item): [string, Item] => [itemKey(item.id), item];
