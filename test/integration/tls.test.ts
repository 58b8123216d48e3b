import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import tls from 'node:tls';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import type { CacheOptions } from '../../src/client/options.ts';
import { createCache } from '../../src/create-cache.ts';
import { tlsDials } from '../../src/memcached/dial.ts';
import { MetaTransport } from '../../src/memcached/meta-transport.ts';
import { startNode, type TestNode } from '../../src/testing/index.ts';
import { startConfigEndpoint } from '../support/config-endpoint.ts';
import { freePort, memcachedAvailable } from '../support/memcached.ts';
import { startTcpPeer } from '../support/tcp-peer.ts';

const CERTIFICATES = new URL('../support/certificates/', import.meta.url);
const pem = (name: string): string => readFileSync(new URL(`${name}.pem`, CERTIFICATES), 'utf8');
const ca = pem('ca');

const NEVER = Number.POSITIVE_INFINITY;
const PATIENT = { connectTimeoutMillis: 2_000, operationTimeoutMillis: 2_000 };

/** TLS on a free loopback port, with the clear stream passed on to `target`. */
interface TlsFront {
  readonly port: number;
  /** `localhost:port`, the name in the certificate. */
  readonly name: string;
  /** Every handshake that succeeded: whether it resumed a session, and the name that was asked for. */
  readonly handshakes: readonly { readonly resumed: boolean; readonly servername: string }[];
  /** Every TCP connection. */
  readonly connections: number;
  /** Ends what is connected. */
  drop(): void;
  close(): Promise<void>;
}

