import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, it } from 'vitest';
import { WireTap } from '../../../bench/balance/wire-tap.ts';
import { createCache } from '../../../src/index.ts';
import { startNode } from '../../../src/testing/index.ts';

const tap = new WireTap();

it('counts what a client and a bare socket send, command by command', async () => {
  const node = await startNode();
  const cache = createCache({ discovery: { nodes: [node.name] }, transport: 'meta' });
  tap.watch('key');
  await cache.wrap('key', () => 'a value\r\nmg that:is:no command\r\n', { ttlSeconds: 60 });
  expect(await cache.get('key')).toContain('no command');
  // A read with the lease, the fill, a read.
  expect(tap.counts).toEqual({ all: 3, byNode: { '127.0.0.1': 3 }, own: {} });
  expect(tap.watchedReads.map((read) => read.node)).toEqual(['127.0.0.1', '127.0.0.1']);
  expect(tap.sockets).toBe(1);
  await cache.close();

  const socket = connect(node.port, '127.0.0.1');
  await once(socket, 'connect');
  socket.write('ma sc~c~key N5 J1 v\r\nmg ns:sc~list v\r\nmg ns:sc~h~digest v\r\n');
  socket.write(Buffer.from('ms sc~list 4 T60\r\nma x\r\nmg key~sc v\r\nmg key2 v\r\n'));
  expect(tap.counts.all).toBe(9);
  expect(tap.counts.own).toEqual({ 'ma c': 1, 'mg list': 1, 'ms list': 1 });
  expect(tap.watchedReads).toHaveLength(3);
  const closed = once(socket, 'close');
  socket.destroy();
  await closed;
  expect(tap.sockets).toBe(0);
  await node.close();
});
