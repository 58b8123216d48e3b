import { Command, InvalidArgumentError } from 'commander';
import { type HotKey, MOST_HOLD_SECONDS, MOST_HOT_KEYS, withHotKeys } from '../../hotkeys/index.ts';
import { storageKey } from '../../memcached/storage-key.ts';
import { type ClusterView, viewCluster } from '../nodes/cluster-view.ts';
import { type ConnectionFlags, timeOption, withConnection } from '../nodes/connection-options.ts';
import { plural } from '../screen/figures.ts';
import { paletteOf } from '../screen/palette.ts';
import { shortened } from '../screen/printable.ts';
import { report } from '../screen/report.ts';
import { CommandFailure, misuse, type World } from '../world.ts';
import { changeList, type FoundList, nowOf, readList, someNodeAnswered } from './hot-list-access.ts';
import { hotLines, hotRows } from './hot-screen.ts';

interface HotFlags extends ConnectionFlags {
  readonly json?: boolean;
  readonly share: number;
  readonly hold: number;
  readonly stored?: boolean;
}

/** How long an entry of an operator's lasts; the fleet renews it while the key is hot. */
export const HOLD_MILLIS = 3_600_000;

export function hotCommand(world: World): Command {
  const shared = (name: string, description: string): Command =>
    withConnection(new Command(name)).description(description).option('--json', 'print JSON');
  const written = (name: string, description: string): Command =>
    shared(name, description)
      .argument('<keys...>', 'as the application gives them; namespace and schema come before them')
      .option('--stored', 'the keys are as they are stored, as top and show print them')
      .addOption(timeOption('--hold <time>', 'how long it is to last', HOLD_MILLIS, '1h'));
  const tell = (found: FoundList, flags: HotFlags): void => {
    const { list, behind, refused, unreachable } = found;
    const value = { version: list.version, keys: hotRows(found), behind, refused, unreachable };
    report(world.stdout, flags, value, () =>
      hotLines(found, nowOf(world), paletteOf(world.stdout, world.environment)),
    );
  };
  const write = async (keys: readonly string[], flags: HotFlags, share: number): Promise<void> => {
    const view = await viewCluster(flags, world);
    const written = await writeKeys(view, world, storedKeys(keys, flags, view), share, flags.hold);
    tell(written, flags);
    if (written.dropped.length > 0) throw noRoom(written.dropped);
  };
  const show = shared('show', 'the list (what `smearcache hot` alone shows)').action(
    async (flags: HotFlags) =>
      tell(someNodeAnswered(await readList(await viewCluster(flags, world), world)), flags),
  );
  const add = written('add', 'smears keys: all clients do within seconds')
    .option('--share <percent>', 'of all requests; decides how many nodes hold each', share, 0.05)
    .action(async (keys: string[], flags: HotFlags) => {
      await write(keys, flags, flags.share);
    });
  const remove = written(
    'remove',
    'smears keys no more, and keeps the fleet from listing them again meanwhile',
  ).action(async (keys: string[], flags: HotFlags) => {
    await write(keys, flags, 0);
  });
  const clear = shared(
    'clear',
    'takes all keys off; the fleet lists again what is hot once the time that each had left is over',
  ).action(async (flags: HotFlags) => {
    const view = await viewCluster(flags, world);
    const found = await changeList(view, world, (list, now) =>
      // As long as any node may still hold the entry that it takes back.
      withHotKeys(
        list,
        list.keys.map(({ key, until }) => ({ key, share: 0, until })),
        now,
      ),
    );
    tell(found, flags);
  });
  return new Command('hot')
    .description("the fleet's list of hot keys: show, add, remove, clear")
    .addCommand(show, { isDefault: true })
    .addCommand(add)
    .addCommand(remove)
    .addCommand(clear);
}

/** Of a full list the hottest stay, so that one change can push out what another wrote. */
export interface Written extends FoundList {
  /** Keys that were to be on the list, or were smeared by it, and are not on it any more. */
  readonly dropped: readonly string[];
}

/** Lists keys with one share, or as many as there are shares. */
export async function writeKeys(
  view: ClusterView,
  world: World,
  keys: readonly (string | Pick<HotKey, 'key' | 'share'>)[],
  share: number,
  holdMillis: number,
): Promise<Written> {
  const hold = Math.min(Math.ceil(holdMillis / 1000), MOST_HOLD_SECONDS);
  let wanted: readonly string[] = [];
  const found = await changeList(view, world, (list, now) => {
    const lasts = new Map(list.keys.map(({ key, until }) => [key, until]));
    const entries = keys.map((entry) => {
      const { key, share: own } = typeof entry === 'string' ? { key: entry, share } : entry;
      // Taken off must last longer than what it takes off.
      const until = own === 0 ? Math.max(lasts.get(key) ?? 0, now + hold) : now + hold;
      return { key, share: own, until };
    });
    const smeared = list.keys.filter(({ share }) => share > 0);
    wanted = [...entries, ...smeared].map(({ key }) => key);
    return withHotKeys(list, entries, now);
  });
  const listed = new Set(found.list.keys.map(({ key }) => key));
  return { ...found, dropped: [...new Set(wanted)].filter((key) => !listed.has(key)) };
}

const MOST_NAMED = 3;

function noRoom(dropped: readonly string[]): CommandFailure {
  const named = dropped.slice(0, MOST_NAMED).map((key) => shortened(key, 60));
  const more = dropped.length > named.length ? ` and ${dropped.length - named.length} more` : '';
  return new CommandFailure(
    `the list holds ${MOST_HOT_KEYS} keys, those with the largest shares: ${plural(dropped.length, 'key')} found no room, ${named.join(', ')}${more}`,
  );
}

function storedKeys(keys: readonly string[], { stored }: HotFlags, { prefix }: ClusterView): string[] {
  if (keys.length > MOST_HOT_KEYS)
    throw misuse(`the list holds ${MOST_HOT_KEYS} keys at most, and ${keys.length} were given`);
  if (!stored) return keys.map((key) => storageKey(prefix, key));
  for (const key of keys) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control bytes are what no stored key holds
    if (/[\x00-\x20\x7f]/.test(key) || Buffer.byteLength(key) > 250)
      throw misuse(`--stored: no key is stored as ${JSON.stringify(key)}`);
  }
  return [...keys];
}

function share(text: string): number {
  const value = Number(text.replace(/\s*%$/, '')) / 100;
  if (!(value > 0 && value <= 1)) throw new InvalidArgumentError('It must be a percentage, like 5 or 0.5 %.');
  return value;
}
