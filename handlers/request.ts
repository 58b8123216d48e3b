import type { APIGatewayProxyEvent, APIGatewayProxyEventV2 } from 'aws-lambda';
import { HttpError } from './http-error.ts';

/** A REST API sends version 1 of the proxy event, an HTTP API version 2. */
export type ApiEvent = APIGatewayProxyEvent | APIGatewayProxyEventV2;

const MAX_ID_LENGTH = 200;
const MAX_IDS = 100;

/** The `{id}` of the path: any text of 1 to 200 characters. */
export function pathId(event: ApiEvent): string {
  const id = event.pathParameters?.id ?? '';
  // REST APIs pass the path on as it came; HTTP APIs, which alone have a version, decode it.
  return checkedId('version' in event ? id : decoded(id));
}

/** The distinct ids in `?ids=1,2,3`, 1 to 100 of them. */
export function queryIds(event: ApiEvent): string[] {
  const given =
    'multiValueQueryStringParameters' in event
      ? event.multiValueQueryStringParameters?.ids?.join(',')
      : event.queryStringParameters?.ids;
  if (!given) throw new HttpError(400, 'ids is missing: ask for /items?ids=1,2,3');
  const ids = [...new Set(given.split(',').map(checkedId))];
  if (ids.length > MAX_IDS)
    throw new HttpError(400, `ids may name up to ${MAX_IDS} items, got ${ids.length}`);
  return ids;
}

export function jsonBody({ body, isBase64Encoded }: ApiEvent): unknown {
  try {
    return JSON.parse(isBase64Encoded ? Buffer.from(body ?? '', 'base64').toString() : (body ?? ''));
  } catch {
    throw new HttpError(400, 'the body is not JSON');
  }
}

function checkedId(id: string): string {
  if (id.length >= 1 && id.length <= MAX_ID_LENGTH) return id;
  throw new HttpError(400, `an id has 1 to ${MAX_ID_LENGTH} characters, got ${id.length}`);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new HttpError(400, 'the id in the path is not URL-encoded text');
  }
}
