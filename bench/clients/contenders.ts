// The clients, each as its documentation shows it and with its default options. Loaded one a process.

import { type Contender, called, TTL_SECONDS, textOrBytes } from './contender.ts';

export const CONTENDERS = {
  smearcache: openSmearcache,
  memjs: openMemjs,
  memcached: openMemcached,
  'memcache-client': openMemcacheClient,
  memcache: openMemcache,
} as const satisfies Readonly<Record<string, Open>>;

type Open = (nodes: readonly string[], bundle: string) => Promise<Contender>;

/** Through the public client: ring, smear decision, codec and deadlines are in the figures. */
async function openSmearcache(nodes: readonly string[], bundle: string): Promise<Contender> {
  const { createCache }: typeof import('../../src/index.ts') = await import(bundle);
  const cache = createCache({ discovery: { nodes }, schema: 'bench' });
  return {
    get: (key) => cache.get(key),
    set: (key, value) => cache.set(key, value, { ttlSeconds: TTL_SECONDS }),
    getMany: (keys) => cache.getMany(keys),
    valueIn: textOrBytes,
    isStored: (reply) => (reply as { kind?: string } | undefined)?.kind === 'stored',
    hitsIn: (reply) => (reply as { hits: Map<string, unknown> }).hits.size,
  };
}

/** It has no batches: a batch is a get for each key. */
async function openMemjs(nodes: readonly string[]): Promise<Contender> {
  const { Client } = await import('memjs');
  const client = Client.create(nodes.join(','));
  const valueIn = (reply: unknown) => textOrBytes((reply as { value?: unknown }).value);
  return {
    get: (key) => client.get(key),
    set: (key, value) => client.set(key, value, { expires: TTL_SECONDS }),
    getMany: (keys) => Promise.all(keys.map((key) => client.get(key))),
    valueIn,
    isStored: (reply) => reply === true,
    hitsIn: (reply) => (reply as unknown[]).filter((one) => valueIn(one) !== undefined).length,
  };
}

async function openMemcached(nodes: readonly string[]): Promise<Contender> {
  const { default: Memcached } = await import('memcached');
  const client = new Memcached(nodes);
  return {
    get: (key) => called((done) => client.get(key, done)),
    set: (key, value) => called((done) => client.set(key, value, TTL_SECONDS, done)),
    getMany: (keys) => called((done) => client.getMulti(keys, done)),
    valueIn: textOrBytes,
    isStored: (reply) => reply === true,
    hitsIn: (reply) => Object.keys(reply as object).length,
  };
}

/** It reads from any server of its list: several nodes are several clients, and the keys are dealt out by hand. */
async function openMemcacheClient(nodes: readonly string[]): Promise<Contender> {
  const { MemcacheClient } = await import('memcache-client');
  const clients = nodes.map((server) => new MemcacheClient({ server }));
  const first = clients[0]!;
  const clientOf = (key: string) => clients[key.charCodeAt(key.length - 1) % clients.length]!;
  return {
    get: (key) => clientOf(key).get(key),
    set: (key, value) => clientOf(key).set(key, value, { lifetime: TTL_SECONDS }),
    getMany: (keys) => {
      if (clients.length === 1) return first.get([...keys]);
      const groups = Map.groupBy(keys, clientOf);
      return Promise.all(Array.from(groups, ([client, group]) => client.get<object>(group)));
    },
    valueIn: (reply) => textOrBytes((reply as { value?: unknown } | undefined)?.value),
    isStored: (reply) => String(reply) === 'STORED',
    hitsIn: (reply) => (reply as object[]).reduce((hits, group) => hits + Object.keys(group).length, 0),
  };
}

/** It holds strings only. */
async function openMemcache(nodes: readonly string[]): Promise<Contender> {
  const { Memcache } = await import('memcache');
  const client = new Memcache({ nodes: [...nodes] });
  await client.connect();
  const texts = new Map<Buffer, string>();
  const textOf = (value: Buffer): string => {
    const known = texts.get(value) ?? value.toString('latin1');
    texts.set(value, known);
    return known;
  };
  return {
    get: (key) => client.get(key),
    set: (key, value) => client.set(key, textOf(value), TTL_SECONDS),
    getMany: (keys) => client.gets([...keys]),
    valueIn: textOrBytes,
    isStored: (reply) => reply === true,
    hitsIn: (reply) => (reply as Map<string, string>).size,
  };
}
