import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import middy from '@middy/core';
import type { APIGatewayProxyResult } from 'aws-lambda';
import { invalidate, itemCache } from './cache.ts';
import { answerErrors } from './http-error.ts';
import { parseItem } from './item.ts';
import { logger } from './logger.ts';
import { items } from './origin.ts';
import { type ApiEvent, jsonBody, pathId } from './request.ts';
import { json } from './response.ts';

/** `PUT /items/{id}` with `{ "name": …, "priceCents": … }`: writes the origin, then invalidates. */
export const handler = middy<ApiEvent, APIGatewayProxyResult>()
  .use(injectLambdaContext(logger))
  .use(answerErrors)
  .use(itemCache)
  .handler(async (event, { cache }) => {
    const item = parseItem(pathId(event), jsonBody(event));
    await items.put(item);
    await invalidate(cache, item.id);
    return json(200, item);
  });
