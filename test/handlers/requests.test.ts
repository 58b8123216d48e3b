import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { ApiEvent } from '../../handlers/request.ts';
import { bodyOf, type Catalogue, loadCatalogue, readEvent } from './catalogue.ts';

let catalogue: Catalogue;

beforeAll(async () => {
  catalogue = await loadCatalogue({ SMEARCACHE_DISABLED: 'true', ITEMS_TABLE: '' });
});

afterAll(() => vi.unstubAllEnvs());

const put = (body: unknown, id = '1') =>
  catalogue.putItem({ ...readEvent('put-item', { id }), body: JSON.stringify(body) });

const NAME = 'name must be a string of 1 to 200 characters';
const PRICE = 'priceCents must be a whole number from 0 up';

describe('PUT /items/{id}', () => {
  it.each([
    ['an empty object', {}, `${NAME}; ${PRICE}`],
    ['null', null, `${NAME}; ${PRICE}`],
    ['a list', [1], `${NAME}; ${PRICE}`],
    ['a blank name', { name: '  ', priceCents: 1 }, NAME],
    ['a name that is no text', { name: 7, priceCents: 1 }, NAME],
    ['an endless name', { name: 'x'.repeat(201), priceCents: 1 }, NAME],
    ['a negative price', { name: 'Mug', priceCents: -1 }, PRICE],
    ['half a cent', { name: 'Mug', priceCents: 0.5 }, PRICE],
    ['a price as text', { name: 'Mug', priceCents: '100' }, PRICE],
  ])('refuses %s', async (_, body, error) => {
    const answer = await put(body);
    expect(answer.statusCode).toBe(400);
    expect(bodyOf(answer)).toEqual({ error });
  });

  it.each(['', '{', '{"name":"Mug"'])('refuses the body %j', async (body) => {
    const answer = await catalogue.putItem({ ...readEvent('put-item'), body });
    expect(answer.statusCode).toBe(400);
    expect(bodyOf(answer)).toEqual({ error: 'the body is not JSON' });
  });

  it('refuses a request without a body', async () => {
    const { body: _, ...event } = readEvent('put-item') as ApiEvent & { body?: string };
    expect((await catalogue.putItem(event as ApiEvent)).statusCode).toBe(400);
  });

  it('reads a body in base64', async () => {
    const body = Buffer.from('{"name":"Tasse à café ☕","priceCents":0}').toString('base64');
    const answer = await catalogue.putItem({ ...readEvent('put-item'), body, isBase64Encoded: true });
    expect(bodyOf(answer)).toEqual({ id: '7', name: 'Tasse à café ☕', priceCents: 0 });
  });

  it('takes the id from the path and drops fields that it does not know', async () => {
    const answer = await put({ id: '99', name: 'Mug', priceCents: 1, colour: 'blue' }, 'mug');
    expect(bodyOf(answer)).toEqual({ id: 'mug', name: 'Mug', priceCents: 1 });
  });
});

describe('the id in the path', () => {
  it('is any text of up to 200 characters', async () => {
    for (const id of ['%', 'a/b', '__proto__', 'x'.repeat(200), 'ä ☕\n']) {
      expect(bodyOf(await put({ name: 'Mug', priceCents: 1 }, id))).toMatchObject({ id });
      expect(bodyOf(await catalogue.getItem(readEvent('get-item', { id })))).toMatchObject({ id });
    }
  });

  it.each(['', 'x'.repeat(201)])('is refused when it is %j', async (id) => {
    for (const route of ['getItem', 'putItem', 'deleteItem'] as const) {
      expect(await catalogue[route](readEvent('put-item', { id }))).toMatchObject({ statusCode: 400 });
    }
  });

  it('comes encoded from a REST API, decoded from an HTTP API', async () => {
    await put({ name: 'Mug', priceCents: 1 }, '100% é');
    await put({ name: 'Cup', priceCents: 2 }, '100%25%20%C3%A9');
    const encoded = { id: '100%25%20%C3%A9' };
    expect(bodyOf(await catalogue.getItem(readEvent('get-item-rest', encoded)))).toMatchObject({
      name: 'Mug',
    });
    expect(bodyOf(await catalogue.getItem(readEvent('get-item', encoded)))).toMatchObject({ name: 'Cup' });
  });

  it('is refused from a REST API when it is not URL-encoded', async () => {
    const answer = await catalogue.getItem(readEvent('get-item-rest', { id: '100%' }));
    expect(answer.statusCode).toBe(400);
  });
});

describe('GET /items', () => {
  it.each([
    ['no query', undefined],
    ['no ids', {}],
    ['empty ids', { ids: '' }],
    ['a gap', { ids: '1,,2' }],
    ['101 ids', { ids: Array.from({ length: 101 }, (_, i) => i).join() }],
    ['an id that is too long', { ids: 'x'.repeat(201) }],
  ] as [string, { ids?: string } | undefined][])('refuses %s, from either API', async (_, query) => {
    const http = { ...readEvent('list-items'), queryStringParameters: query };
    const rest = {
      ...readEvent('list-items-rest'),
      queryStringParameters: query ?? null,
      multiValueQueryStringParameters: query?.ids === undefined ? null : { ids: [query.ids] },
    };
    for (const event of [http, rest]) {
      const answer = await catalogue.listItems(event as ApiEvent);
      expect(answer.statusCode).toBe(400);
      expect(bodyOf(answer)).toEqual({ error: expect.stringMatching(/id/) });
    }
  });

  it('takes 100 ids, and an id named twice as one', async () => {
    const ids = Array.from({ length: 100 }, (_, i) => i + 1);
    const answer = await catalogue.listItems(readEvent('list-items', { ids: [...ids, 1, 2].join() }));
    expect(answer).toMatchObject({ statusCode: 200, headers: { 'x-cache-hits': '0/100' } });
    expect((bodyOf(answer) as { items: unknown[] }).items).toHaveLength(40);
  });

  it('joins a parameter that is given twice', async () => {
    const expected = { items: [{ id: '1' }, { id: '2' }, { id: '3' }] };
    expect(bodyOf(await catalogue.listItems(readEvent('list-items')))).toMatchObject(expected);
    expect(bodyOf(await catalogue.listItems(readEvent('list-items-rest')))).toMatchObject(expected);
  });
});
