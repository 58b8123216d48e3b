import type { Clock } from '../base/clock.ts';
import type { Observer } from '../base/events.ts';
import type { Random } from '../base/random.ts';
import type { Millis } from '../base/units.ts';
import { formatOf, hotShareOf } from '../codec/flags.ts';
import {
  copiesOf,
  HOLD_SECONDS,
  type HotKey,
  type HotRules,
  hotAbove,
  isDue,
  isEvident,
  KEEP_PART,
  LEAST_SAMPLES,
  loadOf,
  uncertainty,
  WINDOW_SECONDS,
  withHotKeys,
} from '../hotkeys/index.ts';
import { RESERVED_PREFIX } from '../memcached/storage-key.ts';
import type { CacheNode } from './cache-node.ts';
import { FleetList, type ListReach } from './fleet-list.ts';
import type { HotKeys } from './hot-keys.ts';
import { HotTotal } from './hot-total.ts';

/** Starts the key of the counter of a key's samples. */
const COUNTER_PREFIX = `${RESERVED_PREFIX}n~`;

/** A process reads the list for the first time after this many loads, and up to seven times as many. */
const FIRST_LIST_LOADS = 8;

/** A read brings no more than so many. */
const MOST_SAMPLES = 64;

/** An item is stored again to carry the word only if it has this long to live: else the next fill will do. */
const MARKED_FROM_SECONDS = 10;
const MOST_MARKED_BYTES = 128 * 1024;

/** A share that was estimated from fewer samples is not worth a change of the list. */
const UPDATE_SAMPLES = 16;

/** A read that is sampled. */
export interface Sampled extends ListReach {
  readonly storageKey: string;
}

/** What its counter says: the key's share of the cluster's load, 0..1, by so many samples. */
interface Judged extends Sampled {
  readonly share: number;
  readonly samples: number;
}

/**
 * Finds hot keys without anybody who sees all of the traffic. Of all that is read, one load in so many is counted, in a
 * counter beside the key's own base; the count that comes back tells the reader whether the fleet as a whole reads the
 * key too often for one node. Who is told so puts it on the list. Nothing runs but beside reads.
 */
export class HotDetection {
  readonly hotKeys: HotKeys;
  readonly #rules: HotRules;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #observe: Observer;
  readonly #total: HotTotal;
  readonly #list: FleetList;
  /** Loads until the next sample. Drawn so that each load is as likely to be the one. */
  #untilSample: number;
  /** Loads so far and reads so far: what the mean read brings. */
  #loads = 0;
  #reads = 0;

  constructor(hotKeys: HotKeys, rules: HotRules, clock: Clock, random: Random, observe: Observer) {
    this.hotKeys = hotKeys;
    this.#rules = rules;
    this.#clock = clock;
    this.#random = random;
    this.#observe = observe;
    this.#total = new HotTotal(clock, random);
    this.#list = new FleetList(hotKeys, clock, random, observe);
    // The list comes before the first sample, but a process that reads next to nothing does without it.
    this.#untilSample = Math.ceil(FIRST_LIST_LOADS * (1 + 6 * random()));
  }

  /** Counts a read that brought `bytes`. Whether it is to be sampled. */
  counts(bytes: number): boolean {
    const load = loadOf(bytes);
    this.#loads += load;
    this.#reads++;
    this.#untilSample -= load;
    return this.#untilSample <= 0;
  }

