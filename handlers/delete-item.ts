import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import middy from '@middy/core';
import type { APIGatewayProxyResult } from 'aws-lambda';
import { invalidate, itemCache } from './cache.ts';
import { answerErrors } from './http-error.ts';
import { logger } from './logger.ts';
import { items } from './origin.ts';
import { type ApiEvent, pathId } from './request.ts';
import { noContent } from './response.ts';

/** `DELETE /items/{id}`: from the origin, then from the cache. Deleting what is not there succeeds. */
export const handler = middy<ApiEvent, APIGatewayProxyResult>()
  .use(injectLambdaContext(logger))
  .use(answerErrors)
  .use(itemCache)
  .handler(async (event, { cache }) => {
    const id = pathId(event);
    await items.delete(id);
    await invalidate(cache, id);
    return noContent();
  });
