import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import middy from '@middy/core';
import type { APIGatewayProxyResult } from 'aws-lambda';
import { itemCache } from './cache.ts';
import { answerErrors } from './http-error.ts';
import { parseItem } from './item.ts';
import { logger } from './logger.ts';
import { type ApiEvent, jsonBody, pathId } from './request.ts';
import { json } from './response.ts';

/** `PUT /items/{id}` as somebody left it half done: it neither writes nor throws. */
export const handler = middy<ApiEvent, APIGatewayProxyResult>()
  .use(injectLambdaContext(logger))
  .use(answerErrors)
  .use(itemCache)
  .handler(async (event) => {
    const { id } = parseItem(pathId(event), jsonBody(event));
    return json(500, { error: `item ${id} cannot be stored yet` });
  });
