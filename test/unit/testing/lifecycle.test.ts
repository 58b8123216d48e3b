import { afterEach, beforeEach, expect, test } from 'vitest';
import { startNode, type TestNode } from '../../../src/testing/index.ts';
import { exchange, RawClient } from '../../support/raw-client.ts';

let node: TestNode;
beforeEach(async () => {
  node = await startNode();
  await exchange(node, ['ms a 1\r\n1\r\n']);
});
afterEach(() => node.close());

const refused = { code: 'ECONNREFUSED' };

test('refuse: no new connections, the old ones live, and accept takes it back on the same port', async () => {
  const { port } = node;
  const client = await RawClient.connect(node);
  await client.ask('mn\r\n', 'MN\r\n');
  node.refuse();
  await expect(RawClient.connect(node)).rejects.toMatchObject(refused);
  expect(node.listening).toBe(false);
  expect(await client.ask('mg a v\r\n', '1\r\n')).toContain('VA 1');
  await node.accept();
  expect(node.port).toBe(port);
  expect(await exchange(node, ['mg a v\r\n'])).toBe('VA 1\r\n1\r\n');
  client.close();
});

test('kill: all connections end, and nobody listens', async () => {
  const clients = await Promise.all([RawClient.connect(node), RawClient.connect(node)]);
  await Promise.all(clients.map((client) => client.ask('mn\r\n', 'MN\r\n')));
  await node.kill();
  expect(await Promise.all(clients.map((client) => client.rest()))).toEqual(['', '']);
  expect(node.stats.curr_connections).toBe(0);
  await expect(RawClient.connect(node)).rejects.toMatchObject(refused);
});

test('restart: the same name, with nothing in it, or with all of it', async () => {
  const { name } = node;
  await node.restart({ keepData: true });
  expect(await exchange(node, ['mg a v\r\n'])).toBe('VA 1\r\n1\r\n');
  await node.restart();
  expect(node.name).toBe(name);
  expect(node.stats).toMatchObject({ curr_items: 0, cmd_set: 0 });
  expect(await exchange(node, ['mg a v\r\n'])).toBe('EN\r\n');
});

test('flush: empty at once, connections stay', async () => {
  const client = await RawClient.connect(node);
  node.flush();
  expect(await client.ask('mg a v\r\n', '\r\n')).toBe('EN\r\n');
  client.close();
});

test('close leaves nothing behind, whatever was under way', async () => {
  const idle = process
    .getActiveResourcesInfo()
    .filter((name) => name !== 'TCPSocketWrap')
    .sort();
  const other = await startNode();
  const clients = await Promise.all(Array.from({ length: 5 }, () => RawClient.connect(other)));
  other.faults.set({ kind: 'slow', delayMillis: 60_000 });
  for (const client of clients) client.write('mg a v\r\nms b 100\r\nhalf');
  await expect.poll(() => other.stats.cmd_get).toBe(5);
  await other.close();
  await other.close();
  for (const client of clients) client.close();
  await expect
    .poll(() =>
      process
        .getActiveResourcesInfo()
        .filter((name) => name !== 'TCPSocketWrap')
        .sort(),
    )
    .toEqual(idle);
  expect(other.stats.curr_connections).toBe(0);
});

test('ends with the scope that disposes it', async () => {
  const other = await startNode({ host: 'localhost' });
  expect(other.name).toBe(`localhost:${other.port}`);
  await other[Symbol.asyncDispose]();
  await expect(RawClient.connect(other)).rejects.toMatchObject(refused);
});
