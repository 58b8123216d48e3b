import { writeFile } from 'node:fs/promises';
import { Command, InvalidArgumentError } from 'commander';
import { reasonOf } from '../../base/errors.ts';
import { keyPrefix, storageKey } from '../../memcached/storage-key.ts';
import { buildRing, type Ring } from '../../ring/index.ts';
import { viewCluster } from '../nodes/cluster-view.ts';
import {
  atLeastOne,
  type ConnectionFlags,
  resolveConnection,
  wholeNumber,
  withConnection,
} from '../nodes/connection-options.ts';
import { resolveIps } from '../ring/where.ts';
import { plural } from '../screen/figures.ts';
import { paletteOf } from '../screen/palette.ts';
import { printable } from '../screen/printable.ts';
import { progress } from '../screen/progress.ts';
import { report } from '../screen/report.ts';
import { CommandFailure, misuse, type World } from '../world.ts';
import { countLog, readCounts } from './access-log.ts';
import { simulationPage } from './page.ts';
import { countedKeys, type Popularity, productionKeys, zipfKeys } from './popularity.ts';
import { simulationLines } from './simulate-screen.ts';
import { simulate } from './simulation.ts';

interface SimulateFlags extends ConnectionFlags {
  readonly log?: string;
  readonly column?: number;
  readonly delimiter: string;
  readonly counts?: string;
  readonly zipf?: number;
  readonly keys: number;
  readonly popularity?: boolean;
  readonly size?: number;
  readonly target: number;
  readonly tolerance?: number;
  readonly valueBytes: number;
  readonly requestsPerSecond?: number;
  readonly html?: string;
  readonly json?: boolean;
}

const DEFAULT_SIZE = 8;
/** ElastiCache has clusters of up to 300 nodes. */
const MOST_NODES = 1_000;

export function simulateCommand(world: World): Command {
  return withConnection(new Command('simulate'))
    .description('what the popularity of your keys does to the nodes, with smearing and without')
    .option('--log <file>', 'an access log, one key a line; - is the standard input')
    .option('--column <number>', 'the key is this field of a line, counted from 1', wholeNumber)
    .option('--delimiter <text>', 'what parts fields; \\t is a tab', delimiter, ',')
    .option('--counts <file>', 'a file of `key count` lines')
    .option('--zipf <exponent>', 'a Zipf distribution, 0.99 say', exponent)
    .option('--keys <number>', 'of so many keys', wholeNumber, 1_000_000)
    .option('--popularity', "a production cache's: CacheLib's published figures")
    .option(
      '--size <number>',
      `so many nodes of equal weight, where no cluster is named (default: ${DEFAULT_SIZE})`,
      size,
    )
    .option('--target <ratio>', 'the busiest node may have this times the mean', atLeastOne, 1.1)
    .option('--tolerance <part>', 'smear by this tolerance instead of looking for one', part)
    .option('--value-bytes <number>', 'size of a value', wholeNumber, 1_000)
    .option('--requests-per-second <number>', 'of the whole cluster', atLeastOne)
    .option('--html <file>', 'write a page with plots, too')
    .option('--json', 'print JSON')
    .action(async (flags: SimulateFlags) => {
      const popularity = await popularityOf(flags, world);
      const { ring, prefix } = await ringOf(flags, world);
      const done = progress(world, `placing ${plural(popularity.keys.length, 'key')} …`);
      const simulation = simulate(popularity, ring, (key) => storageKey(prefix, key), flags);
      done();
      const assumed = { valueBytes: flags.valueBytes, requestsPerSecond: flags.requestsPerSecond };
      if (flags.html !== undefined) await writePage(flags.html, simulationPage(simulation, assumed));
      report(world.stdout, flags, { ...simulation, assumed }, () => [
        ...simulationLines(simulation, assumed, paletteOf(world.stdout, world.environment)),
        ...(flags.html === undefined ? [] : ['', `plots are in ${flags.html}`]),
      ]);
    });
}

async function popularityOf(flags: SimulateFlags, world: World): Promise<Popularity> {
  const { log, counts, zipf, popularity } = flags;
  const given = [log, counts, zipf, popularity].filter((choice) => choice !== undefined);
  if (given.length !== 1) throw misuse('simulate what? Give one of --log, --counts, --zipf and --popularity');
  if (zipf !== undefined) return zipfKeys(zipf, flags.keys);
  if (popularity) return productionKeys();
  const file = (log ?? counts)!;
  const name = file === '-' ? 'the standard input' : file;
  const done = progress(world, `reading ${printable(name)} …`);
  const read = log === undefined ? readCounts(file, world) : countLog(file, flags, world);
  return countedKeys(await read.finally(done), name);
}

/** The cluster's ring where one is named, else one of as many nodes as were said. */
async function ringOf(
  flags: SimulateFlags,
  world: World,
): Promise<{ readonly ring: Ring; readonly prefix: string }> {
  const named = flags.configEndpoint ?? flags.clusterId ?? flags.nodes ?? flags.serverlessEndpoint;
  const { environment } = world;
  const told =
    environment.SMEARCACHE_CONFIGURATION_ENDPOINT ||
    environment.SMEARCACHE_NODES ||
    environment.SMEARCACHE_CLUSTER_ID;
  if (named !== undefined && flags.size !== undefined) throw misuse('give a cluster or --size, not both');
  if (flags.size === undefined && (named ?? told)) {
    const { nodes, options, prefix } = await viewCluster(flags, world);
    const { dialect } = options;
    return { ring: buildRing(await resolveIps(nodes, [dialect]), { dialect }), prefix };
  }
  const names = Array.from({ length: flags.size ?? DEFAULT_SIZE }, (_, i) => `node-${i + 1}.example`);
  const { dialect, namespace, schema } = resolveConnection({ ...flags, nodes: ['localhost'] }, {});
  // Java's dialects hash addresses; these are kept for examples.
  const nodes = names.map((host, i) => ({ host, port: 11_211, ip: `198.18.${i >> 8}.${i & 255}` }));
  return { ring: buildRing(nodes, { dialect }), prefix: keyPrefix(namespace, schema) };
}

async function writePage(file: string, page: string): Promise<void> {
  await writeFile(file, page).catch((error: unknown) => {
    throw new CommandFailure(`--html: ${reasonOf(error)}`);
  });
}

/** As it is typed where no shell has an easy way to say it. */
function delimiter(text: string): string {
  if (text === '') throw new InvalidArgumentError('It must be at least one character.');
  return text === '\\t' ? '\t' : text;
}

function size(text: string): number {
  const value = wholeNumber(text);
  if (value > MOST_NODES) throw new InvalidArgumentError(`It must be at most ${MOST_NODES}.`);
  return value;
}

function exponent(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 5)) throw new InvalidArgumentError('It must be a number above 0, up to 5.');
  return value;
}

function part(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 1)) throw new InvalidArgumentError('It must be a number above 0, up to 1.');
  return value;
}
