import memjs from 'memjs';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { type NodeOptions, startNode, type TestNode } from '../../../src/testing/index.ts';
import { exchange, RawClient } from '../../support/raw-client.ts';

let node: TestNode;
beforeEach(async () => {
  node = await startNode();
});
afterEach(() => node.close());

async function another(options: NodeOptions): Promise<TestNode> {
  const started = await startNode(options);
  onTestFinished(() => started.close());
  return started;
}

test('meta, classic and binary commands meet the same items on one port', async () => {
  const client = memjs.Client.create(node.name, { retries: 1 });
  await client.set('from memjs', 'binary', { expires: 60 });
  await exchange(node, ['set classic 7 0 4\r\ntext\r\n', 'ms meta 4 F9 T60\r\nmeta\r\n']);

  expect(await exchange(node, ['mg classic v f\r\nget meta\r\n'])).toBe(
    'VA 4 f7\r\ntext\r\nVALUE meta 9 4\r\nmeta\r\nEND\r\n',
  );
  const { value, flags } = await client.get('classic');
  expect(value?.toString()).toBe('text');
  expect(flags?.readUInt32BE()).toBe(7);
  expect(node.items().map(({ key }) => key)).toEqual(['from memjs', 'classic', 'meta']);
  client.close();
});

test('memjs finds all its commands', async () => {
  const client = memjs.Client.create(node.name, { retries: 1 });
  expect(await client.set('key', 'one', {})).toBe(true);
  expect(await client.add('key', 'two', {})).toBe(false);
  expect(await client.replace('key', 'two', {})).toBe(true);
  expect(await client.append('key', '!')).toBe(true);
  expect((await client.get('key')).value?.toString()).toBe('two!');
  expect(await client.touch('key', 60)).toBe(true);
  expect(node.item('key')?.ttlSeconds).toBeGreaterThanOrEqual(59);
  expect((await client.increment('count', 5, { initial: 1 })).value).toBe(1);
  expect((await client.increment('count', 5, {})).value).toBe(6);
  expect((await client.decrement('count', 50, {})).value).toBe(0);
  expect(await client.delete('key')).toBe(true);
  expect((await client.get('key')).value).toBeNull();
  expect(Object.values(await client.flush())).toEqual([true]);
  expect(node.items()).toEqual([]);
  client.close();
});

test('memjs signs in where nobody can', async () => {
  const client = memjs.Client.create(`user:password@${node.name}`, { retries: 1 });
  expect(await client.set('key', 'value', {})).toBe(true);
  client.close();
});

test('items can be looked at without being read', async () => {
  await exchange(
    node,
    ['ms kéy 5 F3 T100\r\nvalue\r\n'].map((text) => Buffer.from(text).toString('latin1')),
  );
  expect(node.item('kéy')).toEqual({
    key: 'kéy',
    value: Buffer.from('value'),
    flags: 3,
    ttlSeconds: 100,
    cas: 1n,
    stale: false,
    leased: false,
  });
  expect(node.item('other')).toBeUndefined();
  expect(await exchange(node, ['mg k\xc3\xa9y h\r\n'])).toBe('HD h0\r\n');
});

test('counts as memcached does', async () => {
  await exchange(node, [
    'set a 0 0 1\r\n1\r\nget a b\r\nmg a\r\nmg b N9\r\ntouch a 9\r\ndelete a\r\nincr b 1\r\n',
  ]);
  expect(node.stats).toMatchObject({
    cmd_get: 4,
    get_hits: 3,
    get_misses: 1,
    cmd_set: 1,
    cmd_touch: 1,
    delete_hits: 1,
    curr_items: 1,
    total_items: 2,
    total_connections: 1,
  });
  const general = await exchange(node, ['stats\r\n']);
  expect(general).toContain('STAT cmd_get 4\r\n');
  expect(general).toMatch(/^STAT pid \d+\r\n/);
  expect(general).toMatch(/\r\nEND\r\n$/);
  expect(await exchange(node, ['stats settings\r\n'])).toContain('STAT item_size_max 1048576\r\n');
  expect(await exchange(node, ['stats reset\r\n'])).toBe('RESET\r\n');
  expect(node.stats).toMatchObject({ cmd_get: 0, total_items: 0, curr_items: 1 });
});