  /** Never rejects. Whether other keys are hot now than before. */
  async sample(sampled: Sampled): Promise<boolean> {
    // Large values bring more loads, and must not bring more operations.
    const weight = Math.max(1, Math.round(this.#loads / this.#reads));
    const samples = this.#draw(weight);
    // There is nowhere to spread a key to; or nodes like this one do not count, and know of no list.
    const { ring, storageKey } = sampled;
    if (ring.nodes.length === 1 || !ring.owner(storageKey).counts) return false;
    if (this.#list.isUnread) return this.#list.read(sampled);
    const [changed, read] = await Promise.all([
      this.#count(sampled, weight, samples * weight),
      this.#list.isDue() ? this.#list.read(sampled) : false,
    ]);
    return changed || read;
  }

  /** How many samples the read brings, several where its value is large; and when the next is due. */
  #draw(weight: number): number {
    const next = (): number => Math.ceil(-Math.log(1 - this.#random()) * this.#rules.oneIn * weight);
    let samples = 0;
    do {
      this.#untilSample += next();
      samples++;
    } while (this.#untilSample <= 0 && samples < MOST_SAMPLES);
    if (this.#untilSample <= 0) this.#untilSample = next();
    return samples;
  }

  /** `weight`: what one sample counts; `by`: what those of this read do. */
  async #count(sampled: Sampled, weight: number, by: number): Promise<boolean> {
    const { ring, storageKey, endsAt } = sampled;
    const owner = ring.owner(storageKey);
    const [outcome] = await Promise.all([
      owner.sample(COUNTER_PREFIX + storageKey, WINDOW_SECONDS, by, endsAt),
      this.#total.add(ring, by, endsAt),
    ]);
    if (outcome.kind !== 'counted') return false;
    // Whole seconds: the counter may be nearly a second older than it says.
    const ageSeconds = Math.max(0, WINDOW_SECONDS - outcome.remainingSeconds) + 1;
    const entry = this.hotKeys.entryOf(storageKey);
    const isListed = entry !== undefined && entry.share > 0;
    const samples = outcome.value / weight;
    if (isListed ? !isDue(outcome.value, by, weight) : samples < LEAST_SAMPLES) return false;
    const total = await this.#total.perSecond(ring, endsAt);
    if (total === undefined) return false;
    const perSecond = outcome.value / ageSeconds;
    // What the total missed by chance is at least the key's own.
    const all = Math.max(total, perSecond);
    const threshold = hotAbove(all * this.#rules.oneIn, ring.nodes.length, this.#rules) / this.#rules.oneIn;
    const judged = { ...sampled, share: perSecond / all, samples };
    if (isListed) return this.#renew(judged, entry, threshold / all);
    // A key that was taken off by hand stays off for as long as was said.
    if (entry !== undefined) return false;
    return isEvident(samples, ageSeconds, threshold / weight) && this.#promote(judged);
  }

  async #promote(judged: Judged): Promise<boolean> {
    const { ring, storageKey, tally, endsAt, share } = judged;
    // Else each sample of a key that is hot, but less than those listed, would ask for the whole list.
    if (!this.hotKeys.hasRoomFor(share)) return false;
    let isNew = false;
    const list = await this.#list.change(judged, true, (known, now) => {
      isNew = !known.keys.some(({ key, until }) => key === storageKey && until > now);
      if (!isNew) return undefined;
      const changed = withHotKeys(known, [{ key: storageKey, share, until: now + HOLD_SECONDS }], now);
      // There are hotter ones enough.
      isNew = changed.keys.some(({ key }) => key === storageKey);
      return isNew ? changed : undefined;
    });
    if (list === undefined) return false;
    if (isNew) {
      const copies = copiesOf(share, ring.nodes.length, this.#rules);
      tally.hotKeysPromoted++;
      this.#observe({ kind: 'hot-key-promoted', key: storageKey, share, copies, version: list.version });
      await this.#mark(ring.owner(storageKey), storageKey, endsAt);
    }
    return true;
  }

  /** Says once more that a listed key is hot, and how hot, where that is news. `above`: the share that makes a key hot. */
  async #renew(judged: Judged, entry: HotKey, above: number): Promise<boolean> {
    const { storageKey, share, samples } = judged;
    const off = Math.max(share / entry.share, entry.share / share);
    const isOff = samples >= UPDATE_SAMPLES && off > uncertainty(samples);
    const isKept = share >= above * KEEP_PART;
    const isEnding = entry.until - this.#list.now() < HOLD_SECONDS / 2;
    if (!isOff && !(isKept && isEnding)) return false;
    const list = await this.#list.change(judged, false, (known, now) => {
      const current = known.keys.find(({ key }) => key === storageKey);
      // It came to its end, or was taken off, or somebody has just renewed it.
      if (current === undefined || current.share === 0 || current.version > entry.version) return undefined;
      const until = isKept ? Math.max(current.until, now + HOLD_SECONDS) : current.until;
      return withHotKeys(known, [{ key: storageKey, share, until }], now);
    });
    return list !== undefined;
  }

  /** An item of a hot key is stored again, with the word in its flags: who reads the base then knows at once. */
  async #mark(owner: CacheNode, key: string, endsAt: Millis): Promise<void> {
    if (!this.hotKeys.marksItems) return;
    const askedAt = this.#clock.wall();
    const found = await owner.getWithCas(key, endsAt);
    if (found.kind !== 'hit' || found.cas === undefined || found.leased) return;
    const { value, flags, ttlSeconds = -1 } = found;
    if (value.length > MOST_MARKED_BYTES || formatOf(flags) === undefined || hotShareOf(flags) > 0) return;
    // Nor one that lives for ever or ends soon, nor after a freeze, which would give it its time once more.
    if (ttlSeconds < MARKED_FROM_SECONDS || Math.abs(this.#clock.wall() - askedAt) >= 1_000) return;
    // The node may have come to its next second meanwhile: its time must not grow by that.
    await owner.fill(key, { value, flags, ttlSeconds: ttlSeconds - 1 }, found.cas, endsAt);
  }
}
