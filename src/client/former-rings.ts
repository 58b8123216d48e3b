import type { Clock } from '../base/clock.ts';
import { type Millis, NEVER, type Seconds } from '../base/units.ts';
import type { Ring, RingNode } from '../ring/index.ts';
import type { CacheNode } from './cache-node.ts';

/** After this a ring is forgotten, however long its items live: whoever adds nodes is done long before. */
const LONGEST_WINDOW_SECONDS: Seconds = 3_600;
const SHORTEST_WINDOW_SECONDS: Seconds = 60;

/** Different lists within a window; more than this is no way to run a cluster. */
const MOST_RINGS = 16;

/**
 * A list that was last confirmed longer ago than this was changed nobody knows when: what the former owners hold may have
 * been deleted elsewhere since, and is not read.
 */
export const CONFIRMED_WITHIN_MILLIS: Millis = 150_000;

/** Readers and writers may hear of a change a few minutes apart. */
export const DELETE_MILLIS: Millis = LONGEST_WINDOW_SECONDS * 1_000 + 300_000;

interface FormerRing {
  /** Some of its nodes may be gone. */
  readonly ring: Ring<RingNode>;
  /** Until then what is missing is asked of its owners: as long as items can live there. */
  readonly readUntil: Millis;
  /** Until then they are deleted from: longer, since a reader may know of longer lives than the writer does. */
  readonly deleteUntil: Millis;
}

/**
 * The rings before this one, for as long as items that were placed by them can live: the warm-up window of a change of
 * the node list. What is missing at its new owner is asked of its former one, and deletes go to both.
 *
 * By the time of day, so that a window passes while the environment is frozen.
 */
export class FormerRings {
  readonly #clock: Clock;
  #rings: readonly FormerRing[] = [];
  #nodes: ReadonlySet<RingNode> = new Set();
  #longestSeconds: Seconds = SHORTEST_WINDOW_SECONDS;
  #earliestEnd: Millis = NEVER;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** An item is to live for so long: a window lasts as long as the longest of them. */
  lasts(seconds: Seconds): void {
    if (seconds > this.#longestSeconds) this.#longestSeconds = Math.min(seconds, LONGEST_WINDOW_SECONDS);
  }

  /** Whether a window is open. Asked on every read, so it costs next to nothing while none is. */
  get active(): boolean {
    if (this.#rings.length === 0) return false;
    const now = this.#clock.wall();
    if (now >= this.#earliestEnd) this.#forget(now);
    return this.#rings.some(({ readUntil }) => now < readUntil);
  }

  /** `former` gives way to `ring`; its list was known to hold at `confirmedAt`. */
  replace(former: Ring<CacheNode>, ring: Ring<CacheNode>, confirmedAt: Millis): void {
    this.#nodes = new Set(ring.nodes);
    if (former.fingerprint === ring.fingerprint) return;
    const now = this.#clock.wall();
    const isKnown = now - confirmedAt <= CONFIRMED_WITHIN_MILLIS;
    const readUntil = isKnown ? now + this.#longestSeconds * 1_000 : now;
    this.#add({ ring: former, readUntil, deleteUntil: now + DELETE_MILLIS });
  }

  /** A former ring that others knew, from which there is only to delete; `ring` is the present one. */
  recall(former: Ring<RingNode>, ring: Ring<CacheNode>, deleteUntil: Millis): void {
    this.#nodes = new Set(ring.nodes);
    if (former.fingerprint !== ring.fingerprint) this.#add({ ring: former, readUntil: 0, deleteUntil });
  }

  /** Those that are to be deleted from, for others to know: the latest first. */
  get known(): readonly { readonly ring: Ring<RingNode>; readonly deleteUntil: Millis }[] {
    return this.#rings;
  }

  /** The former owner to ask for an item that `owner` has not: the latest that is still there. */
  sourceOf(key: string, owner: CacheNode): CacheNode | undefined {
    if (!this.active) return undefined;
    const now = this.#clock.wall();
    for (const { ring, readUntil } of this.#rings) {
      const former = ring.owner(key);
      if (former !== owner && this.#isThere(former)) return now < readUntil ? former : undefined;
    }
    return undefined;
  }

  /** All nodes but `owner` that owned the key within a window and are still there. */
  ownersOf(key: string, owner: CacheNode): readonly CacheNode[] {
    if (this.#rings.length === 0) return [];
    this.#forget(this.#clock.wall());
    const owners = new Set(this.#rings.map(({ ring }) => ring.owner(key)));
    return [...owners].filter((former) => former !== owner).filter((former) => this.#isThere(former));
  }

  #isThere(node: RingNode): node is CacheNode {
    return this.#nodes.has(node);
  }

  #add(former: FormerRing): void {
    // A list that comes and goes is one ring, as long as it was last known for.
    const others = this.#rings.filter(({ ring }) => ring.fingerprint !== former.ring.fingerprint);
    this.#rings = [former, ...others].slice(0, MOST_RINGS);
    this.#forget(this.#clock.wall());
  }

  #forget(now: Millis): void {
    this.#rings = this.#rings.filter(({ deleteUntil }) => now < deleteUntil);
    this.#earliestEnd = Math.min(...this.#rings.map(({ deleteUntil }) => deleteUntil));
  }
}
