import type { CacheError } from './errors.ts';

/** What reads and writes came to: counts of one invocation. */
export interface Counts {
  /** Reads that were given a value, a stale one or a fresh one. */
  readonly hits: number;
  /** Of these the stale ones. */
  readonly stale: number;
  /** Reads that found nothing, and read-throughs whose loader failed. */
  readonly misses: number;
  /** Reads that no node answered. */
  readonly unavailable: number;
  /** Loaders that were asked: once a key, for refreshes too. */
  readonly originLoads: number;
  /** Writes and deletes, once a key, also those that no node answered; what a read-through stores is none of them. */
  readonly writes: number;
  /** Reads and writes that no node answered. What the caller aborted is none of them. */
  readonly errors: number;
  /** Items that could not be read, or did not validate. */
  readonly undecodable: number;
  /** Keys that this invocation put on the hot list, and found to be hot no more. */
  readonly hotKeysPromoted: number;
  readonly hotKeysDemoted: number;
  /** Keys that are smeared for being hot, where the list was read; else 0. */
  readonly hotKeys: number;
  /** Lists of hot keys that were found to be none. */
  readonly hotListsRefused: number;
}

/** An outcome as far as it is counted. */
interface Counted {
  readonly kind: string;
  readonly error?: CacheError;
}

/** Counts one invocation's calls, by plain integers: an object a call would show on the read path. */
export class Tally implements Counts {
  hits = 0;
  stale = 0;
  misses = 0;
  unavailable = 0;
  originLoads = 0;
  writes = 0;
  errors = 0;
  undecodable = 0;
  hotKeysPromoted = 0;
  hotKeysDemoted = 0;
  hotKeys = 0;
  hotListsRefused = 0;

  read(outcome: Counted): void {
    const { kind } = outcome;
    if (kind === 'hit' || kind === 'stale') this.hits++;
    if (kind === 'stale') this.stale++;
    if (kind === 'miss') this.misses++;
    if (isFault(outcome)) this.unanswered(1);
  }

  /** Reads that there was nobody to ask for. */
  unanswered(reads: number): void {
    this.unavailable += reads;
    this.errors += reads;
  }

  /** Gives the outcome back. */
  wrote<T extends Counted>(outcome: T): T {
    if (outcome.error?.code !== 'ABORTED') this.writes++;
    if (isFault(outcome)) this.errors++;
    return outcome;
  }

  /** The counts so far; it begins anew at zero, so that nothing is told twice. */
  take(): Counts {
    const counts: Counts = { ...this };
    Object.assign(this, new Tally());
    return counts;
  }
}

/** Only what is unavailable has an error. */
const isFault = ({ error }: Counted): boolean => error !== undefined && error.code !== 'ABORTED';