async function startTlsFront(target: { port: number }, certificate = 'server'): Promise<TlsFront> {
  const handshakes: { resumed: boolean; servername: string }[] = [];
  const sockets = new Set<net.Socket>();
  let connections = 0;
  const credentials = { key: pem(certificate), cert: pem(certificate), noDelay: true };
  const server = tls.createServer(credentials, (client) => {
    handshakes.push({
      resumed: client.isSessionReused(),
      servername: String((client as { servername?: string | false }).servername),
    });
    const onward = net.connect(target.port, '127.0.0.1');
    onward.on('error', () => client.destroy());
    client.on('error', () => onward.destroy());
    client.on('close', () => onward.destroy());
    onward.on('close', () => client.destroy());
    client.pipe(onward).pipe(client);
  });
  server.on('tlsClientError', () => {});
  server.on('connection', (socket: net.Socket) => {
    connections++;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  const drop = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port,
    name: `localhost:${port}`,
    handshakes,
    get connections() {
      return connections;
    },
    drop,
    close: async () => {
      drop();
      server.close();
      await once(server, 'close');
    },
  };
}

const opened: { close(): Promise<void> }[] = [];
const surprises: unknown[] = [];
const surprised = (reason: unknown): void => void surprises.push(reason);
const keep = <T extends { close(): Promise<void> }>(thing: T): T => {
  opened.push(thing);
  return thing;
};
const cacheOf = (options: CacheOptions) => keep(createCache({ ...PATIENT, ...options }));

beforeAll(() => {
  process.on('unhandledRejection', surprised);
  process.on('uncaughtException', surprised);
});
afterAll(() => {
  process.off('unhandledRejection', surprised);
  process.off('uncaughtException', surprised);
});
afterEach(async () => {
  for (const thing of opened.splice(0).reverse()) await thing.close();
  expect(surprises).toEqual([]);
});

describe('a cache over TLS', () => {
  let node: TestNode;
  beforeEach(async () => {
    node = keep(await startNode());
  });

  it('verifies the node’s name and works, on one connection', async () => {
    const front = keep(await startTlsFront(node));
    const cache = cacheOf({ discovery: { nodes: [front.name] }, tls: { ca } });
    await cache.set('k', { a: [1, 2, 3] }, { ttlSeconds: 60 });
    expect(await cache.get('k')).toEqual({ a: [1, 2, 3] });
    const large = 'x'.repeat(700_000);
    await cache.set('large', large, { ttlSeconds: 60 });
    expect(await cache.get('large')).toBe(large);
    const keys = Array.from({ length: 500 }, (_, i) => `many:${i}`);
    await Promise.all(keys.map((key, i) => cache.set(key, i, { ttlSeconds: 60 })));
    const { hits } = await cache.getMany(keys);
    expect(keys.map((key) => hits.get(key))).toEqual(keys.map((_, i) => i));
    await cache.delete('k');
    expect(await cache.get('k')).toBeUndefined();
    expect(front.handshakes).toEqual([{ resumed: false, servername: 'localhost' }]);
  });

  it('takes several first callers over one handshake', async () => {
    const front = keep(await startTlsFront(node));
    const cache = cacheOf({ discovery: { nodes: [front.name] }, tls: { ca } });
    await Promise.all(Array.from({ length: 50 }, (_, i) => cache.get(`k${i}`)));
    expect(front.connections).toBe(1);
  });

  it('verifies an address where the node is named by one', async () => {
    const front = keep(await startTlsFront(node));
    const cache = cacheOf({ discovery: { nodes: [`127.0.0.1:${front.port}`] }, tls: { ca } });
    await cache.set('k', 'v', { ttlSeconds: 60 });
    expect(await cache.get('k')).toBe('v');
    expect(front.handshakes).toEqual([{ resumed: false, servername: 'false' }]);
  });

  it.each([
    ['whose certificate is for another name', 'wrong-name', { ca }, /localhost/],
    ['whose certificate has expired', 'expired', { ca }, /expired/],
    ['whose certificate nobody known has signed', 'server', true as const, /certificate/],
    ['whose certificate is signed by itself', 'self-signed', true as const, /self-signed/],
    [
      'whose certificate is signed by itself, and not by the one we trust',
      'self-signed',
      { ca },
      /self-signed/,
    ],
  ])('refuses a node %s', async (_what, certificate, options, reason) => {
    const front = keep(await startTlsFront(node, certificate));
    const cache = cacheOf({ discovery: { nodes: [front.name] }, tls: options });
    const start = performance.now();
    expect(await cache.read('k')).toMatchObject({
      kind: 'unavailable',
      error: { message: expect.stringMatching(reason) },
    });
    expect(performance.now() - start).toBeLessThan(1_000);
    expect(await cache.get('k')).toBeUndefined();
    await cache.set('k', 'secret', { ttlSeconds: 60 });
    expect(node.stats.cmd_set).toBe(0);
    // Nothing was said to it, not even a question for its version.
    expect(node.stats.bytes_read).toBe(0);
  });

  it('takes a certificate that is signed by itself where it is told to trust that one', async () => {
    const front = keep(await startTlsFront(node, 'self-signed'));
    const cache = cacheOf({ discovery: { nodes: [front.name] }, tls: { ca: pem('self-signed') } });
    await cache.set('k', 'v', { ttlSeconds: 60 });
    expect(await cache.get('k')).toBe('v');
  });

  it('asks for the name that the options give where nodes are reached by another', async () => {
    const front = keep(await startTlsFront(node, 'wrong-name'));
    const cache = cacheOf({
      discovery: { nodes: [front.name] },
      tls: { ca, servername: 'other.example' },
    });
    await cache.set('k', 'v', { ttlSeconds: 60 });
    expect(await cache.get('k')).toBe('v');
    expect(front.handshakes[0]!.servername).toBe('other.example');
  });

  it('asks the configuration endpoint over TLS, too, and its nodes by their names', async () => {
    const front = keep(await startTlsFront(node));
    const endpoint = keep(await startConfigEndpoint([front.name]));
    const endpointFront = keep(await startTlsFront(endpoint));
    const cache = cacheOf({ discovery: { configurationEndpoint: endpointFront.name }, tls: { ca } });
    await cache.set('k', 'v', { ttlSeconds: 60 });
    expect(await cache.get('k')).toBe('v');
    expect(endpoint.asked).toBeGreaterThan(0);
    expect(endpointFront.handshakes[0]).toEqual({ resumed: false, servername: 'localhost' });
    expect(front.handshakes).toEqual([{ resumed: false, servername: 'localhost' }]);
  });

  it('believes no configuration endpoint whose certificate is wrong', async () => {
    const front = keep(await startTlsFront(node));
    const endpoint = keep(await startConfigEndpoint([front.name]));
    const endpointFront = keep(await startTlsFront(endpoint, 'wrong-name'));
    const warnings: unknown[] = [];
    const cache = cacheOf({
      discovery: { configurationEndpoint: endpointFront.name },
      tls: { ca },
      logger: { debug: () => {}, info: () => {}, warn: (...words) => void warnings.push(words) },
    });
    expect(await cache.get('k')).toBeUndefined();
    expect(endpoint.asked).toBe(0);
    expect(front.connections).toBe(0);
    expect(JSON.stringify(warnings)).toMatch(/discovery failed.*other\.example/);
  });

  it('is unavailable, soon, on a node that speaks no TLS', async () => {
    const cache = cacheOf({ discovery: { nodes: [`localhost:${node.port}`] }, tls: { ca } });
    const start = performance.now();
    expect(await cache.read('k')).toMatchObject({ kind: 'unavailable' });
    expect(performance.now() - start).toBeLessThan(1_000);
  });

  it('is unavailable, soon, in the clear on a node that speaks TLS', async () => {
    const front = keep(await startTlsFront(node));
    const cache = cacheOf({ discovery: { nodes: [front.name] } });
    const start = performance.now();
    expect(await cache.read('k')).toMatchObject({ kind: 'unavailable' });
    expect(performance.now() - start).toBeLessThan(1_000);
    expect(node.stats.bytes_read).toBe(0);
  });

  it('bounds a handshake that the node does not take part in by the connect time-out', async () => {
    const silent = keep(await startTcpPeer((socket) => void socket.resume()));
    const cache = cacheOf({
      discovery: { nodes: [silent.name] },
      tls: { ca },
      connectTimeoutMillis: 80,
      operationTimeoutMillis: 80,
    });
    const start = performance.now();
    expect(await cache.read('k')).toMatchObject({ kind: 'unavailable', error: { code: 'NODE_TIMEOUT' } });
    expect(performance.now() - start).toBeLessThan(400);
    await expect.poll(() => silent.sockets.every(({ destroyed }) => destroyed), { interval: 5 }).toBe(true);
  });

  it('refuses to be asked for TLS over memjs', () => {
    expect(() => createCache({ discovery: { nodes: ['a:1'] }, tls: true, transport: 'memjs' })).toThrow(
      /tls/,
    );
  });
});

describe('a TLS connection to one node', () => {
  let node: TestNode;
  let front: TlsFront;
  let told: string[];
  let transport: MetaTransport;

  beforeEach(async () => {
    node = keep(await startNode());
    front = keep(await startTlsFront(node));
    told = [];
    const dial = tlsDials({ ca });
    transport = keep(
      new MetaTransport(front.name, dial('localhost', front.port), PATIENT, systemClock, {
        answered: () => void told.push('answered'),
        failed: (error) => void told.push(error.message),
      }),
    );
  });

  it('resumes its session when it connects again', async () => {
    for (let i = 0; i < 4; i++) {
      expect(await transport.get('k', NEVER)).toEqual({ kind: 'miss' });
      front.drop();
      await expect.poll(() => node.stats.curr_connections, { interval: 1 }).toBe(0);
    }
    expect(front.handshakes.map(({ resumed }) => resumed)).toEqual([false, true, true, true]);
    expect(told).toEqual(Array.from({ length: 4 }, () => 'answered'));
  });

  it('sends calls that a closed connection left without a reply once more', async () => {
    await transport.get('k', NEVER);
    node.faults.set({ kind: 'hang' });
    const calls = Promise.all([transport.get('k', NEVER), transport.getMany(['a', 'b'], NEVER)]);
    await expect.poll(() => node.stats.bytes_read, { interval: 1 }).toBeGreaterThan('version\r\n'.length * 2);
    front.drop();
    node.faults.clear('hang');
    expect((await calls).flat().map(({ kind }) => kind)).toEqual(['miss', 'miss', 'miss']);
  });

  it('does not share what it reads with another connection', async () => {
    const dial = tlsDials({ ca });
    const listener = { answered: () => {}, failed: () => {} };
    const other = keep(
      new MetaTransport(front.name, dial('localhost', front.port), PATIENT, systemClock, listener),
    );
    const value = (i: number): Buffer => Buffer.alloc(20_000, `${i};`);
    for (let i = 0; i < 40; i++) {
      await transport.store('set', `k${i}`, { value: value(i), flags: 0, ttlSeconds: 60 }, NEVER);
    }
    const outcomes = await Promise.all(
      Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? transport : other).get(`k${i}`, NEVER)),
    );
    for (const [i, outcome] of outcomes.entries()) {
      expect(outcome.kind === 'hit' && outcome.value.equals(value(i))).toBe(true);
    }
  });

  it('leaves no socket behind when it is closed, also within its handshake', async () => {
    await transport.get('k', NEVER);
    const listener = { answered: () => {}, failed: () => {} };
    const dial = tlsDials({ ca })('localhost', front.port);
    const early = new MetaTransport(front.name, dial, PATIENT, systemClock, listener);
    const call = early.get('k', NEVER);
    await early.close();
    expect(['miss', 'unavailable']).toContain((await call).kind);
    await transport.close();
    await expect.poll(() => node.stats.curr_connections, { interval: 1 }).toBe(0);
  });
});

