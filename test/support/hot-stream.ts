import { seededRandom } from '../../src/base/random.ts';
import { Tally } from '../../src/base/tally.ts';
import { type Millis, NEVER, type Seconds } from '../../src/base/units.ts';
import { CacheNode } from '../../src/client/cache-node.ts';
import { HotDetection } from '../../src/client/hot-detection.ts';
import { HotKeys } from '../../src/client/hot-keys.ts';
import { DEFAULT_HOT_RULES, hotAbove } from '../../src/hotkeys/index.ts';
import { buildRing, nodeName } from '../../src/ring/index.ts';
import { ManualClock } from '../../src/testing/manual-clock.ts';
import { HeldTransport, SharedNode } from './staleness-node.ts';
import { SimulatedTime } from './staleness-time.ts';

export interface HotStreamOptions {
  readonly nodes: number;
  /** Of all keys together, reads a second. */
  readonly readsPerSecond: number;
  readonly seed: number;
}

/** What is read: each of `keys` keys so many times the threshold, and else keys that hardly anybody reads twice. */
export interface Reading {
  readonly keys: number;
  readonly timesThreshold: number;
}

interface Process {
  readonly detection: HotDetection;
  readonly tally: Tally;
}

/** Environments that take turns at being the one whose read is sampled. */
const PROCESSES = 50;
const COLD_KEYS = 100_000;

class CountingTransport extends HeldTransport {
  override readonly capabilities = {
    leases: true,
    remainingTtl: true,
    counters: true,
    tls: false,
    multiGet: true,
  };
}

/** A fleet's sampled reads in virtual time, over nodes in memory. The reads themselves, 127 of 128, are left out. */
export class HotStream {
  readonly #clock = new ManualClock();
  readonly #random: () => number;
  readonly #options: HotStreamOptions;
  readonly #ring;
  readonly #processes: readonly Process[];
  /** When each key was promoted, in the stream's seconds. */
  readonly promoted = new Map<string, Seconds>();
  readonly #startedAt: Millis;

  constructor(options: HotStreamOptions) {
    this.#options = options;
    this.#random = seededRandom(options.seed);
    this.#startedAt = this.#clock.wall();
    const named = Array.from({ length: options.nodes }, (_, i) => ({
      host: `node-${i}.example`,
      port: 11_211,
    }));
    // Nothing is ever held here.
    const time = new SimulatedTime();
    this.#ring = buildRing(
      named.map((node) => {
        const shared = new SharedNode(nodeName(node), this.#clock);
        const open = (...[, , listener]: [string, number, ConstructorParameters<typeof HeldTransport>[2]]) =>
          new CountingTransport(shared, time, listener);
        return new CacheNode(node, open, 100, this.#clock, () => {});
      }),
    );
    this.#processes = Array.from({ length: PROCESSES }, () => ({
      tally: new Tally(),
      detection: new HotDetection(
        new HotKeys(true),
        DEFAULT_HOT_RULES,
        this.#clock,
        this.#random,
        (event) => {
          if (event.kind === 'hot-key-promoted') this.promoted.set(event.key, this.seconds);
        },
      ),
    }));
  }

  /** Since its start. */
  get seconds(): Seconds {
    return (this.#clock.wall() - this.#startedAt) / 1_000;
  }

  /** Goes on for so long; `until` may end it sooner. */
  async run(
    seconds: Seconds,
    { keys, timesThreshold }: Reading,
    until: () => boolean = () => false,
  ): Promise<void> {
    const { nodes, readsPerSecond } = this.#options;
    const { oneIn } = DEFAULT_HOT_RULES;
    const ofKeys =
      keys * timesThreshold * (hotAbove(readsPerSecond, nodes, DEFAULT_HOT_RULES) / readsPerSecond);
    if (ofKeys > 1) throw new RangeError('these keys would be read more often than all together');
    const end = this.seconds + seconds;
    while (this.seconds < end && !until()) {
      this.#clock.advance((-Math.log(1 - this.#random()) * oneIn * 1_000) / readsPerSecond);
      const storageKey =
        this.#random() < ofKeys
          ? `key:${Math.floor(this.#random() * keys)}`
          : `cold:${Math.floor(this.#random() * COLD_KEYS)}`;
      const { detection, tally } = this.#processes[Math.floor(this.#random() * PROCESSES)]!;
      detection.counts(0);
      await detection.sample({ ring: this.#ring, storageKey, tally, endsAt: NEVER });
    }
  }
}
