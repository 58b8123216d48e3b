import type { Clock } from '../base/clock.ts';
import type { Millis, Seconds } from '../base/units.ts';
import type { Ring } from '../ring/index.ts';
import type { CacheNode } from './cache-node.ts';

/** After this a ring is forgotten, however long its items live: whoever adds nodes is done long before. */
const LONGEST_WINDOW_SECONDS: Seconds = 3_600;
const SHORTEST_WINDOW_SECONDS: Seconds = 60;

/** Changes follow each other within a window now and then; more than this is no way to run a cluster. */
const MOST_RINGS = 4;

/**
 * A list that was last confirmed longer ago than this was changed nobody knows when: what the former owners hold may have
 * been deleted elsewhere since, and is not read.
 */
const CONFIRMED_WITHIN_MILLIS: Millis = 150_000;

interface FormerRing {
  readonly ring: Ring<CacheNode>;
  readonly until: Millis;
  readonly readable: boolean;
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
  #nodes: ReadonlySet<CacheNode> = new Set();
  #longestSeconds: Seconds = SHORTEST_WINDOW_SECONDS;

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
    this.#rings = this.#rings.filter(({ until }) => now < until);
    return this.#rings.length > 0;
  }

  /** `former` gives way to `ring`; its list was known to hold at `confirmedAt`. */
  replace(former: Ring<CacheNode>, ring: Ring<CacheNode>, confirmedAt: Millis): void {
    this.#nodes = new Set(ring.nodes);
    if (former.fingerprint === ring.fingerprint) return;
    const now = this.#clock.wall();
    const readable = now - confirmedAt <= CONFIRMED_WITHIN_MILLIS;
    const until = now + this.#longestSeconds * 1_000;
    this.#rings = [{ ring: former, until, readable }, ...this.#rings].slice(0, MOST_RINGS);
  }

  /** The former owner to ask for an item that `owner` has not: the latest that is still there. */
  sourceOf(key: string, owner: CacheNode): CacheNode | undefined {
    if (!this.active) return undefined;
    for (const { ring, readable } of this.#rings) {
      const former = ring.owner(key);
      if (former !== owner && this.#nodes.has(former)) return readable ? former : undefined;
    }
    return undefined;
  }

  /** All nodes but `owner` that owned the key within a window and are still there. */
  ownersOf(key: string, owner: CacheNode): readonly CacheNode[] {
    if (!this.active) return [];
    const owners = new Set(this.#rings.map(({ ring }) => ring.owner(key)));
    return [...owners].filter((former) => former !== owner && this.#nodes.has(former));
  }
}
