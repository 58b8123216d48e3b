// The fleet's list of hot keys: one small value, kept in the cache, that everyone may write. So it is bounded, and
// nothing in it is believed before it was looked at.

import type { Seconds } from '../base/units.ts';

export interface HotKey {
  /** The storage key. */
  readonly key: string;
  /** Of the cluster's load, 0..1. 0 is a key that was taken off the list. */
  readonly share: number;
  /** Seconds since 1970, after which it is not hot any more unless somebody says so again: its promoter may be gone. */
  readonly until: Seconds;
  /** The list's version when this entry was written. Of two entries for one key the higher holds. */
  readonly version: number;
}

export interface HotList {
  /** Raised by each change. */
  readonly version: number;
  /** The hottest first, at most `MOST_HOT_KEYS`. */
  readonly keys: readonly HotKey[];
}

/** More than `nodes * log(nodes)` of any cluster that ElastiCache offers need never be spread. */
export const MOST_HOT_KEYS = 64;

export const NO_HOT_KEYS: HotList = { version: 0, keys: [] };

/** An entry lasts no longer than this, whoever wrote it. */
export const MOST_HOLD_SECONDS: Seconds = 30 * 86_400;

/** Above the longest list there can be: JSON writes a key of 250 quotes in 500 bytes. */
const MOST_BYTES = 36 * 1024;
/** At a change a second this takes 34,000 years. A list that has come here by other means stays here, and can still be changed. */
const MOST_VERSION = 2 ** 40 - 1;
/** All shares together: of keys that were hot one after another they come to more than 1, but not to this. */
const MOST_SHARES = 16;
const MOST_KEY_BYTES = 250;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control bytes are what no stored key holds
const NOT_IN_KEYS = /[\x00-\x20\x7f]/;

/** What holds of two lists, by key; entries past their time are left out, and where there are too many the coldest. */
export function mergeHotLists(one: HotList, other: HotList, now: Seconds): HotList {
  const byKey = new Map<string, HotKey>();
  for (const entry of [...one.keys, ...other.keys]) {
    const known = byKey.get(entry.key);
    if (known === undefined || holdsOver(entry, known)) byKey.set(entry.key, entry);
  }
  const alive = [...byKey.values()].filter(({ until }) => until > now);
  return { version: Math.max(one.version, other.version), keys: hottest(alive) };
}

/** A list with `entries` written into it, as one change. */
export function withHotKeys(
  list: HotList,
  entries: readonly Omit<HotKey, 'version'>[],
  now: Seconds,
): HotList {
  const version = Math.min(list.version + 1, MOST_VERSION);
  // As they are read by others, so that all hold the same.
  const keys = entries.map(({ key, share, until }) => ({
    key,
    share: rounded(share),
    until: Math.round(until),
    version,
  }));
  return mergeHotLists(list, { version, keys }, now);
}

/** Whether a node that holds `held` is to be told of `list`: it misses some of it, or has what is over. */
export function isBehind(held: HotList, list: HotList, now: Seconds): boolean {
  return (
    held.version < list.version || !encodeHotList(mergeHotLists(held, list, now)).equals(encodeHotList(held))
  );
}

export function encodeHotList({ version, keys }: HotList): Buffer {
  const rows = keys.map(({ key, share, until, version: since }) => [key, share, until, since]);
  return Buffer.from(JSON.stringify([version, rows]));
}

/** The list that `bytes` are, with entries past their time, or why they are none. `now`: seconds since 1970. */
export function decodeHotList(bytes: Buffer, now: Seconds): HotList | { readonly refused: string } {
  if (bytes.length > MOST_BYTES) return { refused: `it has ${bytes.length} bytes` };
  let parsed: unknown;
  try {
    parsed = JSON.parse(bytes.toString('utf8'));
  } catch {
    return { refused: 'it is no JSON' };
  }
  if (!Array.isArray(parsed) || parsed.length !== 2) return { refused: 'it is no [version, keys]' };
  const [version, rows] = parsed as [unknown, unknown];
  if (!isVersion(version, MOST_VERSION)) return { refused: 'its version is no whole number' };
  if (!Array.isArray(rows) || rows.length > MOST_HOT_KEYS) {
    return { refused: `its keys are no list of up to ${MOST_HOT_KEYS}` };
  }
  const keys: HotKey[] = [];
  for (const [at, row] of rows.entries()) {
    const entry = entryOf(row, version, now);
    if (entry === undefined) return { refused: `its key ${at} is no [key, share, until, version]` };
    keys.push(entry);
  }
  if (new Set(keys.map(({ key }) => key)).size < keys.length) return { refused: 'it names a key twice' };
  if (sharesOf(keys) > MOST_SHARES) return { refused: `its shares come to ${Math.round(sharesOf(keys))}` };
  return { version, keys };
}

function entryOf(row: unknown, listVersion: number, now: Seconds): HotKey | undefined {
  if (!Array.isArray(row) || row.length !== 4) return undefined;
  const [key, share, until, version] = row as unknown[];
  if (typeof key !== 'string' || !isStorable(key)) return undefined;
  if (typeof share !== 'number' || !(share >= 0 && share <= 1)) return undefined;
  if (typeof until !== 'number' || !(until >= 0 && until <= now + MOST_HOLD_SECONDS)) return undefined;
  return isVersion(version, listVersion) ? { key, share, until, version } : undefined;
}

function isStorable(key: string): boolean {
  return key !== '' && !NOT_IN_KEYS.test(key) && Buffer.byteLength(key) <= MOST_KEY_BYTES;
}

const isVersion = (value: unknown, most: number): value is number =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) <= most;

/** Two who wrote the same version without knowing of each other come to the same, whoever reads which first. */
function holdsOver(entry: HotKey, known: HotKey): boolean {
  if (entry.version !== known.version) return entry.version > known.version;
  return entry.until !== known.until ? entry.until > known.until : entry.share > known.share;
}

/** Of keys with equal shares the order is that of their names: all must compute the same of one list. */
function hottest(keys: readonly HotKey[]): readonly HotKey[] {
  const ordered = [...keys]
    .sort((a, b) => b.share - a.share || (a.key < b.key ? -1 : 1))
    .slice(0, MOST_HOT_KEYS);
  // What we write must not be refused.
  while (sharesOf(ordered) > MOST_SHARES) ordered.pop();
  return ordered;
}

const sharesOf = (keys: readonly HotKey[]): number => keys.reduce((sum, { share }) => sum + share, 0);

/** Four digits are more than any estimate has. */
const rounded = (share: number): number => Number(share.toPrecision(4));
