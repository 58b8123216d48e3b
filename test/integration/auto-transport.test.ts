import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { createCache } from '../../src/create-cache.ts';
import { AutoTransport } from '../../src/memcached/auto-transport.ts';
import { tcpDial } from '../../src/memcached/dial.ts';
import { loadMemjs } from '../../src/memcached/memjs-module.ts';
import { MemjsTransport } from '../../src/memcached/memjs-transport.ts';
import type { TransportListener } from '../../src/memcached/transport.ts';
import { startNode, type TestNode } from '../../src/testing/index.ts';
import { type FaultyPeer, startFaultyPeer } from '../support/faulty-peer.ts';
import { memcachedAvailable, startMemcached } from '../support/memcached.ts';
import { startTcpPeer } from '../support/tcp-peer.ts';

const NEVER = Number.POSITIVE_INFINITY;
const TIMEOUTS = { connectTimeoutMillis: 500, operationTimeoutMillis: 500 };

const OLD = ['1.4.5', '1.4.34', '1.5.10', '1.5.16', '1.5.22', '1.6.0', '1.6.6', '1.6.9', '1.6.9-beta'];
const NEW = [
  '1.6.10',
  '1.6.12',
  '1.6.17',
  '1.6.18',
  '1.6.22',
  '1.6.22-AWS',
  '1.6.22.1',
  '1.6.40',
  '1.10.0',
  '2.0.0',
  '21',
];

const opened: { close(): Promise<void> }[] = [];
const keep = <T extends { close(): Promise<void> }>(thing: T): T => {
  opened.push(thing);
  return thing;
};
afterEach(async () => {
  for (const thing of opened.splice(0).reverse()) await thing.close();
});

/** A node that writes down each byte it was sent, and the transport that finds out what it speaks. */
function autoOver(at: { host: string; port: number; name: string }): {
  transport: AutoTransport;
  told: string[];
  loaded: () => number;
} {
  const told: string[] = [];
  let loads = 0;
  const listener: TransportListener = {
    answered: () => void told.push('answered'),
    failed: (error) => void told.push(`failed: ${error.code}`),
    chose: (transport, version) => void told.push(`chose ${transport} for ${version}`),
  };
  const openMemjs = async (ofMemjs: TransportListener = listener) => {
    loads++;
    return new MemjsTransport(await loadMemjs(), at.host, at.port, TIMEOUTS, systemClock, ofMemjs);
  };
  const dial = tcpDial(at.host, at.port);
  const transport = keep(new AutoTransport(at.name, dial, TIMEOUTS, systemClock, listener, openMemjs));
  return { transport, told, loaded: () => loads };
}

/** A peer in between that says that the engine is another. */
async function startTap(target: { host: string; port: number }, version: string): Promise<FaultyPeer> {
  const peer = keep(await startFaultyPeer({ host: target.host, port: target.port }));
  peer.set({
    edit: (bytes) =>
      bytes.toString('latin1').startsWith('VERSION ') ? Buffer.from(`VERSION ${version}\r\n`) : bytes,
  });
  return peer;
}

const item = (value: string) => ({ value: Buffer.from(value), flags: 7, ttlSeconds: 60 });

describe('the transport that a node gets', () => {
  it.each(NEW)('is meta for memcached %s', async (version) => {
    const node = keep(await startNode({ version: /^[\d.]+$/.test(version) ? version : '1.6.22' }));
    const tap = await startTap(node, version);
    const { transport, told, loaded } = autoOver(tap);
    expect(await transport.get('absent', NEVER)).toEqual({ kind: 'miss' });
    expect(await transport.store('set', 'k', item('v'), NEVER)).toEqual({ kind: 'stored' });
    expect(await transport.get('k', NEVER)).toMatchObject({ kind: 'hit', value: Buffer.from('v'), flags: 7 });
    const kinds = (await transport.getMany(['absent', 'k', 'gone'], NEVER)).map(({ kind }) => kind);
    expect(kinds).toEqual(['miss', 'hit', 'miss']);
    expect(transport.capabilities.multiGet).toBe(true);
    expect(loaded()).toBe(0);
    expect(told).toEqual([`chose meta for ${version}`, 'answered']);
    expect(tap.sockets).toHaveLength(1);
  });

  it.each(OLD)('is memjs for memcached %s', async (version) => {
    const node = keep(await startNode({ version: /^[\d.]+$/.test(version) ? version : '1.6.9' }));
    const tap = await startTap(node, version);
    const { transport, told, loaded } = autoOver(tap);
    expect(await transport.get('absent', NEVER)).toEqual({ kind: 'miss' });
    expect(await transport.store('set', 'k', item('v'), NEVER)).toEqual({ kind: 'stored' });
    expect(await transport.get('k', NEVER)).toMatchObject({ kind: 'hit', value: Buffer.from('v'), flags: 7 });
    const kinds = (await transport.getMany(['absent', 'k'], NEVER)).map(({ kind }) => kind);
    expect(kinds).toEqual(['miss', 'hit']);
    expect(transport.capabilities.multiGet).toBe(false);
    expect(loaded()).toBe(1);
    expect(told).toEqual([`chose memjs for ${version}`, 'answered']);
  });

  it.each(['unknown', 'sixteen', ''])('is meta for a version that cannot be read: %j', async (version) => {
    const node = keep(await startNode());
    const tap = await startTap(node, version);
    const { transport } = autoOver(tap);
    expect(await transport.get('k', NEVER)).toEqual({ kind: 'miss' });
    expect(transport.capabilities.multiGet).toBe(true);
  });

  it('is chosen once for callers that come together, none of whom is turned away', async () => {
    for (const version of ['1.5.16', '1.6.18']) {
      const node = keep(await startNode({ version }));
      const { transport, told, loaded } = autoOver(node);
      const outcomes = await Promise.all([
        ...Array.from({ length: 50 }, (_, i) => transport.get(`k${i}`, NEVER)),
        transport.store('set', 's', item('v'), NEVER),
        transport.delete('d', NEVER),
        transport.getMany(['a', 'b'], NEVER),
      ]);
      expect(outcomes.slice(0, 50).every((outcome) => 'kind' in outcome && outcome.kind === 'miss')).toBe(
        true,
      );
      expect(outcomes.slice(50)).toEqual([
        { kind: 'stored' },
        { kind: 'not-found' },
        [{ kind: 'miss' }, { kind: 'miss' }],
      ]);
      expect(told.filter((line) => line.startsWith('chose'))).toHaveLength(1);
      expect(loaded()).toBe(version === '1.5.16' ? 1 : 0);
    }
  });
});

