import { Command } from 'commander';
import { storageKey } from '../../memcached/storage-key.ts';
import { type SmearRule, SmearRules } from '../../smear/index.ts';
import { type ClusterView, viewCluster } from '../nodes/cluster-view.ts';
import { type ConnectionFlags, duration, wholeNumber, withConnection } from '../nodes/connection-options.ts';
import { paletteOf } from '../screen/palette.ts';
import { progress } from '../screen/progress.ts';
import { report } from '../screen/report.ts';
import { CommandFailure, type World } from '../world.ts';
import { rank } from './ranking.ts';
import { type TopPicture, topLines } from './top-screen.ts';
import { Watch } from './watch.ts';

interface TopFlags extends ConnectionFlags {
  readonly json?: boolean;
  readonly for?: number;
  readonly burst: number;
  readonly all?: boolean;
  readonly count: number;
}

const DEFAULT_FOR_MILLIS = 10_000;
/** Home, then what is below goes. */
const REPAINT = '\u001b[H\u001b[J';
const ENTER_SCREEN = '\u001b[?1049h\u001b[?25l';
const LEAVE_SCREEN = '\u001b[?25h\u001b[?1049l';

export function topCommand(world: World): Command {
  return withConnection(new Command('top'))
    .description('the hottest keys, live on a terminal until Ctrl-C, from bursts of `watch fetchers`')
    .option(
      '--for <time>',
      `end after this and print the table (default where there is no terminal: ${DEFAULT_FOR_MILLIS / 1000}s)`,
      duration,
    )
    .option('--burst <time>', 'how long a node is watched at a time', duration, 1_000)
    .option('--all', 'watch all nodes at once, not in turn; costs each up to a third of its throughput')
    .option('--count <number>', 'how many keys', wholeNumber, 10)
    .option('--json', 'print JSON at the end')
    .action(async (flags: TopFlags) => {
      const view = await viewCluster(flags, world);
      const live = world.stdout.isTTY === true && !flags.json;
      const forMillis = flags.for ?? (live ? Number.POSITIVE_INFINITY : DEFAULT_FOR_MILLIS);
      const watch = new Watch(
        view,
        world,
        Math.min(flags.burst, forMillis),
        Number.isFinite(forMillis) ? forMillis : undefined,
      );
      const picture = await watchUntil(watch, view, world, flags, forMillis, live);
      if (watch.useless) throw nothingToWatch(watch);
      const { ranking, states, seconds } = picture;
      const value = {
        seconds,
        ...ranking,
        keys: ranking.keys.map((key) => ({ ...key, listed: picture.smearedOver(key.key) > 1 })),
        troubles: states.filter(({ trouble }) => trouble),
      };
      report(world.stdout, flags, value, () =>
        topLines(picture, view, paletteOf(world.stdout, world.environment), widthOf(world)),
      );
    });
}

async function watchUntil(
  watch: Watch,
  view: ClusterView,
  world: World,
  flags: TopFlags,
  forMillis: number,
  live: boolean,
): Promise<TopPicture> {
  const { clock, stdout, interrupted } = world;
  const palette = paletteOf(stdout, world.environment);
  const smearedOver = listedCopies(view);
  const began = clock.monotonic();
  const picture = (): TopPicture => ({
    ranking: rank(watch.samples, flags.count),
    states: watch.states,
    seconds: (clock.monotonic() - began) / 1000,
    smearedOver,
  });
  const draw = (): void => {
    const lines = topLines(picture(), view, palette, widthOf(world)).slice(0, (stdout.rows ?? 24) - 1);
    stdout.write(REPAINT + lines.join('\n'));
  };
  const goesOn = (): boolean => !interrupted.aborted && clock.monotonic() - began < forMillis;
  const done = live
    ? () => void stdout.write(LEAVE_SCREEN)
    : progress(world, `watching for ${forMillis / 1000} s …`);
  if (live) stdout.write(`${ENTER_SCREEN}${REPAINT}watching …`);
  try {
    do {
      await watch.round(flags.all === true, () => {
        if (live) draw();
        return goesOn();
      });
      if (watch.useless) break;
    } while (goesOn());
  } finally {
    watch.close();
    done();
  }
  return picture();
}

/** Rules name callers' keys, and a table shows storage keys: those of a prefix rule are told by their beginning. */
function listedCopies({ options, prefix }: ClusterView): (key: string) => number {
  const rules = options.smear.rules.map(
    (rule): SmearRule =>
      rule.key === undefined
        ? { prefix: prefix + rule.prefix, copies: rule.copies }
        : { key: storageKey(prefix, rule.key), copies: rule.copies },
  );
  const smear = new SmearRules(rules);
  return (key) => smear.copiesOf(key);
}

const widthOf = ({ stdout }: World): number => stdout.columns ?? 120;

function nothingToWatch(watch: Watch): CommandFailure {
  const troubles = watch.states.map(
    ({ node, trouble }) =>
      `${node} ${trouble!.kind === 'refused' ? 'refuses `watch`' : 'is not reached'} (${trouble!.reason})`,
  );
  const refused = watch.states.some(({ trouble }) => trouble?.kind === 'refused');
  return new CommandFailure(
    `${troubles.join('; ')}${refused ? '. Where nodes cannot be watched, an access log can tell: smearcache simulate' : '. smearcache doctor says more'}`,
  );
}
