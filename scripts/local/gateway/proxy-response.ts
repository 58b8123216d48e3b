import { validateHeaderName, validateHeaderValue } from 'node:http';
import { isObject, type Json, type JsonObject } from '../template/json.ts';
import type { Route } from '../template/routes.ts';
import { HOP_BY_HOP } from './http-request.ts';

export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body: Buffer;
  /** Why the gateway answers in the function's place, where the function itself does not say so. */
  readonly problem?: string;
}

/** What API Gateway says when it has nothing better: the two kinds of API differ in words and status. */
export const GATEWAY_ANSWERS = {
  http: {
    notFound: message(404, 'Not Found'),
    functionFailed: message(500, 'Internal Server Error'),
  },
  rest: {
    // A REST API takes an unknown route for a request that should have been signed.
    notFound: message(403, 'Missing Authentication Token'),
    functionFailed: message(502, 'Internal server error'),
  },
} as const;

/** Turns a function's payload into what the client sees; a malformed one is the function's failure. */
export function proxyResponse(payload: string, route: Pick<Route, 'api' | 'payload'>): HttpResponse {
  const failed = (problem: string): HttpResponse => ({
    ...GATEWAY_ANSWERS[route.api].functionFailed,
    problem,
  });
  let result: Json;
  try {
    result = JSON.parse(payload);
  } catch {
    return failed('the response is not JSON');
  }
  if (!isObject(result) || result.statusCode === undefined) {
    return route.payload === '2.0' ? impliedResponse(result) : failed('the response has no statusCode');
  }
  const status = Number(result.statusCode);
  const text = result.body ?? '';
  if (!Number.isInteger(status) || status < 200 || status > 599) {
    return failed(`the response's statusCode is ${JSON.stringify(result.statusCode)}`);
  }
  if (typeof text !== 'string') return failed("the response's body is not text");
  const headers = headersOf(result, route);
  const refused = refusedHeader(headers);
  if (refused !== undefined)
    return failed(`the response has the header ${refused}, which HTTP does not allow`);
  return {
    status,
    headers: {
      ...(text !== '' && { 'content-type': DEFAULT_CONTENT_TYPE[route.api] }),
      ...headers,
    },
    body: Buffer.from(text, result.isBase64Encoded === true ? 'base64' : 'utf8'),
  };
}

const DEFAULT_CONTENT_TYPE = { http: 'text/plain;charset=UTF-8', rest: 'application/json' } as const;

/** Format 2.0 lets a function return just its data. */
function impliedResponse(result: Json): HttpResponse {
  return {
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(typeof result === 'string' ? result : JSON.stringify(result)),
  };
}

function headersOf(result: JsonObject, route: Pick<Route, 'payload'>): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  const { headers: single, multiValueHeaders: multiple, cookies } = result;
  for (const [name, value] of Object.entries(isObject(single) ? single : {})) {
    if (value !== null) headers[name.toLowerCase()] = String(value);
  }
  if (route.payload === '1.0') {
    for (const [name, values] of Object.entries(isObject(multiple) ? multiple : {})) {
      if (Array.isArray(values)) headers[name.toLowerCase()] = values.map(String);
    }
  } else if (Array.isArray(cookies)) {
    headers['set-cookie'] = cookies.map(String);
  }
  // Node counts the bytes itself.
  delete headers['content-length'];
  for (const name of HOP_BY_HOP) delete headers[name];
  return headers;
}

/** The first header that Node would not send, in JSON: a line break in it must not reach the screen either. */
function refusedHeader(headers: HttpResponse['headers']): string | undefined {
  const refused = Object.entries(headers).find(([name, values]) => {
    try {
      validateHeaderName(name);
      for (const value of [values].flat()) validateHeaderValue(name, value);
      return false;
    } catch {
      return true;
    }
  });
  return refused && JSON.stringify({ [refused[0]]: refused[1] });
}

function message(status: number, text: string): HttpResponse {
  return {
    status,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify({ message: text })),
  };
}
