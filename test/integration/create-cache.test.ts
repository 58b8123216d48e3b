import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Clock, systemClock } from '../../src/base/clock.ts';
import type { ClientEvent } from '../../src/base/events.ts';
import { NEVER } from '../../src/base/units.ts';
import type { Cache } from '../../src/client/cache.ts';
import { ClientCache } from '../../src/client/client-cache.ts';
import { Cluster } from '../../src/client/cluster.ts';
import { Flights } from '../../src/client/flights.ts';
import type { CacheOptions } from '../../src/client/options.ts';
import { OwnWrites } from '../../src/client/own-writes.ts';
import { Routing } from '../../src/client/routing.ts';
import { StaleWatch } from '../../src/client/stale-watch.ts';
import { createCache } from '../../src/create-cache.ts';
import { loadMemjs } from '../../src/memcached/memjs-module.ts';
import { MemjsTransport } from '../../src/memcached/memjs-transport.ts';
import { buildRing } from '../../src/ring/index.ts';
import { SmearRules } from '../../src/smear/index.ts';
import { staticSource, TopologyWatcher } from '../../src/topology/index.ts';
import { type ConfigEndpoint, startConfigEndpoint } from '../support/config-endpoint.ts';
import { startFakeElastiCache } from '../support/fake-elasticache.ts';
import {
  freePort,
  type Memcached,
  type MemcachedCluster,
  memcachedAvailable,
  startMemcached,
  startMemcachedCluster,
} from '../support/memcached.ts';

const TTL = { ttlSeconds: 60 };
const KEYS = Array.from({ length: 80 }, (_, i) => `key:${i}`);

const parsed = (name: string): { host: string; port: number } => {
  const [host, port] = name.split(':');
  return { host: host!, port: Number(port) };
};

/** The owner of each key, found without the client. */
function owners(names: readonly string[], keys: readonly string[]): Map<string, string> {
  const ring = buildRing(names.map(parsed));
  return new Map(
    keys.map((key) => {
      const { host, port } = ring.owner(key);
      return [key, `${host}:${port}`];
    }),
  );
}

