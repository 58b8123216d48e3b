import { Command } from 'commander';
import { DEFAULT_HOT_RULES, hotAbove, MOST_HOT_KEYS } from '../../hotkeys/index.ts';
import { storageKey } from '../../memcached/storage-key.ts';
import { type SmearRule, SmearRules } from '../../smear/index.ts';
import { HOLD_MILLIS, writeKeys } from '../hot/hot-command.ts';
import { type FoundList, nowOf, readList } from '../hot/hot-list-access.ts';
import { hotLines, hotRows } from '../hot/hot-screen.ts';
import { type ClusterView, viewCluster } from '../nodes/cluster-view.ts';
import {
  type ConnectionFlags,
  duration,
  timeOption,
  wholeNumber,
  withConnection,
} from '../nodes/connection-options.ts';
import { plural } from '../screen/figures.ts';
import { paletteOf } from '../screen/palette.ts';
import { progress } from '../screen/progress.ts';
import { report } from '../screen/report.ts';
import { CommandFailure, Found, type World } from '../world.ts';
import { rank } from './ranking.ts';
import { type TopPicture, topLines } from './top-screen.ts';
import { Watch } from './watch.ts';

interface TopFlags extends ConnectionFlags {
  readonly json?: boolean;
  readonly for?: number;
  readonly burst?: number;
  readonly all?: boolean;
  readonly count: number;
  readonly import?: boolean;
  readonly hold: number;
}

const DEFAULT_FOR_MILLIS = 10_000;
const LONGEST_BURST_MILLIS = 1_000;
const SHORTEST_BURST_MILLIS = 100;
/** Turns that each node has within the time. */
const ROUNDS = 8;

/** Home, then what is below goes. */
const REPAINT = '\u001b[H\u001b[J';
// A line that is too long is cut: wrapped, it would push the head off the screen.
const ENTER_SCREEN = '\u001b[?1049h\u001b[?25l\u001b[?7l';
const LEAVE_SCREEN = '\u001b[?7h\u001b[?25h\u001b[?1049l';

export function topCommand(world: World): Command {
  return withConnection(new Command('top'))
    .description('the hottest keys, live on a terminal until Ctrl-C, from bursts of `watch fetchers`')
    .option(
      '--for <time>',
      `end after this and print the table (default where there is no terminal: ${DEFAULT_FOR_MILLIS / 1000}s)`,
      duration,
    )
    .option(
      '--burst <time>',
      'how long a node is watched at a time (default: 1s, or less so that each has several turns)',
      duration,
    )
    .option('--all', 'watch all nodes at once, not in turn; costs each up to a third of its throughput')
    .option('--count <number>', 'how many keys', wholeNumber, 10)
    .option('--import', "write what was hot to the fleet's hot list at the end")
    .addOption(timeOption('--hold <time>', 'how long what is imported lasts', HOLD_MILLIS, '1h'))
    .option('--json', 'print JSON at the end')
    .action(async (flags: TopFlags) => {
      const view = await viewCluster(flags, world);
      const live = world.stdout.isTTY === true && !flags.json;
      const forMillis = flags.for ?? (live ? Number.POSITIVE_INFINITY : DEFAULT_FOR_MILLIS);
      const watch = new Watch(
        view,
        world,
        flags.burst ?? burstMillis(forMillis, flags.all ? 1 : view.nodes.length),
        Number.isFinite(forMillis) ? forMillis : undefined,
      );
      const found = await readList(view, world);
      const picture = await watchUntil(watch, view, world, flags, forMillis, live, copiesOfKeys(view, found));
      const palette = paletteOf(world.stdout, world.environment);
      if (watch.useless) {
        const refusal = nothingToWatch(watch, found);
        if (!found.list.keys.some(({ share }) => share > 0)) throw refusal;
        // Second best: what the fleet itself found, which has shares but no rates.
        world.stderr.write(`${refusal.message}\n`);
        const value = { source: 'hot list', keys: hotRows(found), troubles: watch.states };
        report(world.stdout, flags, value, () => hotLines(found, nowOf(world), palette));
        return;
      }
      // Stopped before its time it shows what it saw, and changes nothing.
      const stopped = flags.for !== undefined && world.interrupted.aborted;
      const imported =
        flags.import && !stopped ? await importKeys(watch, view, world, flags.hold) : undefined;
      const { ranking, states, seconds } = picture;
      const value = {
        source: 'watch',
        seconds,
        ...ranking,
        keys: ranking.keys.map((key) => ({ ...key, listed: picture.smearedOver(key.key) > 1 })),
        notWatched: states.filter(({ seen }) => !seen).map(({ node }) => node),
        troubles: states.filter(({ trouble }) => trouble),
        ...(imported && { imported }),
      };
      report(world.stdout, flags, value, () => [
        ...topLines(picture, view, palette, widthOf(world)),
        ...(imported ? ['', importedText(imported)] : []),
      ]);
      if (stopped) throw new Found();
    });
}

