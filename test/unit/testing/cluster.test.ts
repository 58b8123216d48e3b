import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import {
  ManualClock,
  startCluster,
  startNode,
  type TestCluster,
  type TestNode,
} from '../../../src/testing/index.ts';
import { exchange, RawClient } from '../../support/raw-client.ts';

let cluster: TestCluster;
beforeEach(async () => {
  cluster = await startCluster({ nodes: 2 });
});
afterEach(() => cluster.close());

const ASK = ['config get cluster\r\n'];
const ask = (): Promise<string> => exchange(cluster.configNode, ASK);
const reply = (body: string): string => `CONFIG cluster 0 ${body.length}\r\n${body}\r\nEND\r\n`;
const list = (): string => cluster.nodes.map(({ port }) => `127.0.0.1|127.0.0.1|${port}`).join(' ');

test('the configuration endpoint and every node tell version and nodes', async () => {
  expect(cluster.configEndpoint).toBe(cluster.configNode.name);
  expect(cluster.names).not.toContain(cluster.configEndpoint);
  const expected = reply(`1\n${list()}\n`);
  expect(await ask()).toBe(expected);
  for (const node of cluster.nodes) expect(await exchange(node, ASK)).toBe(expected);
});

test('other forms of config are errors', async () => {
  const forms =
    'config\r\nconfig get\r\nconfig get other\r\nconfig set cluster 0 1\r\nconfig get cluster x\r\n';
  expect(await exchange(cluster.configNode, [forms])).toBe('ERROR\r\n'.repeat(5));
});

test('a node that is added or removed raises the version', async () => {
  const added = await cluster.addNode();
  expect(cluster.version).toBe(2);
  expect(cluster.names).toContain(added.name);
  expect(await ask()).toBe(reply(`2\n${list()}\n`));

  const [first] = cluster.nodes;
  await cluster.removeNode(first!);
  expect(await ask()).toBe(reply(`3\n${list()}\n`));
  await expect(RawClient.connect(first!)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  await expect(cluster.removeNode(first!)).rejects.toThrow(RangeError);
});

test('a removed node may run on until the cluster closes', async () => {
  const [first] = cluster.nodes;
  await cluster.removeNode(first!, { keepRunning: true });
  expect(await exchange(first!, ['mn\r\n'])).toBe('MN\r\n');
  await cluster.close();
  await expect(RawClient.connect(first!)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});

test('it can tell an older list, any list, none, nonsense or nothing', async () => {
  const before = reply(`1\n${list()}\n`);
  await cluster.addNode();
  cluster.serveConfig({ kind: 'version', version: 1 });
  expect(await ask()).toBe(before);
  cluster.serveConfig({ kind: 'list', version: 77, nodes: [{ host: 'other.example', port: 11211 }] });
  expect(await ask()).toBe(reply('77\nother.example|127.0.0.1|11211\n'));
  cluster.serveConfig({ kind: 'empty' });
  expect(await ask()).toBe(reply('2\n\n'));
  cluster.serveConfig({ kind: 'text', body: 'what?' });
  expect(await ask()).toBe(reply('what?'));
  cluster.serveConfig({ kind: 'error' });
  expect(await ask()).toBe('ERROR\r\n');
  cluster.serveConfig({ kind: 'current' });
  expect(await ask()).toBe(reply(`2\n${list()}\n`));
  expect(() => cluster.serveConfig({ kind: 'version', version: 3 })).toThrow(RangeError);
});

test('the configuration endpoint fails on its own', async () => {
  await cluster.configNode.kill();
  await expect(RawClient.connect(cluster.configNode)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  expect(await exchange(cluster.nodes[0]!, ASK)).toBe(reply(`1\n${list()}\n`));
});

test('nodes share what the cluster was given', async () => {
  const clock = new ManualClock();
  const other = await startCluster({ nodes: 1, clock, host: 'localhost', version: '1.6.22' });
  const [node] = other.nodes;
  expect(node!.name).toBe(`localhost:${node!.port}`);
  expect(await exchange(node!, ['version\r\nms a 0 T1\r\n\r\n'])).toBe('VERSION 1.6.22\r\nHD\r\n');
  clock.advance(1000);
  expect(await exchange(node!, ['mg a\r\n'])).toBe('EN\r\n');
  expect(await exchange(other.configNode, ASK)).toContain(`localhost|127.0.0.1|${node!.port}`);
  await other[Symbol.asyncDispose]();
});

test('a node that is cut off says nothing until it is joined again, and then all of it', async () => {
  const [first, second] = cluster.nodes as [TestNode, TestNode];
  const client = await RawClient.connect(first);
  onTestFinished(() => client.close());
  cluster.partition(first, cluster.configNode);
  client.write('set k 0 0 1\r\na\r\n');
  await expect.poll(() => first.stats.bytes_read).toBeGreaterThan(0);
  // The other node is well.
  expect(await exchange(second, ['mn\r\n'])).toBe('MN\r\n');
  expect([client.received, first.items()]).toEqual(['', []]);
  cluster.heal(second, first);
  expect(await client.ask('', '\r\n')).toBe('STORED\r\n');
  expect(cluster.configNode.faults.active).toEqual([{ kind: 'hang' }]);
  cluster.heal();
  expect(await ask()).toContain('CONFIG');
});

test('healing leaves faults of the test alone, and foreign nodes are refused', async () => {
  const [first, second] = cluster.nodes as [TestNode, TestNode];
  second.faults.set({ kind: 'hang' });
  cluster.partition(first);
  cluster.heal();
  expect(second.faults.active).toEqual([{ kind: 'hang' }]);
  const stranger = await startNode();
  onTestFinished(() => stranger.close());
  expect(() => cluster.partition(first, stranger)).toThrow(RangeError);
  expect(first.faults.active).toEqual([]);
});