describe.skipIf(!memcachedAvailable)('a cache over four nodes (needs memcached)', () => {
  let nodes: MemcachedCluster;
  let endpoint: ConfigEndpoint;
  const opened: Cache[] = [];

  beforeAll(async () => {
    nodes = await startMemcachedCluster(4);
    endpoint = await startConfigEndpoint(nodes.names);
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((cache) => cache.close()));
  });
  afterAll(async () => {
    await endpoint?.close();
    await nodes?.close();
  });

  function open(options: CacheOptions = {}): Cache {
    const cache = createCache({ discovery: { configurationEndpoint: endpoint.name }, ...options });
    opened.push(cache);
    return cache;
  }

  it.each(['auto', 'memjs'] as const)(
    'finds its nodes and gives back what was stored (%s)',
    async (transport) => {
      const cache = open({ transport, schema: `round-${transport}` });
      for (const value of ['text', '', { a: [1] }, null, Buffer.from([0, 1, 255])]) {
        expect(await cache.set('k', value, TTL)).toEqual({ kind: 'stored' });
        expect(await cache.get('k')).toEqual(value);
      }
      expect(await cache.delete('k')).toEqual({ kind: 'deleted' });
      expect(await cache.get('k')).toBeUndefined();
      expect(cache.topology).toMatchObject({ version: '1', nodes: nodes.names.map(parsed) });
    },
  );

  it('is ready at once: calls may be made before the nodes are known', async () => {
    const cache = open({ schema: 'eager' });
    const kinds = await Promise.all(KEYS.map(async (key) => (await cache.read(key)).kind));
    expect(new Set(kinds)).toEqual(new Set(['miss']));
  });

  it('never takes its own start for a fault, whenever a call comes', async () => {
    const cache = open({ discovery: { nodes: nodes.names }, transport: 'memjs', schema: 'start' });
    const reads: Promise<{ kind: string }>[] = [];
    for (let i = 0; i < 10; i++) {
      reads.push(cache.read('k'));
      await Promise.resolve();
    }
    expect(new Set((await Promise.all(reads)).map(({ kind }) => kind))).toEqual(new Set(['miss']));
  });

  it('places keys where Ketama does, so that others find them', async () => {
    const cache = open();
    await cache.setMany(
      KEYS.map((key) => [key, 'v'] as const),
      TTL,
    );
    const owned = owners(nodes.names, KEYS);
    for (const key of KEYS)
      expect(await cache.read(key)).toMatchObject({ kind: 'hit', node: owned.get(key) });
  });

  it('is spread by a second cache with other time-outs over the same items', async () => {
    await open({ schema: 'shared' }).set('k', { n: 1 }, TTL);
    expect(await open({ schema: 'shared', operationTimeoutMillis: 500 }).get('k')).toEqual({ n: 1 });
  });

  it('keeps schemas and namespaces apart, and deletes over those it names', async () => {
    const v1 = open({ namespace: 'shop', schema: 'v1' });
    const v2 = open({ namespace: 'shop', schema: 'v2', invalidates: ['v1'] });
    await v1.set('k', 'one', TTL);
    await v2.set('k', 'two', TTL);
    expect(await v1.get('k')).toBe('one');
    expect(await v2.get('k')).toBe('two');
    expect(await v2.delete('k')).toEqual({ kind: 'deleted' });
    expect(await v1.get('k')).toBeUndefined();
  });

  it('serves a smeared key from all its nodes, and a write is seen by every consistent read', async () => {
    const options = { schema: 'smeared', smear: { keys: [{ key: 'hot', copies: 4 }] } };
    const cache = open(options);
    // Who wrote a key reads it from its base for a while: let another cache have written it.
    await open(options).set('hot', 1, TTL);
    const seen = new Set<string | undefined>();
    for (let i = 0; i < 200; i++) {
      const read = await cache.read('hot');
      expect(read).toMatchObject({ kind: 'hit', value: 1 });
      seen.add(read.node);
    }
    expect(seen).toEqual(new Set(nodes.names));
    await cache.set('hot', 2, TTL);
    for (let i = 0; i < 50; i++) expect(await cache.get('hot')).toBe(2);
    await cache.delete('hot');
    for (let i = 0; i < 50; i++) expect(await cache.get('hot')).toBeUndefined();
  });

  it('takes values that are too large for what they are, and logs each key once', async () => {
    const logger = { debug: vi.fn(), info: vi.fn(), warn: vi.fn() };
    const cache = open({ schema: 'large', logger, operationTimeoutMillis: 2_000 });
    const large = 'x'.repeat(2 * 1024 * 1024);
    for (let i = 0; i < 3; i++) expect(await cache.set('large', large, TTL)).toEqual({ kind: 'too-large' });
    expect(await cache.set('larger', large, TTL)).toEqual({ kind: 'too-large' });
    expect(await cache.wrap('largest', () => large, TTL)).toBe(large);
    const told = logger.warn.mock.calls.map(([message, details]) => [message, details.key, details.bytes]);
    const message = 'value is too large for the cache node and was not stored';
    expect(told).toEqual(
      ['large', 'larger', 'largest'].map((key) => [message, `large:${key}`, large.length]),
    );
  });

  it('has one fingerprint for equal options and another where items would be elsewhere', () => {
    const base = open({ schema: 'v1' }).fingerprint;
    expect(base).toMatch(/^[0-9a-f]{16}$/);
    expect(open({ schema: 'v1', connectTimeoutMillis: 999 }).fingerprint).toBe(base);
    expect(open({ schema: 'v1', discovery: { nodes: nodes.names } }).fingerprint).toBe(base);
    const others = [
      open({ schema: 'v2' }),
      open({ schema: 'v1', namespace: 'n' }),
      open({ schema: 'v1', dialect: 'twemproxy' }),
      open({ schema: 'v1', smear: { keys: ['hot'] } }),
      open({ schema: 'v1', smear: { placement: 'suffix' } }),
      open({ schema: 'v1', discovery: { nodes: [{ host: 'a', port: 1, weight: 2 }, 'b:1'] } }),
    ].map(({ fingerprint }) => fingerprint);
    expect(new Set([base, ...others]).size).toBe(others.length + 1);
  });

  it('is not hurt by a logger that throws', async () => {
    const fail = (): never => {
      throw new Error('the log is full');
    };
    const surprises: unknown[] = [];
    const surprised = (reason: unknown): void => void surprises.push(reason);
    process.on('uncaughtException', surprised);
    process.on('unhandledRejection', surprised);
    try {
      const cache = open({
        discovery: { nodes: [`127.0.0.1:${await freePort()}`] },
        logger: { debug: fail, info: fail, warn: fail },
      });
      expect(await Promise.race([cache.wrap('k', () => 'loaded', TTL), deadline(2_000)])).toBe('loaded');
      await new Promise((resolve) => setImmediate(resolve));
    } finally {
      process.off('uncaughtException', surprised);
      process.off('unhandledRejection', surprised);
    }
    expect(surprises).toEqual([]);
  });
});

