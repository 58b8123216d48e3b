// The hot list as it lies in the cache: an item on every node. The one on its ring owner is where changes meet, by
// compare-and-swap; the others are there to be read, and take what is newer.

import type { StoreOutcome } from '../base/outcome.ts';
import type { Millis, Seconds } from '../base/units.ts';
import { flagsOf } from '../codec/flags.ts';
import {
  decodeHotList,
  encodeHotList,
  type HotList,
  isBehind,
  mergeHotLists,
  NO_HOT_KEYS,
} from '../hotkeys/index.ts';
import { RESERVED_PREFIX } from '../memcached/storage-key.ts';
import type { WireItem } from '../memcached/transport.ts';
import type { Ring, RingDialect } from '../ring/index.ts';
import type { CacheNode } from './cache-node.ts';

/** The list outlasts its last entry a little: a version that began anew would be taken for an old one. */
const BEYOND_SECONDS: Seconds = 3_600;
const MOST_TTL_SECONDS: Seconds = 2_592_000;

/** Somebody else was faster so many times: whoever comes next will see what there is to see. */
const TRIES = 4;

/** Clients of another dialect place keys by other rings, and count on other nodes. */
const listKey = (dialect: RingDialect): string => `${RESERVED_PREFIX}hot~${dialect}`;

/** A list as a node holds it; `refused` is why what lies there is none. Without either the node has nothing. */
export interface StoredList {
  readonly list: HotList;
  readonly refused?: string | undefined;
}

const NOTHING_STORED: StoredList = { list: NO_HOT_KEYS };

/** What `node` holds; `undefined` where it does not answer. */
export async function readHotList(
  node: CacheNode,
  dialect: RingDialect,
  now: Seconds,
  endsAt: Millis,
): Promise<StoredList | undefined> {
  const outcome = await node.get(listKey(dialect), endsAt);
  if (outcome.kind === 'miss') return NOTHING_STORED;
  return outcome.kind === 'hit' ? storedList(outcome.value, now) : undefined;
}

/**
 * Changes the list: `change` gives the new one, or `undefined` where nothing is to be changed. Gives the list as it is
 * then, `undefined` where it could not be changed. `everywhere`: the other nodes are told now, not by who reads them next.
 */
export async function changeHotList(
  ring: Ring<CacheNode>,
  change: (list: HotList) => HotList | undefined,
  now: Seconds,
  endsAt: Millis,
  everywhere: boolean,
): Promise<StoredList | undefined> {
  const key = listKey(ring.dialect);
  const places = ring.successors(key, ring.nodes.length);
  const owner = places.find(({ spared }) => !spared);
  if (owner === undefined) return undefined;
  for (let tries = 0; tries < TRIES; tries++) {
    const found = await readForChange(owner, key, now, endsAt);
    if (found === undefined) return undefined;
    // It was started anew, or what lay there was none: the others know how far the list had come.
    const list = found.list === NO_HOT_KEYS ? await listOfOthers(ring, owner, now, endsAt) : found.list;
    const changed = change(list);
    if (changed === undefined) return { list, refused: found.refused };
    const stored = await write(owner, key, changed, found.cas, now, endsAt);
    if (stored.kind === 'refused') continue;
    if (stored.kind !== 'stored') return undefined;
    if (everywhere) {
      const others = ring.nodes.filter((node) => node !== owner && !node.spared);
      await Promise.all(others.map((node) => bringUpToDate(node, ring.dialect, changed, now, endsAt)));
    }
    return { list: changed, refused: found.refused };
  }
  return undefined;
}

/** Gives `node` what it does not know of `list` yet. */
export async function bringUpToDate(
  node: CacheNode,
  dialect: RingDialect,
  list: HotList,
  now: Seconds,
  endsAt: Millis,
): Promise<void> {
  const key = listKey(dialect);
  for (let tries = 0; tries < TRIES; tries++) {
    const found = await readForChange(node, key, now, endsAt);
    if (found === undefined || (found.refused === undefined && !isBehind(found.list, list, now))) return;
    const stored = await write(node, key, mergeHotLists(found.list, list, now), found.cas, now, endsAt);
    // Another was faster, who need not know as much.
    if (stored.kind !== 'refused') return;
  }
}

/** What all nodes but the owner hold, in one. */
async function listOfOthers(
  { nodes, dialect }: Ring<CacheNode>,
  owner: CacheNode,
  now: Seconds,
  endsAt: Millis,
): Promise<HotList> {
  const others = nodes.filter((node) => node !== owner && !node.spared);
  const stored = await Promise.all(others.map((node) => readHotList(node, dialect, now, endsAt)));
  return stored.reduce((list, held) => mergeHotLists(list, held?.list ?? NO_HOT_KEYS, now), NO_HOT_KEYS);
}

/** Without a `cas` there is nothing yet. */
interface Changeable extends StoredList {
  readonly cas: string | undefined;
}

async function readForChange(
  node: CacheNode,
  key: string,
  now: Seconds,
  endsAt: Millis,
): Promise<Changeable | undefined> {
  const found = await node.getWithCas(key, endsAt);
  if (found.kind === 'unavailable') return undefined;
  if (found.kind === 'miss') return { list: NO_HOT_KEYS, cas: undefined };
  // A node without compare-and-swap cannot keep two writers apart.
  return found.cas === undefined ? undefined : { ...storedList(found.value, now), cas: found.cas };
}

function write(
  node: CacheNode,
  key: string,
  list: HotList,
  cas: string | undefined,
  now: Seconds,
  endsAt: Millis,
): Promise<StoreOutcome> {
  const lasts = Math.max(0, ...list.keys.map(({ until }) => until)) - now + BEYOND_SECONDS;
  const ttlSeconds = Math.min(Math.max(Math.ceil(lasts), BEYOND_SECONDS), MOST_TTL_SECONDS);
  const item: WireItem = { value: encodeHotList(list), flags: flagsOf('json'), ttlSeconds };
  return cas === undefined ? node.store('add', key, item, endsAt) : node.fill(key, item, cas, endsAt);
}

/** What is no list is written over: nobody else would mend it. */
function storedList(value: Buffer, now: Seconds): StoredList {
  const list = decodeHotList(value, now);
  return 'refused' in list ? { list: NO_HOT_KEYS, refused: list.refused } : { list };
}