it('a cache without TLS does not load node:tls', async () => {
  const node = keep(await startNode());
  const module = new URL('../../src/create-cache.ts', import.meta.url).href;
  const script = `
    const { createCache } = await import(${JSON.stringify(module)});
    const read = async (tls) => {
      const cache = createCache({ discovery: { nodes: [${JSON.stringify(node.name)}] }, tls });
      const { kind } = await cache.read('k');
      await cache.close();
      return [kind, process.moduleLoadList.some((name) => /^NativeModule (tls|_tls_wrap)$/.test(name))];
    };
    console.log(JSON.stringify([await read(undefined), await read(true)]));
  `;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script]);
  expect(JSON.parse(stdout)).toEqual([
    ['miss', false],
    // That the question is put right: with TLS it is loaded.
    ['unavailable', true],
  ]);
});

describe.skipIf(!memcachedAvailable)('a real memcached over TLS (needs memcached)', () => {
  /** `undefined` where this build of memcached has no TLS. */
  async function startTlsMemcached(): Promise<{ port: number; close(): Promise<void> } | undefined> {
    const port = await freePort();
    const file = fileURLToPath(new URL('server.pem', CERTIFICATES));
    const asRoot = process.getuid?.() === 0 ? ['-u', 'root'] : [];
    const child = spawn(
      'memcached',
      [
        ...asRoot,
        '-l',
        '127.0.0.1',
        '-p',
        String(port),
        '-U',
        '0',
        '-Z',
        '-o',
        `ssl_chain_cert=${file},ssl_key=${file}`,
        '-o',
        'ssl_session_cache',
      ],
      { stdio: 'ignore' },
    );
    const endWithUs = (): void => void child.kill('SIGKILL');
    process.once('exit', endWithUs);
    const close = async (): Promise<void> => {
      process.removeListener('exit', endWithUs);
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    };
    const accepts = (): Promise<boolean> =>
      new Promise((resolve) => {
        const socket = net.connect(port, '127.0.0.1', () => {
          socket.destroy();
          resolve(true);
        });
        socket.once('error', () => resolve(false));
      });
    for (let attempt = 0; attempt < 400; attempt++) {
      if (child.exitCode !== null) return undefined;
      if (await accepts()) return { port, close };
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await close();
    throw new Error('memcached does not accept connections');
  }

  it('stores and reads values of every size, in many calls at once', async ({ skip }) => {
    const memcached = await startTlsMemcached();
    if (memcached === undefined) return skip('this memcached was built without TLS');
    keep(memcached);
    const cache = cacheOf({ discovery: { nodes: [`localhost:${memcached.port}`] }, tls: { ca } });
    const values = Array.from({ length: 60 }, (_, i) => `${i}:`.repeat(1 + ((i * i * 97) % 60_000)));
    await Promise.all(values.map((value, i) => cache.set(`k${i}`, value, { ttlSeconds: 60 })));
    expect(await Promise.all(values.map((_, i) => cache.get(`k${i}`)))).toEqual(values);
    const { hits } = await cache.getMany(values.map((_, i) => `k${i}`));
    expect(values.map((_, i) => hits.get(`k${i}`))).toEqual(values);
    expect(await cache.get('absent')).toBeUndefined();
  });

  it('is refused under a name that its certificate does not have', async ({ skip }) => {
    const memcached = await startTlsMemcached();
    if (memcached === undefined) return skip('this memcached was built without TLS');
    keep(memcached);
    const cache = cacheOf({
      discovery: { nodes: [`localhost:${memcached.port}`] },
      tls: { ca, servername: 'other.example' },
    });
    expect(await cache.read('k')).toMatchObject({
      kind: 'unavailable',
      error: { message: expect.stringContaining('other.example') },
    });
  });
});
