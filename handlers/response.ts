import type { APIGatewayProxyResult } from 'aws-lambda';

export type Headers = Readonly<Record<string, string>>;

/** REST and HTTP APIs take the same answer. */
export const json = (statusCode: number, body: unknown, headers: Headers = {}): APIGatewayProxyResult => ({
  statusCode,
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(body),
});

export const noContent = (): APIGatewayProxyResult => ({ statusCode: 204, body: '' });
