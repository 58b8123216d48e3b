import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import middy from '@middy/core';
import type { APIGatewayProxyResult } from 'aws-lambda';
import { cacheHeaders, itemCache, readItem } from './cache.ts';
import { answerErrors } from './http-error.ts';
import { logger } from './logger.ts';
import { type ApiEvent, pathId } from './request.ts';
import { json } from './response.ts';

/** `GET /items/{id}`: from the cache, else from the origin. */
export const handler = middy<ApiEvent, APIGatewayProxyResult>()
  .use(injectLambdaContext(logger))
  .use(answerErrors)
  .use(itemCache)
  .handler(async (event, { cache }) => {
    const id = pathId(event);
    // An item that is not there is not cached: ids are user input, and made-up ones would push real items out.
    const result = await readItem(cache, id);
    return result.value === undefined
      ? json(404, { error: `there is no item ${id}` }, cacheHeaders(result))
      : json(
          200,
          { ...result.value, price: (result.value.price.cents / 100).toFixed(2) },
          cacheHeaders(result),
        );
  });
