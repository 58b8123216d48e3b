import { isObject, type Json, type JsonObject } from '../template/json.ts';
import type { Route } from '../template/routes.ts';

export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body: Buffer;
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
  const failed = GATEWAY_ANSWERS[route.api].functionFailed;
  let result: Json;
  try {
    result = JSON.parse(payload);
  } catch {
    return failed;
  }
  if (!isObject(result) || result.statusCode === undefined) {
    return route.payload === '2.0' ? impliedResponse(result) : failed;
  }
  const status = Number(result.statusCode);
  const text = result.body ?? '';
  if (!Number.isInteger(status) || status < 200 || status > 599 || typeof text !== 'string') return failed;
  return {
    status,
    headers: {
      ...(text !== '' && { 'content-type': DEFAULT_CONTENT_TYPE[route.api] }),
      ...headersOf(result, route),
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
  return headers;
}

function message(status: number, text: string): HttpResponse {
  return {
    status,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify({ message: text })),
  };
}