describe('an engine that is too old for meta', () => {
  it.each(['1.5.16', '1.6.6'])('%s is asked for its version in text and nothing else', async (version) => {
    const heard: Buffer[] = [];
    const peer = keep(
      await startTcpPeer((socket) => {
        socket.on('data', (bytes) => {
          heard.push(bytes);
          if (bytes.toString('latin1') === 'version\r\n') socket.write(`VERSION ${version}\r\n`);
        });
      }),
    );
    const { transport } = autoOver(peer);
    // A value that an engine without `ms` would read as commands.
    const value = 'flush_all\r\nset pwned 0 0 1\r\nx\r\n';
    const calls = [
      transport.store('set', 'k', item(value), NEVER),
      transport.store('add', 'k', item(value), NEVER),
      transport.get('k', NEVER),
      transport.delete('k', NEVER),
      transport.getMany(['k', 'l'], NEVER),
    ];
    await expect.poll(() => Buffer.concat(heard).length, { interval: 1 }).toBeGreaterThan(200);
    const [first, ...rest] = peer.sockets;
    expect(first!.bytesRead).toBe('version\r\n'.length);
    // What follows is binary, on a connection of its own: magic first, so no line of it is a text command.
    expect(rest).toHaveLength(1);
    const binary = Buffer.concat(heard).subarray('version\r\n'.length);
    for (let at = 0; at < binary.length; ) {
      expect(binary[at]).toBe(0x80);
      at += 24 + binary.readUInt32BE(at + 8);
    }
    await Promise.all(calls);
  });

  it('is up, whatever its version, and refusals of its first connection blame nobody', async () => {
    const node = keep(await startNode({ version: '1.5.16' }));
    const { transport, told } = autoOver(node);
    await transport.get('k', NEVER);
    await transport.get('k', NEVER);
    expect(told.filter((line) => line.startsWith('failed'))).toEqual([]);
    // The connection that asked for the version is not kept.
    await expect.poll(() => node.stats.curr_connections, { interval: 1 }).toBe(1);
  });
});

describe.skipIf(!memcachedAvailable)('a real node under a version of long ago (needs memcached)', () => {
  it('is served by memjs', async () => {
    const memcached = keep(await startMemcached());
    const tap = await startTap(memcached, '1.5.16');
    const { transport, told } = autoOver(tap);
    const value = Buffer.from(Array.from({ length: 100_000 }, (_, at) => at & 0xff));
    expect(await transport.store('set', 'k', { value, flags: 1, ttlSeconds: 60 }, NEVER)).toEqual({
      kind: 'stored',
    });
    const outcome = await transport.get('k', NEVER);
    expect(outcome.kind === 'hit' && outcome.value.equals(value)).toBe(true);
    expect(await transport.store('add', 'k', item('v'), NEVER)).toEqual({ kind: 'refused' });
    expect(await transport.delete('k', NEVER)).toEqual({ kind: 'deleted' });
    expect(told[0]).toBe('chose memjs for 1.5.16');
  });

  it('gives the cache what it stored, and tells the logger', async () => {
    const memcached = keep(await startMemcached());
    const tap = await startTap(memcached, '1.6.6');
    const lines: unknown[] = [];
    const cache = keep(
      createCache({
        discovery: { nodes: [tap.name] },
        ...TIMEOUTS,
        logger: {
          debug: (message, ...details) => void lines.push([message, ...details]),
          info: () => {},
          warn: (message) => void lines.push(message),
        },
      }),
    );
    await cache.set('k', { a: 1 }, { ttlSeconds: 60 });
    expect(await cache.get('k')).toEqual({ a: 1 });
    expect([...(await cache.getMany(['k', 'absent'])).hits]).toEqual([['k', { a: 1 }]]);
    expect(lines).toEqual([['cache node speaks', { node: tap.name, transport: 'memjs', version: '1.6.6' }]]);
  });
});

