import type { Seconds } from '../base/units.ts';
import { hotShareOf, withHotShare } from '../codec/flags.ts';
import {
  copiesOf,
  type HotKey,
  type HotList,
  type HotRules,
  MOST_HOT_KEYS,
  mergeHotLists,
  NO_HOT_KEYS,
} from '../hotkeys/index.ts';
import type { HotSpread } from '../smear/index.ts';

/** So many keys are remembered that hints named before the list had the word on them. */
const MOST_REFUTED = 256;

/**
 * What this process knows of hot keys: the fleet's list as it was read last, and what items said of their keys since
 * then. A hint is believed at once and until the list is read again, which knows better.
 */
export class HotKeys {
  #list: HotList = NO_HOT_KEYS;
  readonly #hints = new Map<string, number>();
  readonly #refuted = new Set<string>();
  /** Whether items of hot keys are to say so: other clients that share them may read flags their own way. */
  readonly marksItems: boolean;
  readonly #shares = new Map<string, number>();
  #revision = 0;

  constructor(marksItems: boolean) {
    this.marksItems = marksItems;
  }

  get list(): HotList {
    return this.#list;
  }

  /** How often what was learned made other keys hot, or others hotter. */
  get revision(): number {
    return this.#revision;
  }

  /** How many keys are smeared for being hot. */
  get size(): number {
    return this.#shares.size + this.#hints.size;
  }

  /** Of the cluster's load; 0 where the key is not known to be hot. */
  shareOf(storageKey: string): number {
    return this.#shares.get(storageKey) ?? this.#hints.get(storageKey) ?? 0;
  }

  entryOf(storageKey: string): HotKey | undefined {
    return this.#list.keys.find(({ key }) => key === storageKey);
  }

  /** Whether a key with this share of the load, 0..1, would get on the list as it was read last. */
  hasRoomFor(share: number): boolean {
    const { keys } = this.#list;
    return keys.length < MOST_HOT_KEYS || share > keys.at(-1)!.share;
  }

  /** The list, as it was read or as this process changed it. */
  learn(list: HotList, now: Seconds): void {
    const before = this.#fingerprint();
    this.#list = mergeHotLists(this.#list, list, now);
    for (const key of this.#hints.keys()) {
      if (this.#refuted.size >= MOST_REFUTED) this.#refuted.clear();
      this.#refuted.add(key);
    }
    this.#hints.clear();
    this.#sum();
    if (this.#fingerprint() !== before) this.#revision++;
  }

  /** Reads what an item's flags say of its key. Whether that was news. */
  hinted(storageKey: string, flags: number): boolean {
    if (!this.marksItems || this.#shares.has(storageKey) || this.#hints.has(storageKey)) return false;
    if (this.#refuted.has(storageKey) || this.entryOf(storageKey) !== undefined) return false;
    if (this.#hints.size >= MOST_HOT_KEYS) return false;
    this.#hints.set(storageKey, hotShareOf(flags));
    return true;
  }

  /** The flags under which an item of this key is to be stored. */
  readonly mark = (storageKey: string, flags: number): number => {
    if (!this.marksItems || this.#shares.size === 0) return flags;
    // By the list alone: items whose word came of other items would keep a key hot for ever.
    const share = this.#shares.get(storageKey);
    return share === undefined ? flags : withHotShare(flags, share);
  };

  /** On how many of so many nodes each hot key is to be, in the order that all readers have of the same knowledge. */
  spreads(nodes: number, rules: HotRules): readonly HotSpread[] {
    const listed = [...this.#shares].map(([key, share]) => ({
      key,
      share,
      copies: copiesOf(share, nodes, rules),
    }));
    // Each comes by itself: to weigh all others anew for it would cost more than it gains until the list is read.
    const hinted = [...this.#hints].map(([key, share]) => ({
      key,
      share: undefined,
      copies: copiesOf(share, nodes, rules),
    }));
    return [...listed, ...hinted].filter(({ copies }) => copies > 1);
  }

  #sum(): void {
    this.#shares.clear();
    // A key with share 0 was taken off the list.
    for (const { key, share } of this.#list.keys) if (share > 0) this.#shares.set(key, share);
  }

  #fingerprint(): string {
    return [...this.#shares, ...this.#hints].join('\n');
  }
}