/** Many short turns rather than a few long ones: what changes on the way then shows on all nodes alike. */
const burstMillis = (forMillis: number, turns: number): number =>
  Math.max(
    Math.min(SHORTEST_BURST_MILLIS, forMillis),
    Math.min(LONGEST_BURST_MILLIS, forMillis / turns / ROUNDS),
  );

/** Puts on the fleet's list what the fleet itself would have. */
async function importKeys(
  watch: Watch,
  view: ClusterView,
  world: World,
  holdMillis: number,
): Promise<string[]> {
  const { keys, perSecond } = rank(watch.samples, MOST_HOT_KEYS);
  const nodes = view.nodes.length;
  const threshold = hotAbove(perSecond, nodes, DEFAULT_HOT_RULES);
  const hot = nodes === 1 ? [] : keys.filter((key) => key.perSecond > threshold);
  if (hot.length > 0) await writeKeys(view, world, hot, 0, holdMillis);
  return hot.map(({ key }) => key);
}

function importedText(keys: readonly string[]): string {
  if (keys.length === 0) return 'Nothing is hot enough for the hot list.';
  return `${plural(keys.length, 'key')} went to the fleet's hot list; smearcache hot shows it.`;
}

async function watchUntil(
  watch: Watch,
  view: ClusterView,
  world: World,
  flags: TopFlags,
  forMillis: number,
  live: boolean,
  smearedOver: TopPicture['smearedOver'],
): Promise<TopPicture> {
  const { clock, stdout, interrupted } = world;
  const palette = paletteOf(stdout, world.environment);
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

/**
 * By the hand-kept list and the fleet's. Rules name callers' keys, and a table shows storage keys: those of a prefix rule
 * are told by their beginning.
 */
function copiesOfKeys({ options, prefix }: ClusterView, found: FoundList): (key: string) => number {
  const rules = options.smear.rules.map(
    (rule): SmearRule =>
      rule.key === undefined
        ? { prefix: prefix + rule.prefix, copies: rule.copies }
        : { key: storageKey(prefix, rule.key), copies: rule.copies },
  );
  const smear = new SmearRules(rules);
  const hot = new Map(hotRows(found).map(({ key, nodes }) => [key, nodes.length]));
  // What the rules say of a key holds, whatever was measured: one copy keeps it on its base.
  return (key) => smear.copiesOf(key) ?? hot.get(key) ?? 1;
}

const widthOf = ({ stdout }: World): number => stdout.columns ?? 120;

function nothingToWatch(watch: Watch, { list }: FoundList): CommandFailure {
  const troubles = watch.states.map(
    ({ node, trouble }) =>
      `${node} ${trouble!.kind === 'refused' ? 'refuses `watch`' : 'is not reached'} (${trouble!.reason})`,
  );
  const what = troubles.join('; ');
  if (!watch.states.some(({ trouble }) => trouble?.kind === 'refused')) {
    return new CommandFailure(`${what}; smearcache doctor says more`);
  }
  return new CommandFailure(
    list.keys.length > 0
      ? `${what}; what follows is the fleet's hot list`
      : `${what}, and the fleet's hot list is empty. An access log can tell: smearcache simulate --log`,
  );
}