test('counts connections', async () => {
  const first = await RawClient.connect(node);
  const second = await RawClient.connect(node);
  await Promise.all([first.ask('mn\r\n', 'MN\r\n'), second.ask('mn\r\n', 'MN\r\n')]);
  expect(node.stats.curr_connections).toBe(2);
  expect(await first.ask('quit\r\n', 'nothing')).toBe('');
  await second.ask('mn\r\n', 'MN\r\n');
  expect(node.stats).toMatchObject({ curr_connections: 1, total_connections: 2 });
  second.close();
});

test('the largest item fits to the byte, and one more takes the old one away', async () => {
  const largest = 1024 * 1024 - 60;
  expect(await exchange(node, [`ms a ${largest}\r\n${'x'.repeat(largest)}\r\n`])).toBe('HD\r\n');
  expect(await exchange(node, [`ms a ${largest + 1}\r\n${'x'.repeat(largest + 1)}\r\nmg a\r\n`])).toBe(
    'SERVER_ERROR object too large for cache\r\nEN\r\n',
  );
  expect(node.stats.store_too_large).toBe(1);
});

test('an item limit of its own', async () => {
  const small = await another({ itemSizeMaxBytes: 200 });
  expect(await exchange(small, [`set a 0 0 200\r\n${'x'.repeat(200)}\r\n`])).toBe(
    'SERVER_ERROR object too large for cache\r\n',
  );
});

test('the replies to one chunk of requests leave in one write', async () => {
  const client = await RawClient.connect(node);
  const chunks: string[] = [];
  client.socket.on('data', (chunk) => chunks.push(String(chunk)));
  await client.ask('mg a\r\nmg b\r\nset c 0 0 1\r\n1\r\nget c\r\nmn\r\n', 'MN\r\n');
  expect(chunks).toEqual(['EN\r\nEN\r\nSTORED\r\nVALUE c 0 1\r\n1\r\nEND\r\nMN\r\n']);
  client.close();
});

test('a client that never reads is not buffered for without end', async () => {
  const value = 'x'.repeat(500_000);
  await exchange(node, [`ms big ${value.length}\r\n${value}\r\n`]);
  const client = await RawClient.connect(node);
  client.socket.pause();
  const before = process.memoryUsage().arrayBuffers;
  for (let turn = 0; turn < 200; turn++) {
    client.write('mg big v\r\n');
    await new Promise(setImmediate);
  }
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(60_000_000);
  client.socket.resume();
  const reply = `VA ${value.length}\r\n${value}\r\n`;
  for (let turn = 0; turn < 200; turn++) expect((await client.take(reply.length)) === reply).toBe(true);
  client.close();
});

test('a version below 1.6.10 has no meta commands, one below 1.6.13 tells nothing of a miss', async () => {
  const old = await another({ version: '1.5.16' });
  expect(await exchange(old, ['version\r\nmg a v\r\nget a\r\n'])).toBe('VERSION 1.5.16\r\nERROR\r\nEND\r\n');
  const early = await another({ version: '1.6.12' });
  expect(await exchange(early, ['mg a v k O1\r\n'])).toBe('EN\r\n');
  expect(await exchange(node, ['version\r\nmg a v k O1\r\n'])).toBe('VERSION 1.6.18\r\nEN ka O1\r\n');
});

test('the key of the older discovery is an item like any other', async () => {
  const list = '1\nhost|127.0.0.1|11211\n';
  await exchange(node, [`set AmazonElastiCache:cluster 0 0 ${list.length}\r\n${list}\r\n`]);
  expect(await exchange(node, ['get AmazonElastiCache:cluster\r\nconfig get cluster\r\n'])).toBe(
    `VALUE AmazonElastiCache:cluster 0 ${list.length}\r\n${list}\r\nEND\r\nERROR\r\n`,
  );
});

test('a port that is taken is told', async () => {
  await expect(startNode({ port: node.port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
});
