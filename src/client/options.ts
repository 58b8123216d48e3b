import type { ConnectionOptions } from 'node:tls';
import type { Seconds } from '../base/units.ts';
import type { RingDialect } from '../ring/index.ts';
import type { Placement, SmearRule } from '../smear/index.ts';
import type { AwsClientClass } from '../topology/index.ts';

/** Where the nodes are. Exactly one of them. */
export interface DiscoveryOptions {
  /** `host:port` of the cluster's configuration endpoint. */
  readonly configurationEndpoint?: string | undefined;
  /** The nodes themselves: `host:port`, or with a weight. The names are hashed as they stand. */
  readonly nodes?: readonly (string | NodeOptions)[] | undefined;
  /** The cluster's id: the nodes are asked of the ElastiCache API. Needs `@aws-sdk/client-elasticache`. */
  readonly clusterId?: string | undefined;
  /** `host:port` of an ElastiCache Serverless cache: one endpoint, always with TLS. */
  readonly serverlessEndpoint?: string | undefined;
}

/** One node, where `host:port` does not say enough. */
export interface NodeOptions {
  /** A name or an IP, hashed as it is spelt: `A.example` and `a.example` are two nodes. */
  readonly host: string;
  /** 1 to 65535. */
  readonly port: number;
  /** Relative share of the keys; 1 by default. */
  readonly weight?: number | undefined;
  /** What the host resolves to. Only the dialects of Java clients hash it. */
  readonly ip?: string | undefined;
}

/** Credentials of the binary protocol. */
export interface SaslOptions {
  readonly username?: string | undefined;
  readonly password?: string | undefined;
}

/** When a key counts as hot, for who wants it otherwise. All of one fleet must say the same. */
export interface AutoOptions {
  /** Hot is a key with more than `tolerance / nodes` of the cluster's load. 0.02 by default; 0.001 to 1. */
  readonly tolerance?: number | undefined;
  /** And with at least so many reads a second, those of large values counting for more. 20 by default. */
  readonly leastReadsPerSecond?: number | undefined;
  /** One read in so many is counted, which costs one more operation. 128 by default; 1 to 100,000. */
  readonly oneIn?: number | undefined;
}

/** Which keys are served from several nodes, and how. */
export interface SmearOptions {
  /** The hand-kept list of hot keys: a key, or a key or prefix with its number of copies (the base is one). */
  readonly keys?: readonly (string | SmearRule)[] | undefined;
  /** `successors` (default): the base and the next distinct nodes. `suffix`: Etsy's scheme, for fleets that use it. */
  readonly placement?: Placement | undefined;
  /**
   * Whether the fleet finds its hot keys itself, beside those of `keys`: true by default. Not under the placement
   * `suffix`, nor on nodes that speak by memjs, which have no counters for it.
   */
  readonly auto?: boolean | AutoOptions | undefined;
  /** How long a copy lives, and so how stale it can be. 5 by default. */
  readonly copyTtlSeconds?: Seconds | undefined;
}

/** What a Powertools logger, or the console, can do. */
export interface CacheLogger {
  /** What is of use when looking for a fault. */
  debug(message: string, ...details: Record<string, unknown>[]): void;
  /** A node that came back, a list that changed. */
  info(message: string, ...details: Record<string, unknown>[]): void;
  /** A node that failed, a value that could not be stored or read. */
  warn(message: string, ...details: Record<string, unknown>[]): void;
}

/**
 * Options of `createCache`. Each has an environment variable, named beside it; what is given here wins.
 */
export interface CacheOptions {
  /** SMEARCACHE_CONFIGURATION_ENDPOINT, SMEARCACHE_NODES (comma-separated), SMEARCACHE_CLUSTER_ID, SMEARCACHE_SERVERLESS_ENDPOINT. */
  readonly discovery?: DiscoveryOptions | undefined;
  /**
   * SMEARCACHE_TRANSPORT. `auto`, the default, asks each node's version and takes `meta` from memcached 1.6.10 on,
   * else `memjs`; with `sasl` it takes `memjs`.
   */
  readonly transport?: 'auto' | 'meta' | 'memjs' | undefined;
  /** SMEARCACHE_TLS (`true`). `true`, or options for `tls.connect`; names are verified. Off by default. */
  readonly tls?: boolean | ConnectionOptions | undefined;
  /** SMEARCACHE_SASL_USERNAME and SMEARCACHE_SASL_PASSWORD. Credentials, which only `memjs` can present. */
  readonly sasl?: SaslOptions | undefined;
  /** SMEARCACHE_DIALECT. Whose placement to follow; `libketama` by default. */
  readonly dialect?: RingDialect | undefined;
  /** SMEARCACHE_CONNECT_TIMEOUT_MILLIS. 250 by default. */
  readonly connectTimeoutMillis?: number | undefined;
  /** SMEARCACHE_OPERATION_TIMEOUT_MILLIS. 100 by default. */
  readonly operationTimeoutMillis?: number | undefined;
  /** SMEARCACHE_LOAD_TIMEOUT_MILLIS. What a loader may take; 10000 by default. */
  readonly loadTimeoutMillis?: number | undefined;
  /**
   * SMEARCACHE_LEASES. One loader for each missing item, and copies that never outlive a delete by more than a bound;
   * off for fleets whose other clients must not meet the stubs of leases. On by default.
   */
  readonly leases?: boolean | undefined;
  /** SMEARCACHE_NAMESPACE. Stands before every key, to share a cluster with other applications. */
  readonly namespace?: string | undefined;
  /** SMEARCACHE_SCHEMA. Names the shape of the cached values; a new shape is a new name. */
  readonly schema?: string | undefined;
  /** SMEARCACHE_INVALIDATES (comma-separated). Other schemas that a delete must reach. */
  readonly invalidates?: readonly string[] | undefined;
  /** SMEARCACHE_SMEAR_KEYS (comma-separated), SMEARCACHE_SMEAR_PLACEMENT, SMEARCACHE_SMEAR_AUTO (true or false), SMEARCACHE_SMEAR_COPY_TTL_SECONDS. */
  readonly smear?: SmearOptions | undefined;
  /** SMEARCACHE_DISABLED. A pass-through: every read a miss, every write a no-op. */
  readonly disabled?: boolean | undefined;
  /** Told about nodes, topology and skipped values. A Powertools logger fits; by default warnings go to the console. */
  readonly logger?: CacheLogger | undefined;
  /** The ElastiCache client class, and its configuration, for `discovery.clusterId`. */
  readonly AwsClient?: AwsClientClass | undefined;
  /** Passed to its constructor. */
  readonly awsClientOptions?: object | undefined;
}
