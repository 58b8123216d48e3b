import { vi } from 'vitest';
import { tcpDial } from '../../src/memcached/dial.ts';
import { MetaTransport } from '../../src/memcached/meta-transport.ts';
import { startNode } from '../../src/testing/index.ts';
import { describeNodeTransport } from './transport.contract.ts';

// The suite starts its node by this module: here it gets the one for users' tests instead.
vi.mock('../support/memcached.ts', async (original) => ({
  ...(await original<typeof import('../support/memcached.ts')>()),
  memcachedAvailable: true,
  startMemcached: async () => {
    const node = await startNode();
    const { host, port, name } = node;
    return { host, port, name, close: () => node.close() };
  },
}));

describeNodeTransport(
  'meta (to the in-process node)',
  ({ host, port, timeouts, clock, listener }) =>
    new MetaTransport(`${host}:${port}`, tcpDial(host, port), timeouts, clock, listener),
);
