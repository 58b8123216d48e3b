import { readFileSync } from 'node:fs';
import type { APIGatewayProxyResult, Context } from 'aws-lambda';
import { vi } from 'vitest';
import type { ApiEvent } from '../../handlers/request.ts';

export type EventName =
  | `${'get-item' | 'list-items' | 'put-item' | 'delete-item'}${'' | '-rest'}`
  | 'get-hot-item';
export type Route = 'getItem' | 'listItems' | 'putItem' | 'deleteItem';

/** The four functions as one fresh environment would load them. */
export type Catalogue = Readonly<Record<Route, (event: ApiEvent) => Promise<APIGatewayProxyResult>>>;

type Handler = (event: ApiEvent, context: Context) => Promise<APIGatewayProxyResult>;

/** Loads the handlers anew, as they read the environment once. Undo with `vi.unstubAllEnvs()`. */
export async function loadCatalogue(environment: Readonly<Record<string, string>>): Promise<Catalogue> {
  vi.stubEnv('POWERTOOLS_LOG_LEVEL', 'SILENT');
  vi.stubEnv('POWERTOOLS_METRICS_DISABLED', 'true');
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  vi.resetModules();
  const [getItem, listItems, putItem, deleteItem] = await Promise.all([
    import('../../handlers/get-item.ts'),
    import('../../handlers/list-items.ts'),
    import('../../handlers/put-item.ts'),
    import('../../handlers/delete-item.ts'),
  ]);
  const invoke =
    ({ handler }: { handler: unknown }) =>
    (event: ApiEvent) =>
      (handler as Handler)(event, lambdaContext());
  return {
    getItem: invoke(getItem),
    listItems: invoke(listItems),
    putItem: invoke(putItem),
    deleteItem: invoke(deleteItem),
  };
}

/** A recorded event, with another id in its path or other ids in its query where the test names them. */
export function readEvent(name: EventName, { id, ids }: { id?: string; ids?: string } = {}): ApiEvent {
  const event = JSON.parse(readFileSync(new URL(`../../events/${name}.json`, import.meta.url), 'utf8'));
  if (id !== undefined) event.pathParameters = { id };
  if (ids !== undefined) {
    event.queryStringParameters = { ids };
    if ('multiValueQueryStringParameters' in event) event.multiValueQueryStringParameters = { ids: [ids] };
  }
  return event;
}

export const bodyOf = ({ body }: APIGatewayProxyResult): unknown => JSON.parse(body);

const TIMEOUT_MILLIS = 10_000;

function lambdaContext(): Context {
  const startedAt = Date.now();
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName: 'catalogue',
    functionVersion: '$LATEST',
    invokedFunctionArn: 'arn:aws:lambda:eu-west-1:123456789012:function:catalogue:live',
    memoryLimitInMB: '512',
    awsRequestId: 'c6af9ac6-7b61-11e6-9a41-93e812345678',
    logGroupName: 'catalogue',
    logStreamName: '2026/11/24/[$LATEST]0123456789abcdef',
    getRemainingTimeInMillis: () => startedAt + TIMEOUT_MILLIS - Date.now(),
    done: () => {},
    fail: () => {},
    succeed: () => {},
  };
}
