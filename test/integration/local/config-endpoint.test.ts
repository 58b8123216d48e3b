import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ask } from '../../../scripts/local/cluster/ask.ts';
import { type ConfigEndpoint, startConfigEndpoint } from '../../../scripts/local/cluster/config-endpoint.ts';

const NODES = [
  { host: '127.0.0.1', port: 11211 },
  { host: '127.0.0.1', port: 11212 },
];
const LIST = '1\n127.0.0.1|127.0.0.1|11211 127.0.0.1|127.0.0.1|11212\n';

let endpoint: ConfigEndpoint;
beforeEach(async () => {
  endpoint = await startConfigEndpoint(NODES);
});
afterEach(() => endpoint.close());

it.each([
  ['config get cluster', `CONFIG cluster 0 ${LIST.length}\r\n${LIST}\r\nEND\r\n`],
  ['get AmazonElastiCache:cluster', `VALUE AmazonElastiCache:cluster 0 ${LIST.length}\r\n${LIST}\r\nEND\r\n`],
  ['get other', 'ERROR\r\n'],
])('answers %s', async (command, reply) => {
  expect(await ask(endpoint, command)).toBe(reply);
});

// A client that speaks TLS to it does so: the first line that it is answered by is an alert.
it('outlives a client that hangs up on its answers', async () => {
  const socket = connect(endpoint.port, endpoint.host);
  await once(socket, 'connect');
  socket.write('version\r\n'.repeat(10_000));
  await once(socket, 'data');
  socket.resetAndDestroy();
  await once(socket, 'close');
  expect(await ask(endpoint, 'get other')).toBe('ERROR\r\n');
});
