import { describe, expect, it } from 'vitest';
import { RouteTable } from '../../../scripts/local/gateway/route-table.ts';
import type { Route } from '../../../scripts/local/template/routes.ts';

function tableOf(...keys: string[]): RouteTable {
  return new RouteTable(
    keys.map((key): Route => {
      const [method, path] = key === '$default' ? ['ANY', key] : (key.split(' ') as [string, string]);
      return {
        functionName: key,
        api: 'http',
        payload: '2.0',
        method,
        path,
        stage: '$default',
        binaryMediaTypes: [],
      };
    }),
  );
}

describe('the route of a request', () => {
  // The order of the routes must not matter, so the most general ones come first.
  const table = tableOf(
    '$default',
    'ANY /{proxy+}',
    'GET /pets/{proxy+}',
    'ANY /pets/dog',
    'GET /pets/dog/{id}',
    'GET /pets/dog/1',
    'GET /pets/dog',
    'GET /{kind}/{id}/toys',
  );

  it.each([
    ['GET', '/pets/dog/1', 'GET /pets/dog/1', {}],
    ['GET', '/pets/dog/2', 'GET /pets/dog/{id}', { id: '2' }],
    ['GET', '/pets/dog', 'GET /pets/dog', {}],
    ['POST', '/pets/dog', 'ANY /pets/dog', {}],
    ['GET', '/pets/cat/1/2', 'GET /pets/{proxy+}', { proxy: 'cat/1/2' }],
    ['GET', '/birds/7/toys', 'GET /{kind}/{id}/toys', { kind: 'birds', id: '7' }],
    ['POST', '/test/5', 'ANY /{proxy+}', { proxy: 'test/5' }],
    ['GET', '/a%2Fb', 'ANY /{proxy+}', { proxy: 'a%2Fb' }],
    ['GET', '/', '$default', {}],
  ])('%s %s is %s', (method, path, key, parameters) => {
    const match = table.match(method, path);
    expect(match?.route.functionName).toBe(key);
    expect(match?.parameters).toEqual(parameters);
  });

  it.each([
    ['GET', '/items'],
    ['GET', '/items/'],
    ['GET', '/items/1/more'],
    ['POST', '/items/1'],
  ])('%s %s has none', (method, path) => {
    expect(tableOf('GET /items/{id}').match(method, path)).toBeUndefined();
  });
});

it('refuses two functions on one route', () => {
  expect(() => tableOf('GET /items', 'GET /items')).toThrow('GET /items is a route of both');
});
