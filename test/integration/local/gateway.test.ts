import { afterEach, describe, expect, it } from 'vitest';
import { type Exchange, Gateway } from '../../../scripts/local/gateway/gateway.ts';
import { exchangeLine } from '../../../scripts/local/screen.ts';
import type { Route } from '../../../scripts/local/template/routes.ts';

const ROUTE: Route = {
  functionName: 'F',
  api: 'http',
  payload: '2.0',
  method: 'GET',
  path: '/{proxy+}',
  stage: '$default',
  binaryMediaTypes: [],
};

const gateways: Gateway[] = [];
afterEach(() => Promise.all(gateways.splice(0).map((gateway) => gateway.close())));

/** What a client sees, and what the screen shows, when the function answers `result`. */
async function exchange(result: unknown, api: Route['api'] = 'http') {
  const exchanges: Exchange[] = [];
  const gateway = new Gateway({
    routes: [{ ...ROUTE, api, payload: api === 'http' ? '2.0' : '1.0' }],
    invoke: async () => {
      if (result instanceof Error) throw result;
      return {
        requestId: 'r',
        status: 'success',
        payload: JSON.stringify(result),
        durationMs: 1,
        initMs: undefined,
      };
    },
    onExchange: (one) => exchanges.push(one),
  });
  gateways.push(gateway);
  await gateway.listen(0);
  const response = await fetch(`${gateway.url}/x`);
  return { response, body: await response.text(), shown: exchanges.map(exchangeLine).join('\n') };
}

describe('headers that HTTP does not allow', () => {
  it.each([
    [{ 'x-a': 'b\r\nset-cookie: evil=1' }, 'header {"x-a":"b\\r\\nset-cookie: evil=1"}'],
    [{ 'bad name': '1' }, 'header {"bad name":"1"}'],
    [{ '': '1' }, 'header {"":"1"}'],
    [{ 'x-a': 'žluťoučký' }, 'header {"x-a":"žluťoučký"}'],
  ])('are the function’s failure, and the screen says why: %j', async (headers, reason) => {
    const { response, body, shown } = await exchange({ statusCode: 200, headers });
    expect([response.status, body]).toEqual([500, '{"message":"Internal Server Error"}']);
    expect(response.headers.get('set-cookie')).toBeNull();
    expect(shown).toContain(reason);
    expect(shown).not.toMatch(/[\r\n]/);
  });

  it('make a REST API answer 502', async () => {
    const multiValueHeaders = { 'x-a': ['fine', 'b\n'] };
    const { response, body } = await exchange({ statusCode: 200, multiValueHeaders }, 'rest');
    expect([response.status, body]).toEqual([502, '{"message":"Internal server error"}']);
  });
});

it('drops headers that are about the connection to the function', async () => {
  const headers = {
    'Transfer-Encoding': 'gzip, chunked',
    Connection: 'upgrade',
    Upgrade: 'x',
    Trailer: 'x-late',
    'Keep-Alive': 'timeout=99',
    'x-kept': '1',
  };
  const { response, body } = await exchange({ statusCode: 200, headers, body: 'whole' });
  expect([response.status, body]).toEqual([200, 'whole']);
  expect(response.headers.get('x-kept')).toBe('1');
  expect(response.headers.get('content-length')).toBe('5');
  for (const name of ['transfer-encoding', 'upgrade', 'trailer'])
    expect(response.headers.has(name)).toBe(false);
  expect(response.headers.get('keep-alive')).not.toBe('timeout=99');
});

it('answers, and says why, when a function cannot be invoked at all', async () => {
  const { response, shown } = await exchange(new Error('no more processes'));
  expect(response.status).toBe(500);
  expect(shown).toContain('no more processes');
});
