import type { Millis } from '../../base/units.ts';
import type { Dial } from '../../memcached/dial.ts';
import { figure, statsOf, TextLink } from '../nodes/text-link.ts';
import type { World } from '../world.ts';

/** All that memcached 1.6 logs as a fetch: each command looks its key up, writes and deletes, too. */
const COUNTERS = [
  ...['cmd_get', 'cmd_set', 'cmd_touch', 'cmd_meta', 'delete_hits', 'delete_misses'],
  ...['incr_hits', 'incr_misses', 'decr_hits', 'decr_misses'],
];

/** All nodes wait for the answers of each; a silent one must not hold them up every time. */
export const RETRY_MILLIS: Millis = 5_000;

interface Reading {
  readonly at: Millis;
  readonly served: number;
}

/**
 * How many requests a second one node serves, by its own counters, which leave none out as its log does. Nodes take turns in
 * being watched but not in being counted: their rates are of the same time, so that keys of different nodes compare.
 */
export class ServedCounter {
  readonly #dial: Dial;
  readonly #world: World;
  readonly #timeoutMillis: Millis;
  #link: TextLink | undefined;
  #failedAt: Millis | undefined;
  #reason = '';
  #readings: Reading[] = [];

  constructor(dial: Dial, world: World, timeoutMillis: Millis) {
    this.#dial = dial;
    this.#world = world;
    this.#timeoutMillis = timeoutMillis;
  }

  /** Why there is no reading now. */
  get trouble(): string | undefined {
    return this.#failedAt === undefined ? undefined : this.#reason;
  }

  /** Takes a reading, and forgets those older than `keepMillis`. A node that does not answer is left alone for a while. */
  async read(keepMillis: Millis): Promise<void> {
    const { clock } = this.#world;
    if (this.#failedAt !== undefined && clock.monotonic() - this.#failedAt < RETRY_MILLIS) return;
    this.#failedAt = undefined;
    if (this.#link === undefined) {
      const opened = await TextLink.open(this.#dial, this.#timeoutMillis);
      if ('failed' in opened) return this.#fail(opened.failed);
      this.#link = opened;
    }
    const stats = await statsOf(this.#link);
    // One that refuses answers at once, and says of `watch` what it says of that.
    if ('failed' in stats) return this.#link.isOpen ? this.close() : this.#fail(stats.failed);
    const at = clock.monotonic();
    const served = COUNTERS.reduce((sum, name) => sum + (figure(stats, name) ?? 0), 0);
    const last = this.#readings.at(-1);
    // A node that was started anew counts from nothing.
    if (last !== undefined && served < last.served) this.#readings = [];
    this.#readings.push({ at, served });
    // The last that is too old is where the time begins.
    while (this.#readings.length > 2 && at - this.#readings[1]!.at > keepMillis) this.#readings.shift();
  }

  /** What was served between the first reading and the last, and in how long; `undefined` before there are two. */
  get served(): { readonly count: number; readonly seconds: number } | undefined {
    const [first, last] = [this.#readings[0], this.#readings.at(-1)];
    if (first === undefined || last === undefined || last.at <= first.at) return undefined;
    return { count: last.served - first.served, seconds: (last.at - first.at) / 1000 };
  }

  #fail(reason: string): void {
    this.close();
    this.#reason = reason;
    this.#failedAt = this.#world.clock.monotonic();
  }

  close(): void {
    this.#link?.close();
    this.#link = undefined;
  }
}
