// The composition root: the one place that reads the clock, chance and the environment, and chooses implementations.

import { systemClock } from './base/clock.ts';
import type { Observer } from './base/events.ts';
import { NEVER } from './base/units.ts';
import type { Cache } from './client/cache.ts';
import { cacheFingerprint } from './client/cache-fingerprint.ts';
import type { OpenTransport } from './client/cache-node.ts';
import type { Client } from './client/client.ts';
import { ClientCache } from './client/client-cache.ts';
import type { ClientCore } from './client/client-core.ts';
import { Cluster } from './client/cluster.ts';
import { DisabledCache } from './client/disabled-cache.ts';
import { COPY_LEASE_SECONDS } from './client/dispatch.ts';
import { Flights } from './client/flights.ts';
import { gutterBoundMillis } from './client/gutter.ts';
import { HotDetection } from './client/hot-detection.ts';
import { HotKeys } from './client/hot-keys.ts';
import type { CacheLogger, CacheOptions } from './client/options.ts';
import { OwnWrites } from './client/own-writes.ts';
import { type ResolvedOptions, resolveOptions } from './client/resolve-options.ts';
import { Routing } from './client/routing.ts';
import { selfCheck } from './client/self-check.ts';
import { StaleWatch } from './client/stale-watch.ts';
import { AutoTransport } from './memcached/auto-transport.ts';
import { type Dial, tcpDial, tlsDials } from './memcached/dial.ts';
import { loadMemjs } from './memcached/memjs-module.ts';
import { MemjsTransport } from './memcached/memjs-transport.ts';
import { MetaTransport } from './memcached/meta-transport.ts';
import { keyPrefix } from './memcached/storage-key.ts';
import { loggingObserver } from './observability/logger.ts';
import { SmearRules } from './smear/index.ts';
import {
  configEndpointSource,
  describeClustersSource,
  staticSource,
  type TopologySource,
  TopologyWatcher,
  withNodeLists,
} from './topology/index.ts';

/**
 * A cache outside of Middy. It is ready at once and connects on first use; call `close` when done with it.
 *
 * @throws OptionsError (a TypeError) that lists every unknown or wrong option.
 */
export function createCache(options: CacheOptions = {}): Cache {
  const resolved = resolveOptions(options, process.env);
  if (resolved.disabled) return disabledCache(resolved);
  return new ClientCache(createCore(resolved), NEVER, true);
}

export function createClient(options: ResolvedOptions): Client {
  if (options.disabled) {
    return {
      cacheFor: () => disabledCache(options),
      connect: () => undefined,
      selfCheck: (check) => selfCheck(undefined, options, check),
    };
  }
  const core = createCore(options);
  const { cluster } = core;
  return {
    cacheFor: (endsAt, namespace) =>
      new ClientCache(
        namespace === undefined ? core : { ...core, ...keysOf({ ...options, namespace }) },
        endsAt,
        false,
      ),
    connect: (endsAt) =>
      cluster.router() === undefined ? cluster.discover(endsAt).then(() => {}) : undefined,
    selfCheck: (check) => selfCheck(core, options, check),
  };
}

/** What of a core depends on the namespace. */
function keysOf(
  options: ResolvedOptions,
): Pick<ClientCore, 'fingerprint' | 'prefix' | 'invalidatedPrefixes'> {
  const { namespace, schema, invalidates } = options;
  return {
    fingerprint: () => cacheFingerprint(options),
    prefix: keyPrefix(namespace, schema),
    invalidatedPrefixes: invalidates
      .filter((name) => name !== schema)
      .map((name) => keyPrefix(namespace, name)),
  };
}

const disabledCache = (options: ResolvedOptions): DisabledCache =>
  new DisabledCache(() => cacheFingerprint(options));

