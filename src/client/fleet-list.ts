import type { Clock } from '../base/clock.ts';
import type { Observer } from '../base/events.ts';
import type { Random } from '../base/random.ts';
import type { Tally } from '../base/tally.ts';
import type { Millis, Seconds } from '../base/units.ts';
import { type HotKey, type HotList, isBehind, mergeHotLists, withHotKeys } from '../hotkeys/index.ts';
import type { Ring } from '../ring/index.ts';
import type { CacheNode } from './cache-node.ts';
import type { HotKeys } from './hot-keys.ts';
import { bringUpToDate, changeHotList, readHotList } from './hot-list-item.ts';

/** The list is read no more often than once in so many samples, and once in so long. */
const LIST_SAMPLES = 4;
const LIST_MILLIS: Millis = 10_000;

/** By what a process reaches the list. */
export interface ListReach {
  readonly ring: Ring<CacheNode>;
  readonly tally: Tally;
  readonly endsAt: Millis;
}

/** The fleet's list as one process deals with it: reads it now and then, changes it, and tells what became of it. */
export class FleetList {
  readonly #hotKeys: HotKeys;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #observe: Observer;
  /** Samples until the list may be read again, and when. */
  #samplesLeft = 0;
  #readAt: Millis = Number.NEGATIVE_INFINITY;

  constructor(hotKeys: HotKeys, clock: Clock, random: Random, observe: Observer) {
    this.#hotKeys = hotKeys;
    this.#clock = clock;
    this.#random = random;
    this.#observe = observe;
  }

  get isUnread(): boolean {
    return this.#readAt === Number.NEGATIVE_INFINITY;
  }

  /** Seconds since 1970. */
  now(): Seconds {
    return Math.floor(this.#clock.wall() / 1_000);
  }

  /** Whether one more sample makes it due. */
  isDue(): boolean {
    if (--this.#samplesLeft > 0) return false;
    // A clock that was set back must not put it off for as long.
    const wait = this.#readAt - this.#clock.wall();
    return wait <= 0 || wait > 2 * LIST_MILLIS;
  }

  /** Reads the list from any node. Whether other keys are hot now, or with other shares. */
  async read(reach: ListReach): Promise<boolean> {
    const { ring, tally, endsAt } = reach;
    this.#samplesLeft = LIST_SAMPLES;
    // Those that started together must not go on together.
    this.#readAt = this.#clock.wall() + LIST_MILLIS * (1 + this.#random());
    const up = ring.nodes.filter((node) => !node.spared);
    const node = up[Math.floor(this.#random() * up.length)];
    if (node === undefined) return false;
    const now = this.now();
    const stored = await readHotList(node, ring.dialect, now, endsAt);
    if (stored === undefined) return false;
    const { list, refused } = stored;
    this.#tellOf(refused, tally);
    // A node that has lost its list refutes nothing, where there is one.
    const { revision } = this.#hotKeys;
    if (list.version > 0 || this.#hotKeys.list.version === 0) this.#hotKeys.learn(list, now);
    // Before the node is told: what is over must not go without a word.
    if (hasEnded(list, now)) await this.change(reach, true, () => undefined);
    const known = this.#hotKeys.list;
    if (refused !== undefined || isBehind(list, known, now)) {
      await bringUpToDate(node, ring.dialect, known, now, endsAt);
    }
    tally.hotKeys = this.#hotKeys.size;
    return this.#hotKeys.revision !== revision;
  }

  /**
   * Changes the list, of which those go whose time is over, though nothing else is to be changed. Gives it as it is then,
   * `undefined` where it could not be changed. `everywhere`: all nodes are told at once.
   */
  async change(
    { ring, tally, endsAt }: ListReach,
    everywhere: boolean,
    change: (list: HotList, now: Seconds) => HotList | undefined,
  ): Promise<HotList | undefined> {
    const now = this.now();
    let over: readonly HotKey[] = [];
    const changing = (list: HotList): HotList | undefined => {
      over = list.keys.filter(({ until, share }) => until <= now && share > 0);
      // The owner may have missed some of it while it was down.
      const whole = mergeHotLists(list, this.#hotKeys.list, now);
      return change(whole, now) ?? (hasEnded(list, now) ? withHotKeys(whole, [], now) : undefined);
    };
    const stored = await changeHotList(ring, changing, now, endsAt, everywhere);
    if (stored === undefined) return undefined;
    const { list, refused } = stored;
    this.#tellOf(refused, tally);
    this.#hotKeys.learn(list, now);
    // Told by who took them off, and by nobody else.
    const left = new Set(list.keys.map(({ key }) => key));
    for (const { key } of over.filter((entry) => !left.has(entry.key))) {
      tally.hotKeysDemoted++;
      this.#observe({ kind: 'hot-key-demoted', key, version: list.version });
    }
    return list;
  }

  #tellOf(reason: string | undefined, tally: Tally): void {
    if (reason === undefined) return;
    tally.hotListsRefused++;
    this.#observe({ kind: 'hot-list-refused', reason });
  }
}

const hasEnded = ({ keys }: HotList, now: Seconds): boolean => keys.some(({ until }) => until <= now);