const deadline = (millis: number): Promise<string> =>
  new Promise((resolve) => setTimeout(resolve, millis, `nothing within ${millis} ms`).unref());

describe.skipIf(!memcachedAvailable)('a cache that loses a node (needs memcached)', () => {
  it.each(['auto', 'memjs'] as const)(
    'throws nothing, knows what it cannot know, and finds the other nodes’ keys (%s)',
    async (transport) => {
      await using nodes = await startMemcachedCluster(4);
      const cache = createCache({ discovery: { nodes: nodes.names }, transport });
      await cache.setMany(
        KEYS.map((key) => [key, 'v'] as const),
        TTL,
      );
      const lost = nodes.nodes[1]!;
      const owned = owners(nodes.names, KEYS);
      await lost.close();
      const start = performance.now();
      const [reads, many] = await Promise.all([
        Promise.all(KEYS.map((key) => cache.read(key))),
        cache.getMany(KEYS),
      ]);
      const wrapped = await Promise.all(KEYS.map((key) => cache.wrap(key, () => 'loaded', TTL)));
      // One connect and one reply at most, and then it is known to be down.
      expect(performance.now() - start).toBeLessThan(700);
      const gone = KEYS.filter((key) => owned.get(key) === lost.name);
      expect(gone.length).toBeGreaterThan(0);
      for (const [i, key] of KEYS.entries()) {
        expect(reads[i]!.kind).toBe(gone.includes(key) ? 'unavailable' : 'hit');
        expect(wrapped[i]).toBe(gone.includes(key) ? 'loaded' : 'v');
      }
      expect(many.unavailable).toEqual(gone);
      expect(many.hits.size).toBe(KEYS.length - gone.length);
      expect(many.misses).toEqual([]);
      expect(await cache.delete(gone[0]!)).toMatchObject({ kind: 'unavailable' });
      expect(await cache.set(gone[0]!, 'v', TTL)).toMatchObject({ kind: 'unavailable' });
      await cache.close();
    },
  );

  it.each(['auto', 'memjs'] as const)(
    'pays for a node that is stopped with one time-out, not one a call (%s)',
    async (transport) => {
      await using nodes = await startMemcachedCluster(2);
      const cache = createCache({ discovery: { nodes: nodes.names }, transport });
      await Promise.all(KEYS.map((key) => cache.get(key)));
      const owned = owners(nodes.names, KEYS);
      const stopped = nodes.nodes[0]!;
      const gone = KEYS.filter((key) => owned.get(key) === stopped.name);
      stopped.kill('SIGSTOP');
      const start = performance.now();
      const kinds: string[] = [];
      for (const key of gone) kinds.push((await cache.read(key)).kind);
      expect(performance.now() - start).toBeLessThan(700);
      // The first may still be answered: a process stops a moment after it is told to.
      expect(kinds.slice(10).every((kind) => kind === 'unavailable')).toBe(true);
      expect(kinds.length).toBeGreaterThan(20);
      stopped.kill('SIGCONT');
      await cache.close();
    },
  );

  it('finds the node again once it is back and its pause is over', async () => {
    let node: Memcached = await startMemcached();
    let ahead = 0;
    const clock: Clock = {
      monotonic: () => systemClock.monotonic() + ahead,
      wall: () => systemClock.wall() + ahead,
    };
    const events: ClientEvent[] = [];
    const observe = (event: ClientEvent): void => void events.push(event);
    const timeouts = { connectTimeoutMillis: 250, operationTimeoutMillis: 100 };
    const memjs = await loadMemjs();
    const routing = new Routing(new SmearRules([]), 'successors');
    const cluster = new Cluster(
      { dialect: 'libketama', routing, ...timeouts },
      new TopologyWatcher(staticSource([node]), clock, Math.random),
      async () => (host, port, listener) => new MemjsTransport(memjs, host, port, timeouts, clock, listener),
      clock,
      observe,
    );
    const cache = new ClientCache(
      {
        cluster,
        routing,
        fingerprint: () => '',
        prefix: '',
        invalidatedPrefixes: [],
        copyTtlSeconds: 5,
        leases: true,
        loadTimeoutMillis: 10_000,
        flights: new Flights(clock),
        staleWatch: new StaleWatch(clock),
        operationTimeoutMillis: 100,
        ownWrites: new OwnWrites(clock, 8_000),
        recentWrites: new OwnWrites(clock, 8_000),
        clock,
        random: Math.random,
        observe,
      },
      NEVER,
      true,
    );
    await cache.set('k', 'v', TTL);
    await node.close();
    expect(await cache.read('k')).toMatchObject({ kind: 'unavailable' });
    node = await startMemcached({ port: node.port });
    expect(await cache.read('k')).toMatchObject({ kind: 'unavailable', error: { code: 'NODE_DOWN' } });
    ahead += 1_001;
    expect(await cache.read('k')).toMatchObject({ kind: 'miss' });
    expect(events.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['topology-changed', 'node-down', 'node-up']),
    );
    await cache.close();
    await node.close();
  });
});

