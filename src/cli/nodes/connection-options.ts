import { readFileSync } from 'node:fs';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { OptionsError, reasonOf } from '../../base/errors.ts';
import { type Environment, type ResolvedOptions, resolveOptions } from '../../client/resolve-options.ts';
import { DIALECTS, type RingDialect } from '../../ring/index.ts';
import { misuse } from '../world.ts';

/** What every command's options say of the cluster, as commander hands them over. */
export interface ConnectionFlags {
  readonly configEndpoint?: string;
  readonly clusterId?: string;
  readonly nodes?: string[];
  readonly serverlessEndpoint?: string;
  readonly tls?: boolean;
  readonly tlsCa?: string;
  readonly dialect?: RingDialect;
  readonly namespace?: string;
  readonly schema?: string;
  readonly smearKeys?: string[];
  readonly timeout?: number;
}

/** An operator's machine may be far from the nodes, and nobody's request waits for it. */
const TIMEOUT_MILLIS = 2_000;

/** The options by which a command finds the cluster and spells keys, as the application does. */
export function withConnection(command: Command): Command {
  return command
    .optionsGroup('The cluster (else as the SMEARCACHE_* variables say):')
    .option('--config-endpoint <host:port>', "the cluster's configuration endpoint")
    .option('--cluster-id <id>', 'asks the ElastiCache API for the nodes')
    .option('--nodes <list>', 'the nodes themselves, host:port,host:port', list)
    .option('--serverless-endpoint <host:port>', 'an ElastiCache Serverless cache')
    .option('--tls', 'speak TLS to the nodes')
    .option('--no-tls', 'do not, whatever SMEARCACHE_TLS says')
    .option('--tls-ca <file>', 'trust the certificates in this PEM file; implies --tls')
    .option('--timeout <ms>', `for a connect and for a reply (default: ${TIMEOUT_MILLIS})`, atLeastOne)
    .optionsGroup('Keys, as the application spells them:')
    .addOption(new Option('--dialect <name>', 'whose placement to follow').choices(DIALECTS))
    .option('--namespace <name>', 'stands before every key')
    .option('--schema <name>', "the name of the values' shape")
    .option('--smear-keys <list>', 'the hand-kept list of hot keys', list)
    .optionsGroup('Options:');
}

export function list(text: string): string[] {
  const entries = text.split(',').map((entry) => entry.trim());
  return entries.filter((entry) => entry !== '');
}

export function atLeastOne(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value < 1 || text.trim() === '')
    throw new InvalidArgumentError('It must be a number from 1 up.');
  return value;
}

export function wholeNumber(text: string): number {
  const value = Number(text.replaceAll('_', ''));
  if (!Number.isSafeInteger(value) || value < 1)
    throw new InvalidArgumentError('It must be a whole number from 1 up.');
  return value;
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `10`, `10s`, `500ms`, `2m`, `1h` or `7d`, in milliseconds. */
export function duration(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(text.trim());
  const unit = UNITS[match?.[2] ?? 's']!;
  const millis = Number(match?.[1]) * unit;
  if (!(millis >= 1)) throw new InvalidArgumentError('It must be a time, like 10s, 500ms or 2h.');
  return millis;
}

/** An option that is a time, with a default that help shows as it would be given. */
export const timeOption = (flags: string, description: string, millis: number, shown: string): Option =>
  new Option(flags, description).argParser(duration).default(millis, shown);

/** How the library's options are called here. */
const FLAG_NAMES: Readonly<Record<string, string>> = {
  'discovery.configurationEndpoint': '--config-endpoint',
  'discovery.nodes': '--nodes',
  'discovery.clusterId': '--cluster-id',
  'discovery.serverlessEndpoint': '--serverless-endpoint',
  'smear.keys': '--smear-keys',
  namespace: '--namespace',
  schema: '--schema',
  dialect: '--dialect',
};

/**
 * The options as the library would have them, from flags, else from the environment.
 *
 * @throws CommandFailure (misuse) that says what is wrong in the words of the command line.
 */
export function resolveConnection(flags: ConnectionFlags, environment: Environment): ResolvedOptions {
  const { configEndpoint, nodes, clusterId, serverlessEndpoint, dialect, namespace, schema, smearKeys } =
    flags;
  const timeout = flags.timeout ?? TIMEOUT_MILLIS;
  try {
    const resolved = resolveOptions(
      {
        discovery: { configurationEndpoint: configEndpoint, nodes, clusterId, serverlessEndpoint },
        tls: flags.tlsCa === undefined ? flags.tls : { ca: readFileSync(flags.tlsCa) },
        dialect,
        namespace,
        schema,
        smear: { keys: smearKeys },
        // Variables are for the fleet's impatience.
        connectTimeoutMillis: timeout,
        operationTimeoutMillis: timeout,
        // A cluster can be looked at while the fleet does without it.
        disabled: false,
      },
      environment,
    );
    return resolved;
  } catch (error) {
    if (!(error instanceof OptionsError)) throw misuse(`--tls-ca: ${reasonOf(error)}`);
    throw misuse(error.problems.map(inFlags).join('; '));
  }
}

function inFlags(problem: string): string {
  if (problem.startsWith('discovery must name'))
    return 'which cluster? Give --config-endpoint, --cluster-id or --nodes, or set SMEARCACHE_CONFIGURATION_ENDPOINT';
  if (problem.startsWith('discovery is given'))
    return 'give one of --config-endpoint, --cluster-id, --nodes and --serverless-endpoint';
  const path = Object.keys(FLAG_NAMES).find((name) => problem.startsWith(name));
  return path === undefined ? problem : FLAG_NAMES[path] + problem.slice(path.length);
}
