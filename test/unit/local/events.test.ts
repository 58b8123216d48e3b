import { describe, expect, it } from 'vitest';
import { eventV1 } from '../../../scripts/local/gateway/event-v1.ts';
import { eventV2 } from '../../../scripts/local/gateway/event-v2.ts';
import type { HttpRequest } from '../../../scripts/local/gateway/http-request.ts';
import type { Route } from '../../../scripts/local/template/routes.ts';

const STAMP = { requestId: 'request-1', time: new Date('2026-11-04T09:05:07.123Z') };

function request(parts: Partial<HttpRequest> & { headers?: string[] } = {}): HttpRequest {
  const { headers = [], ...rest } = parts;
  return {
    method: 'GET',
    path: '/items/a%20b',
    query: '',
    rawHeaders: ['Host', 'api.example.com', ...headers],
    body: Buffer.alloc(0),
    sourceIp: '127.0.0.1',
    port: 3000,
    httpVersion: '1.1',
    traceId: 'Root=1-0-0',
    ...rest,
  };
}

function matched(route: Partial<Route> = {}, parameters: Record<string, string> = { id: 'a%20b' }) {
  const defaults: Route = {
    functionName: 'F',
    api: 'http',
    payload: '2.0',
    method: 'GET',
    path: '/items/{id}',
    stage: '$default',
    binaryMediaTypes: [],
  };
  return { route: { ...defaults, ...route }, parameters };
}

const v2 = (parts: Parameters<typeof request>[0]) => eventV2(request(parts), matched(), STAMP);
const REST = { api: 'rest', payload: '1.0', stage: 'Prod' } as const;
const v1 = (parts: Parameters<typeof request>[0], route: Partial<Route> = REST) =>
  eventV1(request(parts), matched(route), STAMP);

describe('payload format 2.0', () => {
  it('has the whole of a plain request', () => {
    expect(v2({ headers: ['User-Agent', 'test', 'Connection', 'keep-alive'] })).toEqual({
      version: '2.0',
      routeKey: 'GET /items/{id}',
      rawPath: '/items/a b',
      rawQueryString: '',
      headers: {
        host: 'api.example.com',
        'user-agent': 'test',
        'x-amzn-trace-id': 'Root=1-0-0',
        'x-forwarded-for': '127.0.0.1',
        'x-forwarded-port': '3000',
        'x-forwarded-proto': 'http',
      },
      requestContext: {
        accountId: '123456789012',
        apiId: 'local',
        domainName: 'api.example.com',
        domainPrefix: 'api',
        http: {
          method: 'GET',
          path: '/items/a b',
          protocol: 'HTTP/1.1',
          sourceIp: '127.0.0.1',
          userAgent: 'test',
        },
        requestId: 'request-1',
        routeKey: 'GET /items/{id}',
        stage: '$default',
        time: '04/Nov/2026:09:05:07 +0000',
        timeEpoch: 1_793_783_107_123,
      },
      pathParameters: { id: 'a b' },
      isBase64Encoded: false,
    });
  });

  it('joins what comes more than once by commas', () => {
    const event = v2({ query: 'ids=1&ids=2%2C3&q=a+b', headers: ['X-One', '1', 'x-one', '2'] });
    expect(event.rawQueryString).toBe('ids=1&ids=2%2C3&q=a+b');
    expect(event.queryStringParameters).toEqual({ ids: '1,2,3', q: 'a b' });
    expect(event.headers['x-one']).toBe('1,2');
  });

  it('moves cookies out of the headers', () => {
    const event = v2({ headers: ['Cookie', 'a=1; b=2', 'cookie', 'c=3'] });
    expect(event.cookies).toEqual(['a=1', 'b=2', 'c=3']);
    expect(event.headers).not.toHaveProperty('cookie');
  });

  it.each([
    ['application/json', false],
    ['application/json; charset=utf-8', false],
    ['application/problem+json', false],
    ['text/plain', false],
    ['application/x-www-form-urlencoded', true],
    ['image/png', true],
  ])('sends a body of %s in base64: %s', (type, isBase64Encoded) => {
    const event = v2({ method: 'PUT', headers: ['Content-Type', type], body: Buffer.from('{"ü":1}') });
    expect(event.isBase64Encoded).toBe(isBase64Encoded);
    expect(event.body).toBe(isBase64Encoded ? 'eyLDvCI6MX0=' : '{"ü":1}');
  });

  it('leaves a path alone that does not decode', () => {
    expect(v2({ path: '/items/%E0%A4' }).rawPath).toBe('/items/%E0%A4');
  });
});

describe('payload format 1.0', () => {
  it('has the whole of a plain request', () => {
    expect(v1({})).toMatchObject({
      resource: '/items/{id}',
      path: '/items/a%20b',
      httpMethod: 'GET',
      headers: { Host: 'api.example.com', 'X-Forwarded-Proto': 'http' },
      multiValueHeaders: { Host: ['api.example.com'] },
      queryStringParameters: null,
      multiValueQueryStringParameters: null,
      pathParameters: { id: 'a%20b' },
      stageVariables: null,
      requestContext: {
        httpMethod: 'GET',
        path: '/Prod/items/a%20b',
        requestId: 'request-1',
        requestTime: '04/Nov/2026:09:05:07 +0000',
        requestTimeEpoch: 1_793_783_107_123,
        resourcePath: '/items/{id}',
        stage: 'Prod',
        identity: { sourceIp: '127.0.0.1' },
      },
      body: null,
      isBase64Encoded: false,
    });
    expect(v1({})).not.toHaveProperty('version');
  });

  it('keeps every value, and the last one alone', () => {
    const event = v1({ query: 'ids=1&ids=2', headers: ['X-One', '1', 'X-One', '2'] });
    expect(event.queryStringParameters).toEqual({ ids: '2' });
    expect(event.multiValueQueryStringParameters).toEqual({ ids: ['1', '2'] });
    expect(event.headers['X-One']).toBe('2');
    expect(event.multiValueHeaders['X-One']).toEqual(['1', '2']);
  });

  it('is decoded and says its version where it comes from an HTTP API', () => {
    expect(v1({}, { payload: '1.0' })).toMatchObject({
      version: '1.0',
      path: '/items/a b',
      pathParameters: { id: 'a b' },
    });
  });

  it.each([
    [[], false],
    [['image/*'], true],
    [['image/png'], true],
    [['*/*'], true],
    [['text/plain'], false],
  ])('with the binary media types %j, a picture is in base64: %s', (binaryMediaTypes, expected) => {
    const body = Buffer.from('png');
    const event = v1({ headers: ['Content-Type', 'image/png'], body }, { ...REST, binaryMediaTypes });
    expect(event.isBase64Encoded).toBe(expected);
    expect(event.body).toBe(expected ? 'cG5n' : 'png');
  });
});