function createCore(options: ResolvedOptions): ClientCore {
  const { smear, dialect } = options;
  const { connectTimeoutMillis, operationTimeoutMillis } = options;
  const clock = systemClock;
  const observe = unfailing(loggingObserver(loggerOf(options)));
  const dialNode = options.tls === undefined ? tcpDial : tlsDials(options.tls);
  const watcher = new TopologyWatcher(sourceOf(options, dialNode), clock, Math.random);
  const { placement, rules, copyTtlSeconds, auto } = smear;
  // Clients that share these keys may read flags their own way.
  const hotKeys = auto === undefined ? undefined : new HotKeys(options.leases);
  const hot = hotKeys && auto && { keys: hotKeys, rules: auto };
  const routing = new Routing(new SmearRules(rules), placement, hot);
  const cluster = new Cluster(
    { dialect, routing, connectTimeoutMillis, operationTimeoutMillis },
    watcher,
    () => loadTransport(options, dialNode),
    clock,
    observe,
  );
  return {
    cluster,
    routing,
    hotDetection: hot && new HotDetection(hot.keys, hot.rules, clock, Math.random, observe),
    ...keysOf(options),
    copyTtlSeconds,
    leases: options.leases,
    loadTimeoutMillis: options.loadTimeoutMillis,
    flights: new Flights(clock),
    staleWatch: new StaleWatch(clock),
    operationTimeoutMillis,
    ownWrites: new OwnWrites(clock, (copyTtlSeconds + COPY_LEASE_SECONDS) * 1000),
    recentWrites: new OwnWrites(clock, gutterBoundMillis(options.loadTimeoutMillis, copyTtlSeconds)),
    clock,
    random: Math.random,
    observe,
  };
}

/** The caller's logger, else the console's. */
export const loggerOf = ({ logger }: ResolvedOptions): CacheLogger => logger ?? WARNINGS_TO_CONSOLE;

/** A cache that is out of reach should not go unnoticed only because nobody gave a logger. */
const WARNINGS_TO_CONSOLE: CacheLogger = {
  debug: () => {},
  info: () => {},
  // biome-ignore lint/suspicious/noConsole: there is no other place to tell
  warn: (message, ...details) => console.warn(message, ...details),
};

/** An observer is told of events in the middle of other work, which its own failure must not end. */
function unfailing(observe: Observer): Observer {
  return (event) => {
    try {
      observe(event);
    } catch {
      // There is nobody left to tell.
    }
  };
}

/** Opens sockets in the clear, or with TLS where it is on. */
type DialNode = (host: string, port: number) => Dial;

interface Endpoint {
  readonly host: string;
  readonly port: number;
}

function sourceOf(options: ResolvedOptions, dialNode: DialNode): TopologySource {
  const { discovery, connectTimeoutMillis, AwsClient, awsClientOptions } = options;
  const listAt = ({ host, port }: Endpoint): TopologySource =>
    configEndpointSource(`${host}:${port}`, dialNode(host, port), connectTimeoutMillis, systemClock);
  switch (discovery.kind) {
    case 'configuration-endpoint':
      return withNodeLists(listAt(discovery.endpoint), listAt, Math.random);
    case 'nodes':
      return staticSource(discovery.nodes);
    case 'cluster': {
      const api = describeClustersSource({ clusterId: discovery.clusterId, AwsClient, awsClientOptions });
      return withNodeLists(api, listAt, Math.random, true);
    }
    case 'none':
      throw new Error('an enabled cache has a source: resolveOptions sees to it');
    default:
      return discovery satisfies never;
  }
}

/** memjs is imported only where a node or the options call for it. */
async function loadTransport(options: ResolvedOptions, dialNode: DialNode): Promise<OpenTransport> {
  const { transport, sasl, connectTimeoutMillis, operationTimeoutMillis } = options;
  const timeouts = { connectTimeoutMillis, operationTimeoutMillis };
  const openMemjs = async (): Promise<OpenTransport> => {
    const memjs = await loadMemjs();
    return (host, port, listener) =>
      new MemjsTransport(memjs, host, port, timeouts, systemClock, listener, sasl);
  };
  if (transport === 'memjs') return openMemjs();
  return (host, port, listener) => {
    const node = `${host}:${port}`;
    const dial = dialNode(host, port);
    if (transport === 'meta') return new MetaTransport(node, dial, timeouts, systemClock, listener);
    return new AutoTransport(node, dial, timeouts, systemClock, listener, async (ofMemjs) =>
      (await openMemjs())(host, port, ofMemjs),
    );
  };
}
