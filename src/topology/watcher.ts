import type { Clock } from '../base/clock.ts';
import { DeadlineTimer } from '../base/deadline-timer.ts';
import { type CacheError, DiscoveryError, reasonOf } from '../base/errors.ts';
import type { Random } from '../base/random.ts';
import { type Millis, NEVER } from '../base/units.ts';
import { countOf, namesOf, type Topology, type TopologySource } from './source.ts';

/** AWS's own clients ask as often. */
const REFRESH_MILLIS: Millis = 60_000;
/**
 * A source that failed is left alone this long while there is no list: a dead endpoint is asked once a second, not once
 * a request. With a list in hand it is left alone longer each time, for each look may cost an invocation its wait; and
 * so is an API, for what it refused was refused to the whole account.
 */
const RETRY_MILLIS: Millis = 1_000;
/** A node that fails may have been replaced. The list is looked at again on the next use, but not more often than this. */
const HASTE_MILLIS: Millis = 5_000;
const RATIONED_HASTE_MILLIS: Millis = 30_000;

/** No source may take longer, whatever bounds it has of its own: an SDK without a way out would wait for minutes. */
const LONGEST_READ_MILLIS: Millis = 1_000;

/**
 * A lower version, or another list under the known version, is a lagging node's view, unless it is what the source
 * says so many looks in a row: then the cluster was made anew under its old name.
 */
const LOOKS_TO_BELIEVE = 3;
/** Between two looks while in doubt. Looks that come much sooner, because a node failed, prove nothing more. */
const DOUBT_MILLIS: Millis = 30_000;
const SPREAD_MILLIS: Millis = 25_000;

/**
 * What a refresh came to. `confirmedAt`: when it was asked, by the time of day, where the answer leaves no doubt that the
 * list in use held then.
 */
export type Refreshed =
  | { readonly kind: 'changed'; readonly topology: Topology; readonly confirmedAt: Millis }
  | { readonly kind: 'same'; readonly confirmedAt: Millis | undefined }
  | { readonly kind: 'failed'; readonly error: CacheError };

/** A list that was told, and not believed yet. */
interface Doubt {
  readonly list: string;
  readonly looks: number;
  readonly countedAt: Millis;
}

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
  #doubt: Doubt | undefined;

  constructor(source: TopologySource, clock: Clock, random: Random) {
    this.#source = source;
    this.#clock = clock;
    this.#random = random;
  }

  /** Whether the list can change while the process lives. */
  get changes(): boolean {
    return this.#source.changes;
  }

  isDue(): boolean {
    const now = this.#clock.wall();
    // A clock that was set back must not put the next look off for ever.
    return now >= this.#dueAt || now < this.#askedAt;
  }

  /** A node failed, as one does that was replaced: the next use looks again. A source that failed keeps its pause. */
  hasten(): void {
    if (!this.#source.changes || this.#failures > 0) return;
    const pause = this.#source.rationed ? RATIONED_HASTE_MILLIS : HASTE_MILLIS;
    this.#dueAt = Math.min(this.#dueAt, this.#askedAt + pause);
  }

  /** Reads the source, within `LONGEST_READ_MILLIS`; `known` is the list in use. Never rejects. */
  async refresh(known: Topology | undefined): Promise<Refreshed> {
    this.#askedAt = this.#clock.wall();
    const grows = known !== undefined || this.#source.rationed === true;
    const pause = Math.min(RETRY_MILLIS * 2 ** this.#failures, REFRESH_MILLIS);
    // Those who were refused together must not come again together.
    this.#dueAt = this.#askedAt + (grows ? pause * (0.5 + this.#random()) : RETRY_MILLIS);
    try {
      const topology = await this.#read(known);
      this.#failures = 0;
      const changed = this.#believes(topology, known);
      this.#dueAt = this.#nextLook();
      const confirmedAt = this.#askedAt;
      if (changed) return { kind: 'changed', topology, confirmedAt };
      return { kind: 'same', confirmedAt: this.#doubt === undefined ? confirmedAt : undefined };
    } catch (error) {
      // The environment was frozen meanwhile, and the connection may have gone: that is nobody's failure.
      if (this.#clock.wall() - this.#askedAt > 2 * LONGEST_READ_MILLIS) return this.refresh(known);
      this.#failures++;
      const fault =
        error instanceof DiscoveryError
          ? error
          : new DiscoveryError(this.#source.name, reasonOf(error), error);
      return { kind: 'failed', error: fault };
    }
  }

  #read(known: Topology | undefined): Promise<Topology> {
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
      const read = async (): Promise<Topology> => this.#source.read(abort.signal, known);
      read()
        .finally(() => timer.clear())
        .then(resolve, reject);
    });
  }

  /** Whether `next` is to be used in the place of `known`. */
  #believes(next: Topology, known: Topology | undefined): boolean {
    const doubt = this.#doubt;
    this.#doubt = undefined;
    if (known === undefined) return true;
    const [after, before] = [countOf(next), countOf(known)];
    // A list without a count is an API's; what the nodes say then brings the count, with the same list or another.
    if (after === undefined) return namesOf(next.nodes) !== namesOf(known.nodes);
    if (before === undefined || after > before) return true;
    const list = contentOf(next);
    if (after === before && list === contentOf(known)) return false;
    const now = this.#clock.wall();
    if (doubt?.list !== list) this.#doubt = { list, looks: 1, countedAt: now };
    else if (Math.abs(now - doubt.countedAt) < SPREAD_MILLIS) this.#doubt = doubt;
    else if (doubt.looks + 1 >= LOOKS_TO_BELIEVE) return true;
    else this.#doubt = { list, looks: doubt.looks + 1, countedAt: now };
    return false;
  }

  /**
   * A fleet that started together must not ask together: one tenth to either side. Counted from the question, since an
   * answer that lay in the socket during a freeze is old.
   */
  #nextLook(): Millis {
    if (!this.#source.changes) return NEVER;
    const pause = this.#doubt === undefined ? REFRESH_MILLIS : DOUBT_MILLIS;
    return this.#askedAt + pause * (0.9 + 0.2 * this.#random());
  }
}

/** All that a list says: a node under its old name may have another address. */
function contentOf({ version, nodes }: Topology): string {
  return `${version} ${namesOf(nodes, ({ host, ip, port }) => `${host}|${ip}|${port}`)}`;
}
