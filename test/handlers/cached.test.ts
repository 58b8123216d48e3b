import net from 'node:net';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type MemcachedCluster, memcachedAvailable, startMemcachedCluster } from '../support/memcached.ts';
import { bodyOf, type Catalogue, type EventName, loadCatalogue, readEvent } from './catalogue.ts';

const SHAPES = ['HTTP', 'REST'] as const;
type Shape = (typeof SHAPES)[number];
const named = (route: 'get-item' | 'list-items' | 'put-item' | 'delete-item', shape: Shape): EventName =>
  shape === 'REST' ? `${route}-rest` : route;

describe.skipIf(!memcachedAvailable)('the catalogue over four nodes (needs memcached)', () => {
  let cluster: MemcachedCluster;
  let catalogue: Catalogue;

  beforeAll(async () => {
    cluster = await startMemcachedCluster(4);
    await publishNodes(cluster);
    catalogue = await loadCatalogue({
      SMEARCACHE_CONFIGURATION_ENDPOINT: cluster.names[0]!,
      SMEARCACHE_SMEAR_KEYS: 'item:1',
      ITEMS_TABLE: '',
    });
  });

  afterAll(async () => {
    vi.unstubAllEnvs();
    await cluster?.close();
  });

  const get = (id: string, shape: Shape = 'HTTP') =>
    catalogue.getItem(readEvent(named('get-item', shape), { id }));
  const list = (ids: string, shape: Shape = 'HTTP') =>
    catalogue.listItems(readEvent(named('list-items', shape), { ids }));

  it.each([
    ['HTTP', '10'],
    ['REST', '11'],
  ] as const)('misses, then hits, and says which node answered (%s)', async (shape, id) => {
    const miss = await get(id, shape);
    const hit = await get(id, shape);
    expect(miss).toMatchObject({ statusCode: 200, headers: { 'x-cache': 'miss' } });
    expect(hit).toMatchObject({ statusCode: 200, headers: { 'x-cache': 'hit' } });
    expect(bodyOf(hit)).toEqual(bodyOf(miss));
    expect(bodyOf(hit)).toMatchObject({ id, name: expect.any(String), priceCents: expect.any(Number) });
    expect(cluster.names).toContain(hit.headers?.['x-cache-node']);
    expect(hit.headers?.['x-cache-node']).toBe(miss.headers?.['x-cache-node']);
  });

  it('serves the hot item from more than one node', async () => {
    const nodes = new Set<unknown>();
    for (let i = 0; i < 60; i++) {
      const { headers } = await catalogue.getItem(readEvent('get-hot-item'));
      if (headers?.['x-cache'] === 'hit') nodes.add(headers['x-cache-node']);
    }
    expect(nodes.size).toBeGreaterThan(1);
  });

  it.each([
    ['HTTP', '20,21,22'],
    ['REST', '23,24,25'],
  ] as const)(
    'loads only what the cache lacks of a list, in the order asked for (%s)',
    async (shape, ids) => {
      const [first, second, third] = ids.split(',') as [string, string, string];
      await get(second);
      const miss = await list(ids, shape);
      expect(miss.headers).toMatchObject({ 'x-cache': 'miss', 'x-cache-hits': '1/3' });
      expect(bodyOf(miss)).toMatchObject({ items: [{ id: first }, { id: second }, { id: third }] });

      const hit = await list(ids, shape);
      expect(hit.headers).toMatchObject({ 'x-cache': 'hit', 'x-cache-hits': '3/3' });
      expect(bodyOf(hit)).toEqual(bodyOf(miss));
      expect((await get(third)).headers).toMatchObject({ 'x-cache': 'hit' });
    },
  );

  it('leaves out of a list what does not exist', async () => {
    const { statusCode, body } = await list('26,nothing,27');
    expect(statusCode).toBe(200);
    expect(JSON.parse(body)).toMatchObject({ items: [{ id: '26' }, { id: '27' }] });
  });

  it.each(SHAPES)('shows a new price at once after PUT (%s)', async (shape) => {
    const id = `put-${shape}`;
    expect(await get(id)).toMatchObject({ statusCode: 404, headers: { 'x-cache': 'miss' } });
    const put = await catalogue.putItem(readEvent(named('put-item', shape), { id }));
    const item = { id, name: 'Enamel coffee mug, 500 ml', priceCents: 1490 };
    expect(put.statusCode).toBe(200);
    expect(bodyOf(put)).toEqual(item);
    expect(bodyOf(await get(id))).toEqual(item); // nothing had been cached for the 404
    expect((await get(id)).headers).toMatchObject({ 'x-cache': 'hit' });

    const cheaper = { ...readEvent('put-item', { id }), body: JSON.stringify({ ...item, priceCents: 990 }) };
    await catalogue.putItem(cheaper);
    const after = await get(id);
    expect(after.headers).toMatchObject({ 'x-cache': 'miss' });
    expect(bodyOf(after)).toEqual({ ...item, priceCents: 990 });
  });

  it.each([
    ['HTTP', '30'],
    ['REST', '31'],
  ] as const)('finds nothing after DELETE (%s)', async (shape, id) => {
    await get(id);
    expect((await get(id)).headers).toMatchObject({ 'x-cache': 'hit' });
    const gone = await catalogue.deleteItem(readEvent(named('delete-item', shape), { id }));
    expect(gone).toEqual({ statusCode: 204, body: '' });
    expect(await get(id)).toMatchObject({ statusCode: 404, headers: { 'x-cache': 'miss' } });
  });

  it('caches ids that memcached could not hold as keys', async () => {
    const id = `a b\r\nget x\r\n${'é'.repeat(150)}`;
    await catalogue.putItem(readEvent('put-item', { id }));
    await get(id);
    const hit = await get(id);
    expect(hit.headers).toMatchObject({ 'x-cache': 'hit' });
    expect(bodyOf(hit)).toMatchObject({ id });
  });

  it('answers on every route after a node has died', async () => {
    await cluster.nodes[3]!.close();
    const ids = Array.from({ length: 40 }, (_, i) => String(i + 1)).filter(
      (id) => !['30', '31'].includes(id),
    );
    const answers = await Promise.all(ids.map((id) => get(id)));
    expect(answers.map(({ statusCode }) => statusCode)).toEqual(ids.map(() => 200));
    // Whoever finds it dead may be served by its neighbour at once.
    for (const { headers } of answers) expect(headers?.['x-cache']).toMatch(/^(hit|miss|bypass)$/);
    expect(bodyOf(await list(ids.join(',')))).toMatchObject({ items: ids.map((id) => ({ id })) });
    for (const id of ids.slice(0, 8)) {
      expect(await catalogue.putItem(readEvent('put-item', { id }))).toMatchObject({ statusCode: 200 });
      expect(await catalogue.deleteItem(readEvent('delete-item', { id }))).toMatchObject({ statusCode: 204 });
    }
  });
});

/** Puts the node list where clients look on a memcached that knows no `config get cluster`. */
async function publishNodes({ nodes }: MemcachedCluster): Promise<void> {
  const list = `1\n${nodes.map(({ host, port }) => `${host}|${host}|${port}`).join(' ')}\n`;
  const socket = net.connect(nodes[0]!.port, nodes[0]!.host);
  socket.write(`set AmazonElastiCache:cluster 0 0 ${list.length}\r\n${list}\r\n`);
  for await (const reply of socket) {
    expect(String(reply)).toBe('STORED\r\n');
    break; // leaving the loop closes the socket
  }
}
