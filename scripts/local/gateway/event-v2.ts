import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { ACCOUNT_ID } from '../template/template.ts';
import {
  API_ID,
  accessLogTime,
  decodePath,
  grouped,
  type HttpRequest,
  headerPairs,
  headerValue,
  type RequestStamp,
} from './http-request.ts';
import { type RouteMatch, routeKey } from './route-table.ts';

/**
 * The payload format 2.0 of HTTP APIs: header names in lower case, values of one name joined by commas, the path and
 * its parameters decoded.
 */
export function eventV2(
  request: HttpRequest,
  match: RouteMatch,
  stamp: RequestStamp,
): APIGatewayProxyEventV2 {
  const { cookie: cookies, ...headers } = Object.fromEntries(
    grouped(headerPairs(request).map(([name, value]) => [name.toLowerCase(), value])),
  );
  const domainName = headerValue(request, 'host') ?? 'localhost';
  const query = joined(grouped(new URLSearchParams(request.query)));
  const parameters = Object.entries(match.parameters);
  const rawPath = decodePath(request.path);
  const isBase64Encoded = request.body.length > 0 && !isText(headerValue(request, 'content-type'));
  return {
    version: '2.0',
    routeKey: routeKey(match.route),
    rawPath,
    rawQueryString: request.query,
    ...(cookies && { cookies: cookies.flatMap((line) => line.split('; ')) }),
    headers: joined(new Map(Object.entries(headers))),
    ...(request.query !== '' && { queryStringParameters: query }),
    requestContext: {
      accountId: ACCOUNT_ID,
      apiId: API_ID,
      domainName,
      domainPrefix: domainName.split(/[.:]/)[0]!,
      http: {
        method: request.method,
        path: rawPath,
        protocol: `HTTP/${request.httpVersion}`,
        sourceIp: request.sourceIp,
        userAgent: headerValue(request, 'user-agent') ?? '',
      },
      requestId: stamp.requestId,
      routeKey: routeKey(match.route),
      stage: match.route.stage,
      time: accessLogTime(stamp.time),
      timeEpoch: stamp.time.getTime(),
    },
    ...(parameters.length > 0 && {
      pathParameters: Object.fromEntries(parameters.map(([name, value]) => [name, decodePath(value)])),
    }),
    ...(request.body.length > 0 && { body: request.body.toString(isBase64Encoded ? 'base64' : 'utf8') }),
    isBase64Encoded,
  };
}

/** An HTTP API hands on as text what these types name, and all else, forms too, in base64. */
function isText(contentType: string | undefined): boolean {
  if (contentType === undefined) return true;
  return /^(text\/|application\/(.+\+)?(json|xml|javascript)\s*(;|$))/i.test(contentType);
}

function joined(groups: ReadonlyMap<string, readonly string[]>): Record<string, string> {
  return Object.fromEntries([...groups].map(([name, values]) => [name, values.join(',')]));
}
