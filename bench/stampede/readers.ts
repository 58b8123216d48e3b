// The ways to read through, each as its documentation shows it, with one second of freshness.

import { createCache } from '../../src/index.ts';
import { MemcachedStore } from './memcached-store.ts';
import type { Value } from './messages.ts';

export const READERS = {
  smearcache: openSmearcache,
  'plain get/set': openPlain,
  cacheable: openCacheable,
  bentocache: openBentocache,
  'async-cache-dedupe': openAsyncCacheDedupe,
} as const satisfies Readonly<Record<string, Open>>;

export const FRESH_SECONDS = 1;
export const STALE_SECONDS = 60;

export type Load = () => Promise<Value>;
/** Reads the hot key; what it gives is a value or nothing. */
export type Read = () => Promise<Value | undefined>;
type Open = (nodes: readonly string[], stale: boolean, load: Load) => Promise<Read>;

const KEY = 'hot';

async function openSmearcache(nodes: readonly string[], stale: boolean, load: Load): Promise<Read> {
  const cache = createCache({
    discovery: { nodes },
    schema: 'bench',
    smear: { keys: [{ key: KEY, copies: nodes.length }], copyTtlSeconds: FRESH_SECONDS },
  });
  const options = { ttlSeconds: FRESH_SECONDS, staleSeconds: stale ? STALE_SECONDS : 0 };
  return () => cache.wrap(KEY, load, options);
}

/** It knows no stale values. */
async function openPlain(nodes: readonly string[], _stale: boolean, load: Load): Promise<Read> {
  const store = new MemcachedStore(nodes);
  return async () => {
    const found = await store.get(KEY);
    if (found !== undefined) return JSON.parse(found) as Value;
    const value = await load();
    await store.set(KEY, JSON.stringify(value), FRESH_SECONDS * 1_000);
    return value;
  };
}

/** In two layers: its memory, and memcached as a Keyv store. It knows no stale values. */
async function openCacheable(nodes: readonly string[], _stale: boolean, load: Load): Promise<Read> {
  const { Cacheable, Keyv } = await import('cacheable');
  const store = new MemcachedStore(nodes);
  const keyvStore = {
    opts: {},
    get: (key: string) => store.get(key),
    set: (key: string, text: string, ttlMillis?: number) => store.set(key, text, ttlMillis),
    delete: (key: string) => store.delete(key),
    clear: async () => {},
    on: () => keyvStore,
  };
  const cache = new Cacheable({ secondary: new Keyv({ store: keyvStore }) });
  const ttl = FRESH_SECONDS * 1_000;
  return () => cache.getOrSet(KEY, load, { ttl });
}

/** In two layers: its memory, and memcached as a driver. Its grace period is what keeps stale values. */
async function openBentocache(nodes: readonly string[], stale: boolean, load: Load): Promise<Read> {
  const { BentoCache, bentostore } = await import('bentocache');
  const { memoryDriver } = await import('bentocache/drivers/memory');
  const store = new MemcachedStore(nodes);
  const driver = {
    type: 'l2' as const,
    namespace: () => driver,
    get: (key: string) => store.get(key),
    pull: async (key: string) => {
      const text = await store.get(key);
      await store.delete(key);
      return text;
    },
    set: (key: string, text: string, ttlMillis?: number) => store.set(key, text, ttlMillis),
    clear: async () => {},
    delete: (key: string) => store.delete(key),
    deleteMany: async (keys: string[]) => {
      await Promise.all(keys.map((key) => store.delete(key)));
      return true;
    },
    disconnect: async () => {},
  };
  const bento = new BentoCache({
    default: 'two',
    stores: {
      two: bentostore()
        .useL1Layer(memoryDriver({ maxItems: 1_000 }))
        .useL2Layer({ options: {}, factory: () => driver }),
    },
  });
  const options = {
    ttl: `${FRESH_SECONDS}s`,
    grace: stale ? (`${STALE_SECONDS}s` as const) : (false as const),
  };
  return () => bento.getOrSet({ key: KEY, factory: load, ...options });
}

/** On memcached as a custom storage. */
async function openAsyncCacheDedupe(nodes: readonly string[], stale: boolean, load: Load): Promise<Read> {
  const { createCache: createDedupe } = await import('async-cache-dedupe');
  const store = new MemcachedStore(nodes);
  const storage = {
    get: async (key: string) => {
      const text = await store.get(key);
      return text === undefined ? undefined : (JSON.parse(text) as unknown);
    },
    set: async (key: string, value: unknown, ttlSeconds: number) => {
      await store.set(key, JSON.stringify(value), ttlSeconds * 1_000);
    },
    remove: async (key: string) => void (await store.delete(key)),
    invalidate: async () => {},
    clear: async () => {},
    refresh: async () => {},
    getTTL: async (key: string) => Math.ceil((await store.remainingMillis(key)) / 1_000),
    exists: async (key: string) => (await store.get(key)) !== undefined,
  };
  const cache = createDedupe({
    ttl: FRESH_SECONDS,
    stale: stale ? STALE_SECONDS : 0,
    // Its types give the time left no number.
    storage: { type: 'custom', options: { storage: storage as never } },
  }).define('read', (_key: string) => load());
  return () => cache.read(KEY);
}
