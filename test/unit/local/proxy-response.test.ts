import { describe, expect, it } from 'vitest';
import { proxyResponse } from '../../../scripts/local/gateway/proxy-response.ts';

const HTTP = { api: 'http', payload: '2.0' } as const;
const REST = { api: 'rest', payload: '1.0' } as const;

const answer = (result: unknown, route: typeof HTTP | typeof REST = HTTP) => {
  const { body, ...rest } = proxyResponse(JSON.stringify(result), route);
  return { ...rest, body: body.toString() };
};

describe('a response with a status code', () => {
  it('is passed on', () => {
    expect(answer({ statusCode: 201, headers: { 'X-Cache': 'hit', 'x-count': 3 }, body: 'ok' })).toEqual({
      status: 201,
      headers: { 'content-type': 'text/plain;charset=UTF-8', 'x-cache': 'hit', 'x-count': '3' },
      body: 'ok',
    });
  });

  it('has its own content type before the default of the kind of API', () => {
    expect(
      answer({ statusCode: 200, headers: { 'Content-Type': 'a/b' }, body: 'x' }).headers['content-type'],
    ).toBe('a/b');
    expect(answer({ statusCode: 200, body: 'x' }, REST).headers['content-type']).toBe('application/json');
  });

  it('may be in base64', () => {
    expect(answer({ statusCode: 200, body: 'w7w=', isBase64Encoded: true }).body).toBe('ü');
  });

  it('may be empty', () => {
    expect(answer({ statusCode: 204 })).toEqual({ status: 204, headers: {}, body: '' });
  });

  it('sets cookies by their list in format 2.0, by many-valued headers in 1.0', () => {
    const result = {
      statusCode: 200,
      cookies: ['a=1', 'b=2'],
      multiValueHeaders: { 'Set-Cookie': ['c=3', 'd=4'] },
    };
    expect(answer(result).headers['set-cookie']).toEqual(['a=1', 'b=2']);
    expect(answer(result, REST).headers['set-cookie']).toEqual(['c=3', 'd=4']);
  });
});

describe('a response without a status code', () => {
  it.each([
    [{ id: 1 }, '{"id":1}'],
    ['text', 'text'],
    [null, 'null'],
    [[1], '[1]'],
  ])('is data in format 2.0: %j', (result, body) => {
    expect(answer(result)).toEqual({ status: 200, headers: { 'content-type': 'application/json' }, body });
  });

  it('is malformed in format 1.0', () => {
    expect(answer({ id: 1 }, REST)).toMatchObject({
      status: 502,
      body: '{"message":"Internal server error"}',
    });
  });
});

it.each([{ statusCode: 'many' }, { statusCode: 99 }, { statusCode: 200, body: { not: 'text' } }])(
  'a malformed response is the function’s failure: %j',
  (result) => {
    expect(answer(result)).toMatchObject({ status: 500, body: '{"message":"Internal Server Error"}' });
  },
);
