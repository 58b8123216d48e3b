import type { ConnectionOptions } from 'node:tls';
import { OptionsError } from '../base/errors.ts';
import { DEFAULT_HOT_RULES, type HotRules } from '../hotkeys/index.ts';
import { checkRingInput } from '../ring/check-nodes.ts';
import type { RingDialect, RingNode } from '../ring/index.ts';
import { DEFAULT_COPIES, type Placement, type SmearRule } from '../smear/index.ts';
import { parseEndpoint } from './endpoint.ts';
import { isRecord } from './option-rules.ts';
import { CACHE_ROWS, OPTION_GROUPS, type OptionRow, type OptionRows, variableOf } from './option-table.ts';
import type { AutoOptions, CacheOptions, DiscoveryOptions, NodeOptions } from './options.ts';

/** The options once resolved: every default filled in, every rule kept. */
export interface ResolvedOptions {
  readonly discovery:
    | {
        readonly kind: 'configuration-endpoint';
        readonly endpoint: { readonly host: string; readonly port: number };
      }
    | { readonly kind: 'nodes'; readonly nodes: readonly RingNode[] }
    | { readonly kind: 'cluster'; readonly clusterId: string }
    | { readonly kind: 'none' };
  readonly transport: 'auto' | 'meta' | 'memjs';
  readonly tls: ConnectionOptions | undefined;
  readonly sasl: { readonly username: string; readonly password: string } | undefined;
  readonly dialect: RingDialect;
  readonly connectTimeoutMillis: number;
  readonly operationTimeoutMillis: number;
  readonly loadTimeoutMillis: number;
  readonly leases: boolean;
  readonly namespace: string | undefined;
  readonly schema: string | undefined;
  readonly invalidates: readonly string[];
  readonly smear: {
    readonly rules: readonly SmearRule[];
    readonly placement: Placement;
    readonly copyTtlSeconds: number;
    /** `undefined` where hot keys are not looked for. */
    readonly auto: HotRules | undefined;
  };
  readonly disabled: boolean;
  readonly logger: CacheOptions['logger'];
  readonly AwsClient: CacheOptions['AwsClient'];
  readonly awsClientOptions: CacheOptions['awsClientOptions'];
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** One object, so that clients that only say `tls: true` are the same. */
const DEFAULT_TLS: ConnectionOptions = {};

/** A choice of one: what is given in code must not be mixed with another kind from the environment. */
const DISCOVERY_PATHS = ['configurationEndpoint', 'nodes', 'clusterId', 'serverlessEndpoint'] as const;

/**
 * Options from code, else from the environment, else the defaults. `rows` are the options there are.
 *
 * @throws OptionsError that lists every problem at once.
 */
export function resolveOptions(
  given: CacheOptions,
  environment: Environment,
  rows: OptionRows = CACHE_ROWS,
): ResolvedOptions {
  const problems: string[] = [];
  const flat = flatten(given, rows, problems);
  const values = new Map<string, unknown>();
  const refused = new Set<string>();
  const discoveryGiven = DISCOVERY_PATHS.some((name) => flat.get(`discovery.${name}`) !== undefined);
  for (const [path, row] of rows) {
    const fromCode = flat.get(path);
    const useVariable = fromCode === undefined && !(discoveryGiven && path.startsWith('discovery.'));
    const text = useVariable ? textOf(path, row, environment) : undefined;
    const value = text === undefined ? fromCode : row.read?.(text);
    if (value === undefined) {
      values.set(path, row.fallback);
      continue;
    }
    values.set(path, value);
    const problem = row.rule(value);
    if (problem === undefined) continue;
    problems.push(`${text === undefined ? path : variableOf(path)} ${problem}`);
    values.set(path, row.fallback);
    refused.add(path);
  }
  const value = <T>(path: string): T => values.get(path) as T;
  // A discovery option that was refused is not also one that is missing.
  const discoveryRefused = DISCOVERY_PATHS.some((name) => refused.has(`discovery.${name}`));
  const discovery = chooseDiscovery(value, value('disabled') || discoveryRefused, problems);
  const wire = chooseWire(value, problems);
  const dialect = value<RingDialect>('dialect');
  if (discovery.kind === 'nodes') problems.push(...ringProblems(discovery.nodes, dialect));
  if (problems.length > 0) throw new OptionsError(problems);
  // Options without a group are called the same before and after.
  const plain = Object.fromEntries([...values].filter(([path]) => !path.includes('.'))) as Omit<
    ResolvedOptions,
    'discovery' | 'smear' | keyof typeof wire
  >;
  const rules = value<(string | SmearRule)[]>('smear.keys');
  return {
    ...plain,
    ...wire,
    discovery,
    smear: {
      // Spelt out, so that equal rules have equal fingerprints.
      rules: rules.map((rule) => ({
        copies: DEFAULT_COPIES,
        ...(typeof rule === 'string' ? { key: rule } : rule),
      })),
      placement: value('smear.placement'),
      copyTtlSeconds: value('smear.copyTtlSeconds'),
      auto: hotRules(value('smear.auto'), value('smear.placement')),
    },
  };
}

/** An empty variable is how templates and shells say "not set". */
function textOf(path: string, row: OptionRow, environment: Environment): string | undefined {
  return row.read === undefined ? undefined : environment[variableOf(path)] || undefined;
}

/** Options by path; names that are no options become problems. */
function flatten(given: unknown, rows: OptionRows, problems: string[]): Map<string, unknown> {
  const flat = new Map<string, unknown>();
  if (!isRecord(given)) {
    problems.push('the options must be an object');
    return flat;
  }
  const collect = (record: Record<string, unknown>, at: string): void => {
    for (const [name, value] of Object.entries(record)) {
      const path = at + name;
      if (rows.has(path) && !name.includes('.')) flat.set(path, value);
      else if (at === '' && OPTION_GROUPS.some((group) => group === name)) {
        if (isRecord(value)) collect(value, `${name}.`);
        else if (value !== undefined) problems.push(`${name} must be an object`);
      } else problems.push(`${path} is not an option`);
    }
  };
  collect(given, '');
  return flat;
}

function chooseDiscovery(
  value: <T>(path: string) => T,
  optional: boolean,
  problems: string[],
): ResolvedOptions['discovery'] {
  const endpoint = value<string | undefined>('discovery.configurationEndpoint');
  const nodes = value<DiscoveryOptions['nodes']>('discovery.nodes');
  const clusterId = value<string | undefined>('discovery.clusterId');
  const serverless = value<string | undefined>('discovery.serverlessEndpoint');
  const named = [endpoint, nodes, clusterId, serverless].filter((choice) => choice !== undefined);
  if (named.length > 1)
    problems.push(`discovery is given ${named.length} times: keep one of ${DISCOVERY_PATHS.join(', ')}`);
  if (named.length === 0 && !optional) {
    problems.push(
      'discovery must name the cluster: set SMEARCACHE_CONFIGURATION_ENDPOINT (or SMEARCACHE_DISABLED=true), ' +
        `or one of ${DISCOVERY_PATHS.join(', ')}`,
    );
  }
  if (endpoint !== undefined) return { kind: 'configuration-endpoint', endpoint: parseEndpoint(endpoint)! };
  if (nodes !== undefined) return { kind: 'nodes', nodes: nodes.map(toRingNode) };
  // Serverless shows one endpoint and hides its nodes: a ring of one.
  if (serverless !== undefined) return { kind: 'nodes', nodes: [parseEndpoint(serverless)!] };
  return clusterId === undefined ? { kind: 'none' } : { kind: 'cluster', clusterId };
}

/** How the nodes are spoken to; the choices bind each other. */
function chooseWire(
  value: <T>(path: string) => T,
  problems: string[],
): Pick<ResolvedOptions, 'transport' | 'tls' | 'sasl'> {
  const serverless = value<string | undefined>('discovery.serverlessEndpoint') !== undefined;
  const transport = value<ResolvedOptions['transport']>('transport');
  const tlsGiven = value<boolean | ConnectionOptions | undefined>('tls') ?? serverless;
  const username = value<string | undefined>('sasl.username');
  const password = value<string | undefined>('sasl.password');
  if ((username === undefined) !== (password === undefined))
    problems.push('sasl needs both username and password');
  const sasl = username === undefined || password === undefined ? undefined : { username, password };
  const tls = tlsGiven === true ? DEFAULT_TLS : tlsGiven === false ? undefined : tlsGiven;
  if (sasl !== undefined && transport === 'meta') problems.push('sasl needs the transport memjs (or auto)');
  if (tls !== undefined && (transport === 'memjs' || sasl !== undefined)) {
    problems.push('tls needs the transport meta (or auto) and no sasl: memjs has no TLS');
  }
  if (serverless && (tls === undefined || transport === 'memjs')) {
    problems.push('discovery.serverlessEndpoint needs TLS and the transport meta (or auto)');
  }
  return { transport: sasl === undefined ? transport : 'memjs', tls, sasl };
}

/** Under `suffix` writers must know what readers take for hot, which only rules can tell them. */
function hotRules(auto: boolean | AutoOptions, placement: Placement): HotRules | undefined {
  if (auto === false || placement === 'suffix') return undefined;
  const { tolerance, leastReadsPerSecond, oneIn } = auto === true ? {} : auto;
  return {
    tolerance: tolerance ?? DEFAULT_HOT_RULES.tolerance,
    leastReadsPerSecond: leastReadsPerSecond ?? DEFAULT_HOT_RULES.leastReadsPerSecond,
    oneIn: oneIn ?? DEFAULT_HOT_RULES.oneIn,
  };
}

function toRingNode(node: string | NodeOptions): RingNode {
  // What an option leaves undefined counts as left out.
  return typeof node === 'string' ? parseEndpoint(node)! : definedOnly(node);
}

function ringProblems(nodes: readonly RingNode[], dialect: RingDialect): string[] {
  try {
    checkRingInput(nodes, { dialect }, dialect);
    return [];
  } catch (error) {
    return [`discovery.nodes: ${(error as Error).message}`];
  }
}

function definedOnly(node: NodeOptions): RingNode {
  return Object.fromEntries(
    Object.entries(node).filter(([, value]) => value !== undefined),
  ) as unknown as RingNode;
}
