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