describe('an engine that is replaced', () => {
  /** The same port, another engine: connections of the old one end. */
  async function replaceable(
    version: string,
  ): Promise<{ node: TestNode; replaceBy(version: string): Promise<TestNode> }> {
    let node = keep(await startNode({ version }));
    const { port } = node;
    return {
      node,
      replaceBy: async (next) => {
        await node.close();
        node = keep(await startNode({ version: next, port }));
        return node;
      },
    };
  }

  it('by a newer one that speaks meta as well stays with meta, and is told no second time', async () => {
    const { node, replaceBy } = await replaceable('1.6.12');
    const { transport, told } = autoOver(node);
    await transport.get('k', NEVER);
    await replaceBy('1.6.22');
    expect(await transport.get('k', NEVER)).toEqual({ kind: 'miss' });
    expect(told).toEqual(['chose meta for 1.6.12', 'answered', 'answered']);
  });

  it('by an older one is served by memjs from then on, and is sent no meta command', async () => {
    const { node, replaceBy } = await replaceable('1.6.22');
    const { transport, told } = autoOver(node);
    await transport.store('set', 'k', item('v'), NEVER);
    const old = await replaceBy('1.5.16');
    // The call that finds out may have no answer; it says so.
    expect(['miss', 'unavailable']).toContain((await transport.get('k', NEVER)).kind);
    expect(await transport.store('set', 'k', item('w'), NEVER)).toEqual({ kind: 'stored' });
    expect(await transport.get('k', NEVER)).toMatchObject({ kind: 'hit', value: Buffer.from('w') });
    expect(told.filter((line) => line.startsWith('chose'))).toEqual([
      'chose meta for 1.6.22',
      'chose memjs for 1.5.16',
    ]);
    expect(told.filter((line) => line.startsWith('failed'))).toEqual([]);
    expect(old.item('k')!.value.toString()).toBe('w');
  });

  it('by an older one costs the calls that find it out, and no later one', async () => {
    const { node, replaceBy } = await replaceable('1.6.22');
    const { transport } = autoOver(node);
    await transport.get('k', NEVER);
    await replaceBy('1.5.16');
    const calls = () => Promise.all([transport.get('k', NEVER), transport.delete('k', NEVER)]);
    expect((await calls()).map(({ kind }) => kind)).toEqual(['unavailable', 'unavailable']);
    expect((await calls()).map(({ kind }) => kind)).toEqual(['miss', 'not-found']);
  });

  it('by one that speaks meta is served by meta once memjs has met trouble', async () => {
    const { node, replaceBy } = await replaceable('1.5.16');
    const { transport, told } = autoOver(node);
    await transport.get('k', NEVER);
    expect(transport.capabilities.multiGet).toBe(false);
    await node.close();
    expect(await transport.get('k', NEVER)).toMatchObject({ kind: 'unavailable' });
    await replaceBy('1.6.22');
    expect(await transport.get('k', NEVER)).toEqual({ kind: 'miss' });
    expect(transport.capabilities.multiGet).toBe(true);
    expect(told.filter((line) => line.startsWith('chose'))).toEqual([
      'chose memjs for 1.5.16',
      'chose meta for 1.6.22',
    ]);
  });
});

describe('closing before the engine is known', () => {
  it.each(['1.5.16', '1.6.18'])('settles what waits, on %s', async (version) => {
    const node = keep(await startNode({ version }));
    const { transport } = autoOver(node);
    const call = transport.get('k', NEVER);
    await transport.close();
    expect(['miss', 'unavailable']).toContain((await call).kind);
    await expect.poll(() => node.stats.curr_connections, { interval: 1 }).toBe(0);
    expect(await transport.get('k', NEVER)).toMatchObject({ kind: 'unavailable', error: { code: 'CLOSED' } });
    // A closed transport opens nothing again.
    await new Promise((resolve) => setImmediate(resolve));
    expect(node.stats.curr_connections).toBe(0);
  });
});

it('a memjs that cannot be loaded makes its node unavailable and throws nothing', async () => {
  const node = keep(await startNode({ version: '1.5.16' }));
  const listener: TransportListener = { answered: () => {}, failed: () => {} };
  let loads = 0;
  const transport = keep(
    new AutoTransport(node.name, tcpDial(node.host, node.port), TIMEOUTS, systemClock, listener, async () => {
      loads++;
      throw new Error('no such module');
    }),
  );
  for (let i = 0; i < 2; i++) {
    expect(await transport.get('k', NEVER)).toMatchObject({ kind: 'unavailable' });
    expect(await transport.getMany(['a', 'b'], NEVER)).toMatchObject([
      { kind: 'unavailable' },
      { kind: 'unavailable' },
    ]);
  }
  expect(loads).toBeGreaterThan(0);
});