describe('a cache whose nodes cannot be found', () => {
  it('is unavailable at once where the endpoint refuses, and a loader serves', async () => {
    const cache = createCache({ discovery: { configurationEndpoint: `127.0.0.1:${await freePort()}` } });
    const start = performance.now();
    expect(await cache.read('k')).toMatchObject({ kind: 'unavailable', error: { code: 'DISCOVERY' } });
    expect(await cache.wrap('k', () => 'loaded', TTL)).toBe('loaded');
    expect(await cache.set('k', 'v', TTL)).toMatchObject({ kind: 'unavailable' });
    expect(await cache.getMany(['a', 'b'])).toMatchObject({ unavailable: ['a', 'b'] });
    expect(performance.now() - start).toBeLessThan(500);
    await cache.close();
  });

  it('waits for a silent endpoint once, for the connect time-out', async () => {
    await using endpoint = await startConfigEndpoint([]);
    endpoint.behave('silent');
    const cache = createCache({
      discovery: { configurationEndpoint: endpoint.name },
      connectTimeoutMillis: 100,
    });
    const start = performance.now();
    for (let i = 0; i < 5; i++) expect(await cache.get('k')).toBeUndefined();
    expect(performance.now() - start).toBeLessThan(400);
    expect(endpoint.asked).toBe(1);
    await cache.close();
  });

  it('waits for an ElastiCache API that never answers no longer than the connect time-out', async () => {
    await using api = await startFakeElastiCache({ clusters: {}, silent: true });
    const cache = createCache({
      discovery: { clusterId: 'shop' },
      awsClientOptions: api.clientOptions,
      connectTimeoutMillis: 100,
    });
    expect(await Promise.race([cache.wrap('k', () => 'loaded', TTL), deadline(2_500)])).toBe('loaded');
    await api.close();
    await cache.close();
  });
});

describe('a cache that is switched off', () => {
  it('misses, stores nothing, loads, and opens no connection', async () => {
    const cache = createCache({ disabled: true, schema: 'v1' });
    expect(await cache.set('k', 'v', TTL)).toEqual({ kind: 'disabled' });
    expect(await cache.get('k')).toBeUndefined();
    expect(await cache.read('k')).toEqual({ kind: 'miss' });
    expect(await cache.getMany(['a', 'a', 'b'])).toEqual({
      hits: new Map(),
      misses: ['a', 'b'],
      unavailable: [],
    });
    expect(await cache.wrap('k', async () => 'loaded', TTL)).toBe('loaded');
    expect(await cache.read('k', () => 'loaded', TTL)).toEqual({ kind: 'miss', value: 'loaded' });
    await expect(cache.wrap('k', () => Promise.reject(new Error('db')), TTL)).rejects.toThrow('db');
    expect(await cache.delete('k')).toEqual({ kind: 'disabled' });
    const change = vi.fn(() => 1);
    const writes = [
      cache.add('k', 'v', TTL),
      cache.replace('k', 'v', TTL),
      cache.increment('k'),
      cache.decrement('k', { initial: 1, ...TTL }),
      cache.touch('k', TTL),
      cache.update('k', change, TTL),
    ];
    for (const outcome of await Promise.all(writes)) expect(outcome).toEqual({ kind: 'disabled' });
    expect(change).not.toHaveBeenCalled();
    await expect(cache.increment('k', { by: -1 })).rejects.toThrow(TypeError);
    await expect(cache.update('k', change, { ...TTL, tries: 0 })).rejects.toThrow(TypeError);
    expect([...(await cache.deleteMany(['a']))]).toEqual([['a', { kind: 'disabled' }]]);
    expect([...(await cache.setMany([['a', 1]], TTL))]).toEqual([['a', { kind: 'disabled' }]]);
    expect(cache.topology).toBeUndefined();
    expect(cache.fingerprint).toMatch(/^[0-9a-f]{16}$/);
    await cache.close();
  });
});
