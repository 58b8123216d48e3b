// Placement against npm hashring, the ring that npm memcached uses.
//
// All contenders take turns within one process, and a figure is compared only with those of its own round: a noisy
// machine slows a round down as a whole. hashring remembers 5,000 keys; over 20,000 distinct keys, asked in turn,
// that memory never holds the next one. It is measured so, and also with the memory taken out, which is kinder to it.
import HashRing from 'hashring';
import { buildRing } from '../src/ring/index.ts';

const DEFAULT_ROUNDS = 15;
const LOOKUP_NODES = 20;
const KEYS = 20_000;
const BUILDS_PER_ROUND = 10;

interface Contender {
  readonly name: string;
  /** Does `operations` operations. */
  readonly work: () => unknown;
}

interface Contest {
  readonly title: string;
  readonly operations: number;
  /** The others are compared with it. */
  readonly subject: Contender;
  readonly others: readonly Contender[];
}

/** `args`: the number of rounds, 15 by default. */
export function run(args: readonly string[]): void {
  const rounds = Number(args[0] ?? DEFAULT_ROUNDS);
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new RangeError(`rounds must be a whole number from 1, got ${args[0]}`);
  process.stdout.write(
    `node ${process.version}, ${rounds} rounds, medians; ratio = hashring / smearcache in one round\n`,
  );
  for (const contest of [lookups(), hotLookups(), successors(), builds(20), builds(100)])
    hold(contest, rounds);
}

function lookups(): Contest {
  return lookupContest(`look-up, ${LOOKUP_NODES} nodes, ${KEYS} distinct keys`, distinctKeys(), KEYS);
}

/** The case where remembering keys wins. */
function hotLookups(): Contest {
  const keys = Array.from({ length: 2_000 }, (_, i) => `item:${i}:profile:v2`);
  return lookupContest(
    `look-up, ${LOOKUP_NODES} nodes, 2000 keys over and over (hashring remembers them all)`,
    keys,
    KEYS,
  );
}

function lookupContest(title: string, keys: readonly string[], operations: number): Contest {
  const nodes = nodeList(LOOKUP_NODES);
  const ring = buildRing(nodes);
  const remembering = new HashRing(serverList(nodes), 'md5');
  const forgetting = new HashRing(serverList(nodes), 'md5');
  forgetting.cache = { get: () => undefined, set: () => undefined };
  const turns = operations / keys.length;
  return {
    title,
    operations,
    subject: { name: 'smearcache', work: forEach(keys, turns, (key) => ring.owner(key)) },
    others: [
      { name: 'hashring as it comes', work: forEach(keys, turns, (key) => remembering.get(key)) },
      { name: 'hashring, no memory', work: forEach(keys, turns, (key) => forgetting.get(key)) },
    ],
  };
}

/** hashring has no memory of these. */
function successors(): Contest {
  const nodes = nodeList(LOOKUP_NODES);
  const ring = buildRing(nodes);
  const hashring = new HashRing(serverList(nodes), 'md5');
  const keys = distinctKeys();
  return {
    title: `the owner and the next two of ${LOOKUP_NODES} nodes, ${KEYS} distinct keys`,
    operations: KEYS,
    subject: { name: 'smearcache', work: forEach(keys, 1, (key) => ring.successors(key, 3)) },
    others: [{ name: 'hashring', work: forEach(keys, 1, (key) => hashring.range(key, 3)) }],
  };
}

function forEach(keys: readonly string[], turns: number, lookUp: (key: string) => unknown): () => unknown {
  return () => {
    let last: unknown;
    for (let turn = 0; turn < turns; turn++) for (const key of keys) last = lookUp(key);
    return last;
  };
}

function distinctKeys(): string[] {
  return Array.from({ length: KEYS }, (_, i) => `item:${(i * 7919) % 1_000_003}:profile:v2`);
}

function builds(count: number): Contest {
  const nodes = nodeList(count);
  const servers = serverList(nodes);
  const repeat = (build: () => unknown) => () => {
    let last: unknown;
    for (let i = 0; i < BUILDS_PER_ROUND; i++) last = build();
    return last;
  };
  return {
    title: `build a ring of ${count} nodes`,
    operations: BUILDS_PER_ROUND,
    subject: { name: 'smearcache', work: repeat(() => buildRing(nodes)) },
    others: [{ name: 'hashring', work: repeat(() => new HashRing(servers, 'md5')) }],
  };
}

function nodeList(count: number) {
  return Array.from({ length: count }, (_, i) => ({
    host: `mycluster.abc123.${String(i + 1).padStart(4, '0')}.use1.cache.amazonaws.com`,
    port: 11211,
  }));
}

const serverList = (nodes: ReturnType<typeof nodeList>) => nodes.map(({ host, port }) => `${host}:${port}`);

function hold({ title, operations, subject, others }: Contest, rounds: number): void {
  const contenders = [subject, ...others];
  const times = contenders.map((): number[] => []);
  for (let warmUp = 0; warmUp < 8; warmUp++) for (const { work } of contenders) work();
  for (let round = 0; round < rounds; round++) {
    // Each round begins with another contender, so that none always runs in the wake of the same one.
    for (let turn = 0; turn < contenders.length; turn++) {
      const c = (round + turn) % contenders.length;
      times[c]!.push(nanosOf(contenders[c]!.work) / operations);
    }
  }
  process.stdout.write(`\n${title}\n${row('', 'ns/op', 'ratio: min', 'median', 'max')}`);
  for (const [c, { name }] of contenders.entries()) {
    const ratios = times[c]!.map((time, round) => time / times[0]![round]!).sort((a, b) => a - b);
    const shown =
      c === 0 ? ['', '', ''] : [ratios[0]!, median(ratios), ratios.at(-1)!].map((x) => `${x.toFixed(1)}x`);
    process.stdout.write(row(name, median(times[c]!).toFixed(0), ...shown));
  }
}

function nanosOf(work: () => unknown): number {
  const start = process.hrtime.bigint();
  work();
  return Number(process.hrtime.bigint() - start);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

function row(name: string, ...cells: readonly string[]): string {
  return `  ${name.padEnd(24)}${cells.map((cell) => cell.padStart(12)).join('')}\n`;
}
