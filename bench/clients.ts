// `npm run bench -- clients`: this package's client against its peers and against a bare socket.
//
// Every contender has a process of its own, new for each scenario. Within a scenario they take turns, in another order
// each round, and a figure is compared only with memjs's of the same round.
import { parseArgs } from 'node:util';
import { seededRandom } from '../src/base/random.ts';
import { startMemcachedCluster } from '../test/support/memcached.ts';
import { type Bundle, bundlePackage } from './clients/bundle.ts';
import { ContenderProcess } from './clients/contender-process.ts';
import { CONTENDERS } from './clients/contenders.ts';
import { type Contest, ratioOf } from './clients/contest.ts';
import { figuresTable, PROMISED_SCENARIOS } from './clients/figures.ts';
import { SCENARIOS, type Scenario } from './clients/scenarios.ts';
import { shuffled } from './clients/statistics.ts';
import { tables } from './clients/tables.ts';

const CEILING = 'ceiling';
const NAMES: readonly string[] = [...Object.keys(CONTENDERS), CEILING];
const MEMCACHED_ARGS = ['-t', '2', '-m', '256'];

interface Plan {
  readonly scenarios: readonly Scenario[];
  readonly rounds: number;
  readonly roundMillis: number;
  readonly warmUpMillis: number;
  readonly random: () => number;
}

export async function run(args: readonly string[]): Promise<void> {
  const plan = planOf(args);
  using bundle = await bundlePackage();
  await using cluster = await startMemcachedCluster(4, { args: MEMCACHED_ARGS });
  const { rounds, roundMillis } = plan;
  process.stdout.write(`Node ${process.version}, ${rounds} rounds of ${roundMillis / 1_000} s, medians\n\n`);
  const contests: Contest[] = [];
  for (const scenario of plan.scenarios) {
    const contest = await hold(scenario, plan, cluster.names.slice(0, scenario.nodes), bundle);
    contests.push(contest);
    const ratio = ratioOf(contest, 'smearcache', 'perSecond').toFixed(2);
    process.stderr.write(`${scenario.name}: smearcache ${ratio} x memjs\n`);
  }
  process.stdout.write(`${tables(contests, NAMES)}\n\n${figuresTable(contests)}\n`);
}

function planOf(args: readonly string[]): Plan {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string', default: '' },
      rounds: { type: 'string' },
      seed: { type: 'string', default: '1' },
    },
  });
  const { quick, only, seed } = values;
  const rounds = Number(values.rounds ?? (quick ? 5 : 7));
  if (!Number.isInteger(rounds) || rounds < 1) throw new RangeError('--rounds takes a whole number from 1');
  const scenarios = SCENARIOS.filter(
    ({ name }) => name.includes(only) && (!quick || PROMISED_SCENARIOS.has(name)),
  );
  if (scenarios.length === 0) throw new RangeError(`no scenario has "${only}" in its name`);
  return {
    scenarios,
    rounds,
    roundMillis: quick ? 400 : 600,
    warmUpMillis: quick ? 300 : 500,
    random: seededRandom(Number(seed)),
  };
}

async function hold(
  scenario: Scenario,
  plan: Plan,
  nodes: readonly string[],
  bundle: Bundle,
): Promise<Contest> {
  const names = scenario.operation === 'batch' ? NAMES.filter((name) => name !== CEILING) : NAMES;
  const contenders = names.map((name) => new ContenderProcess(name));
  try {
    for (const contender of contenders) await contender.prepare(scenario, nodes, bundle.url);
    for (const contender of contenders) await contender.play(plan.warmUpMillis, false);
    for (let round = 0; round < plan.rounds; round++) {
      for (const contender of shuffled(contenders, plan.random)) await contender.play(plan.roundMillis, true);
    }
  } finally {
    await Promise.all(contenders.map((contender) => contender.end()));
  }
  return { scenario, contenders };
}
