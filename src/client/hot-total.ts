import type { Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import type { Millis, Seconds } from '../base/units.ts';
import { RESERVED_PREFIX } from '../memcached/storage-key.ts';
import type { Ring } from '../ring/index.ts';
import type { CacheNode } from './cache-node.ts';

/** One sample in so many is counted here, too, for all of them. */
const ONE_IN = 16;

/**
 * Two counters, each of which gets half of the samples. They are forgotten after times that have no common measure, so
 * that there is hardly ever none that is old enough to tell a rate.
 */
const COUNTERS: readonly (readonly [key: string, windowSeconds: Seconds])[] = [
  [`${RESERVED_PREFIX}t~0`, 60],
  [`${RESERVED_PREFIX}t~1`, 47],
];

/** Both lie where this key belongs. */
const PLACE = `${RESERVED_PREFIX}t`;

/** A rate from less than this, of both together, is none. */
const LEAST_AGE_SECONDS: Seconds = 4;

/** For so long a rate is not asked for again. */
const KNOWN_MILLIS: Millis = 5_000;

/** And where nobody answers, the last one holds for so long. */
const HOLDS_MILLIS: Millis = 60_000;

/** What the whole fleet reads, by counters that each environment adds a little to. */
export class HotTotal {
  readonly #clock: Clock;
  readonly #random: Random;
  #perSecond: number | undefined;
  #knownAt: Millis = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** Counts one sample of `weight`, or more likely does not. */
  async add(ring: Ring<CacheNode>, weight: number, endsAt: Millis): Promise<void> {
    if (this.#random() * ONE_IN >= 1) return;
    const [key, windowSeconds] = COUNTERS[this.#random() < 0.5 ? 0 : 1]!;
    await placeOn(ring)?.sample(key, windowSeconds, weight * ONE_IN, endsAt);
  }

  /** The weight of all samples of a second; `undefined` while nobody can tell. */
  async perSecond(ring: Ring<CacheNode>, endsAt: Millis): Promise<number | undefined> {
    const since = this.#clock.wall() - this.#knownAt;
    if (since < 0 || since > KNOWN_MILLIS) await this.#ask(placeOn(ring), endsAt);
    const age = this.#clock.wall() - this.#knownAt;
    return age >= 0 && age <= HOLDS_MILLIS ? this.#perSecond : undefined;
  }

  async #ask(node: CacheNode | undefined, endsAt: Millis): Promise<void> {
    if (node === undefined) return;
    const outcomes = await Promise.all(
      COUNTERS.map(([key, windowSeconds]) => node.sample(key, windowSeconds, 0, endsAt)),
    );
    let counted = 0;
    let seconds = 0;
    for (const [at, outcome] of outcomes.entries()) {
      // Whoever put it there: it would stand in the way for as long as it lives.
      if (outcome.kind === 'refused') await node.delete(COUNTERS[at]![0], endsAt);
      if (outcome.kind !== 'counted') return;
      counted += outcome.value;
      // Whole seconds: half a one is lost on the mean.
      seconds += COUNTERS[at]![1] - outcome.remainingSeconds + 0.5;
    }
    if (seconds < LEAST_AGE_SECONDS) return;
    this.#perSecond = counted / (seconds / COUNTERS.length);
    this.#knownAt = this.#clock.wall();
  }
}

/** While the owner is down the next node counts: else nobody could tell a hot key until the ring is changed. */
function placeOn(ring: Ring<CacheNode>): CacheNode | undefined {
  const owner = ring.owner(PLACE);
  return owner.counts ? owner : ring.successors(PLACE, ring.nodes.length).find(({ counts }) => counts);
}
