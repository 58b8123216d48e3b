// One row an option: how its environment variable is read, the rule it keeps, and its default.

import { DIALECTS } from '../ring/index.ts';
import {
  asBoolean,
  asIs,
  asList,
  asNumber,
  auto,
  boolean,
  endpoint,
  isFunction,
  isKeyPart,
  isNode,
  isRecord,
  isSmearKey,
  keyPart,
  loadMillis,
  millis,
  must,
  name,
  namespace,
  oneOf,
  PLACEMENTS,
  type Rule,
  secret,
  wholeUpTo,
  withMethods,
} from './option-rules.ts';
import type { CacheOptions, DiscoveryOptions, SaslOptions, SmearOptions } from './options.ts';

/** Every option by its path. A new option without a row does not compile. */
type OptionPath =
  | Exclude<keyof CacheOptions, OptionGroup>
  | `discovery.${keyof DiscoveryOptions}`
  | `smear.${keyof SmearOptions}`
  | `sasl.${keyof SaslOptions}`;

/** Options that are objects of options. */
export const OPTION_GROUPS = ['discovery', 'smear', 'sasl'] as const;
type OptionGroup = (typeof OPTION_GROUPS)[number];

export interface OptionRow {
  /**
   * Reads the environment variable's text; what cannot be read is passed on for the rule to refuse. `undefined` for
   * what no text can hold.
   */
  readonly read: ((text: string) => unknown) | undefined;
  readonly rule: Rule;
  readonly fallback: unknown;
}

const row = (read: OptionRow['read'], rule: Rule, fallback?: unknown): OptionRow => ({
  read,
  rule,
  fallback,
});

const OPTION_TABLE: Readonly<Record<OptionPath, OptionRow>> = {
  'discovery.configurationEndpoint': row(asIs, endpoint),
  'discovery.nodes': row(
    asList,
    must(
      (value) => Array.isArray(value) && value.length > 0 && value.every(isNode),
      'a list of "host:port" or { host, port, weight }',
    ),
  ),
  'discovery.clusterId': row(
    asIs,
    must((value) => typeof value === 'string' && value.trim() !== '', "the cluster's id"),
  ),
  'discovery.serverlessEndpoint': row(asIs, endpoint),
  transport: row(asIs, oneOf(['auto', 'meta', 'memjs']), 'auto'),
  tls: row(
    asBoolean,
    must(
      (value) => typeof value === 'boolean' || isRecord(value),
      'a boolean or an object of tls.connect options',
    ),
  ),
  'sasl.username': row(asIs, secret),
  'sasl.password': row(asIs, secret),
  dialect: row(asIs, oneOf(DIALECTS), 'libketama'),
  connectTimeoutMillis: row(asNumber, millis, 250),
  operationTimeoutMillis: row(asNumber, millis, 100),
  loadTimeoutMillis: row(asNumber, loadMillis, 10_000),
  leases: row(asBoolean, boolean, true),
  namespace: row(asIs, namespace),
  schema: row(asIs, keyPart),
  invalidates: row(
    asList,
    must((value) => Array.isArray(value) && value.every(isKeyPart), 'a list of schema names without ":"'),
    [],
  ),
  'smear.keys': row(
    asList,
    must(
      (value) => Array.isArray(value) && value.every(isSmearKey),
      'a list of keys, { key, copies } or { prefix, copies } with 1 to 1000 copies',
    ),
    [],
  ),
  'smear.placement': row(asIs, oneOf(PLACEMENTS), 'successors'),
  'smear.auto': row(asBoolean, auto, true),
  'smear.copyTtlSeconds': row(asNumber, wholeUpTo(3600, 'of seconds'), 5),
  disabled: row(asBoolean, boolean, false),
  logger: row(undefined, withMethods('debug', 'info', 'warn')),
  AwsClient: row(undefined, must(isFunction, 'the class ElastiCacheClient')),
  awsClientOptions: row(undefined, must(isRecord, 'an object')),
};

/** Options of the middleware alone. */
const MIDDLEWARE_TABLE = {
  contextKey: row(asIs, name, 'cache'),
  internalKey: row(asIs, name, 'smearcache'),
  disablePrefetch: row(asBoolean, boolean, false),
  selfCheck: row(asBoolean, boolean, false),
  metrics: row(undefined, withMethods('addMetric', 'addDimension')),
  tracer: row(undefined, withMethods('putMetadata')),
};

/** Rows by path. A map, since an option named `constructor` is unknown like any other. */
export type OptionRows = ReadonlyMap<string, OptionRow>;
export const CACHE_ROWS: OptionRows = new Map(Object.entries(OPTION_TABLE));
export const MIDDLEWARE_ROWS: OptionRows = new Map(Object.entries({ ...OPTION_TABLE, ...MIDDLEWARE_TABLE }));

/** `smear.copyTtlSeconds` is SMEARCACHE_SMEAR_COPY_TTL_SECONDS; discovery's options go by their own names. */
export function variableOf(path: string): string {
  const name = path.replace('discovery.', '').replace('.', '_');
  return `SMEARCACHE_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}
