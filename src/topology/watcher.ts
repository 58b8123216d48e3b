import type { Clock } from '../base/clock.ts';
import { DeadlineTimer } from '../base/deadline-timer.ts';
import { type CacheError, DiscoveryError, reasonOf } from '../base/errors.ts';
import type { Random } from '../base/random.ts';
import { type Millis, NEVER } from '../base/units.ts';
import type { Topology, TopologySource } from './source.ts';

/** AWS's own clients ask as often. */
const REFRESH_MILLIS: Millis = 60_000;
/**
 * A source that failed is left alone this long while there is no list: a dead endpoint is asked once a second, not once
 * a request. With a list in hand it is left alone longer each time, for each look may cost an invocation its wait.
 */
const RETRY_MILLIS: Millis = 1_000;

/** No source may take longer, whatever bounds it has of its own: an SDK without a way out would wait for minutes. */
const LONGEST_READ_MILLIS: Millis = 1_000;

/** What a refresh came to. */
export type Refreshed =
  | { readonly kind: 'changed'; readonly topology: Topology }
  | { readonly kind: 'same' }
  | { readonly kind: 'failed'; readonly error: CacheError };

/**
 * Says when to look at the node list again, and what a look came to. It has no timer: it is due on use, since a timer in a
 * frozen environment fires at thaw, in the middle of a request.
 *
 * The time of day decides, so that a list grows old while the environment is frozen.
 */
export class TopologyWatcher {
  readonly #source: TopologySource;
  readonly #clock: Clock;
  readonly #random: Random;
  #failures = 0;
  #dueAt: Millis = Number.NEGATIVE_INFINITY;
  #askedAt: Millis = Number.NEGATIVE_INFINITY;

  constructor(source: TopologySource, clock: Clock, random: Random) {
    this.#source = source;
    this.#clock = clock;
    this.#random = random;
  }

  isDue(): boolean {
    const now = this.#clock.wall();
    // A clock that was set back must not put the next look off for ever.
    return now >= this.#dueAt || now < this.#askedAt;
  }

  /** Reads the source, within `LONGEST_READ_MILLIS`; `known` is the list in use. Never rejects. */
  async refresh(known: Topology | undefined): Promise<Refreshed> {
    this.#askedAt = this.#clock.wall();
    const pause = known === undefined ? RETRY_MILLIS : RETRY_MILLIS * 2 ** this.#failures;
    this.#dueAt = this.#askedAt + Math.min(pause, REFRESH_MILLIS);
    try {
      const topology = await this.#read();
      this.#failures = 0;
      this.#dueAt = this.#nextLook();
      return supersedes(topology, known) ? { kind: 'changed', topology } : { kind: 'same' };
    } catch (error) {
      this.#failures++;
      const fault =
        error instanceof DiscoveryError
          ? error
          : new DiscoveryError(this.#source.name, reasonOf(error), error);
      return { kind: 'failed', error: fault };
    }
  }

  #read(): Promise<Topology> {
    const { name, changes } = this.#source;
    // A list that is at hand needs no bound, which a cold start would pay for.
    if (!changes) return this.#source.read();
    const abort = new AbortController();
    return new Promise<Topology>((resolve, reject) => {
      const timer = new DeadlineTimer(this.#clock, () => {
        reject(new DiscoveryError(name, `it did not answer within ${LONGEST_READ_MILLIS} ms`));
        abort.abort();
        return NEVER;
      });
      const now = this.#clock.monotonic();
      timer.cover(now + LONGEST_READ_MILLIS, now);
      const read = async (): Promise<Topology> => this.#source.read(abort.signal);
      read()
        .finally(() => timer.clear())
        .then(resolve, reject);
    });
  }

  /** A fleet that started together must not ask together: one tenth to either side. */
  #nextLook(): Millis {
    if (!this.#source.changes) return NEVER;
    return this.#clock.wall() + REFRESH_MILLIS * (0.9 + 0.2 * this.#random());
  }
}

/** A lower version is a lagging node's view. Versions that are not numbers only tell lists apart. */
function supersedes(next: Topology, known: Topology | undefined): boolean {
  if (known === undefined) return true;
  if (next.version === known.version) return false;
  const [after, before] = [Number(next.version), Number(known.version)];
  return Number.isNaN(after) || Number.isNaN(before) || after > before;
}
