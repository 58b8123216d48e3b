import type { APIGatewayProxyEvent } from 'aws-lambda';
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
import type { RouteMatch } from './route-table.ts';

/**
 * The payload format 1.0: names as they came, the last value of each, and all of them under `multiValue…`. A REST API
 * leaves the path encoded; an HTTP API that is asked for this format decodes it and says `version: '1.0'`.
 */
export function eventV1(request: HttpRequest, match: RouteMatch, stamp: RequestStamp): APIGatewayProxyEvent {
  const { route } = match;
  const decode = route.api === 'http' ? decodePath : (text: string) => text;
  const headers = grouped(headerPairs(request));
  const query = grouped(new URLSearchParams(request.query));
  const parameters = Object.entries(match.parameters).map(([name, value]) => [name, decode(value)]);
  const isBase64Encoded = request.body.length > 0 && isBinary(request, route.binaryMediaTypes);
  const resource = route.path === '$default' ? '/{proxy+}' : route.path;
  const path = decode(request.path);
  const domainName = headerValue(request, 'host') ?? 'localhost';
  return {
    ...(route.api === 'http' && { version: '1.0' }),
    resource,
    path,
    httpMethod: request.method,
    headers: last(headers),
    multiValueHeaders: Object.fromEntries(headers),
    queryStringParameters: query.size > 0 ? last(query) : null,
    multiValueQueryStringParameters: query.size > 0 ? Object.fromEntries(query) : null,
    pathParameters: parameters.length > 0 ? Object.fromEntries(parameters) : null,
    stageVariables: null,
    requestContext: {
      accountId: ACCOUNT_ID,
      apiId: API_ID,
      authorizer: null,
      domainName,
      domainPrefix: domainName.split(/[.:]/)[0]!,
      extendedRequestId: stamp.requestId,
      httpMethod: request.method,
      identity: {
        ...NO_IDENTITY,
        sourceIp: request.sourceIp,
        userAgent: headerValue(request, 'user-agent') ?? null,
      },
      path: route.api === 'rest' ? `/${route.stage}${path}` : path,
      protocol: `HTTP/${request.httpVersion}`,
      requestId: stamp.requestId,
      requestTime: accessLogTime(stamp.time),
      requestTimeEpoch: stamp.time.getTime(),
      resourceId: `${route.method} ${resource}`,
      resourcePath: resource,
      stage: route.stage,
    },
    body: request.body.length > 0 ? request.body.toString(isBase64Encoded ? 'base64' : 'utf8') : null,
    isBase64Encoded,
  };
}

const NO_IDENTITY = {
  accessKey: null,
  accountId: null,
  apiKey: null,
  apiKeyId: null,
  caller: null,
  clientCert: null,
  cognitoAuthenticationProvider: null,
  cognitoAuthenticationType: null,
  cognitoIdentityId: null,
  cognitoIdentityPoolId: null,
  principalOrgId: null,
  user: null,
  userArn: null,
} as const;

/** Only what the API's `BinaryMediaTypes` name is binary. */
function isBinary(request: HttpRequest, binaryMediaTypes: readonly string[]): boolean {
  const type = headerValue(request, 'content-type')?.split(';')[0]?.trim().toLowerCase() ?? '';
  return binaryMediaTypes.some((binary) => {
    return (
      binary === '*/*' || binary === type || (binary.endsWith('/*') && type.startsWith(binary.slice(0, -1)))
    );
  });
}

function last(groups: ReadonlyMap<string, readonly string[]>): Record<string, string> {
  return Object.fromEntries([...groups].map(([name, values]) => [name, values.at(-1)!]));
}
