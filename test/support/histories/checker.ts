import { type Bounds, type History, READ_KINDS, type Read, type ReadKind, type Write } from './history.ts';

export type Fault =
  /** Out of date for longer than the bound before the read even began. */
  | 'stale'
  /** Older than what the same process had written and seen acknowledged. */
  | 'own-write'
  /** A version that nobody had committed when the read ended. */
  | 'unknown';

export interface Violation {
  readonly fault: Fault;
  readonly read: Read;
  /** How long before the start of the read its value was out of date; `NaN` for an unknown one. */
  readonly staleMillis: number;
  /** The commit of the value, and those after it. */
  readonly writes: readonly Write[];
}

export interface Verdict {
  readonly violations: readonly Violation[];
  /** The longest that a value was out of date when its read started. */
  readonly worstStaleMillis: Readonly<Record<ReadKind, number>>;
}

/**
 * Holds every read against the writes: was its value current at some moment after `start - bound`?
 *
 * A value may be seen from its commit on, and until the first acknowledged delete of a later write: in between either is
 * right, since a reader cannot know of a write that its writer has not finished.
 */
export function checkHistory({ reads, writes }: History, bounds: Bounds): Verdict {
  const keys = new Map<string, KeyWrites>();
  for (const [key, ofKey] of Map.groupBy(writes, (write) => write.key)) keys.set(key, new KeyWrites(ofKey));
  const violations: Violation[] = [];
  const worst = Object.fromEntries(READ_KINDS.map((kind) => [kind, 0])) as Record<ReadKind, number>;
  for (const read of reads) {
    const ofKey = keys.get(read.key);
    if (ofKey === undefined || !ofKey.committed(read)) {
      violations.push({ fault: 'unknown', read, staleMillis: Number.NaN, writes: ofKey?.since(read) ?? [] });
      continue;
    }
    const staleMillis = Math.max(0, read.startedAt - ofKey.endOf(read.version));
    worst[read.kind] = Math.max(worst[read.kind], staleMillis);
    const fault =
      staleMillis > bounds[read.kind] ? 'stale' : ofKey.ownWriteMissed(read) ? 'own-write' : undefined;
    if (fault !== undefined) violations.push({ fault, read, staleMillis, writes: ofKey.since(read) });
  }
  return { violations, worstStaleMillis: worst };
}

/** The writes of one key in the order of their commits. */
class KeyWrites {
  readonly #writes: readonly Write[];
  readonly #firstVersion: number;
  /** When each version was out of date for certain. */
  readonly #ends: readonly number[];
  readonly #ofWorkers: ReadonlyMap<number, readonly Write[]>;

  constructor(writes: readonly Write[]) {
    this.#writes = writes.toSorted((a, b) => a.version - b.version);
    this.#firstVersion = this.#writes[0]!.version;
    const ends: number[] = [];
    let end = Number.POSITIVE_INFINITY;
    for (const { acknowledgedAt = Number.POSITIVE_INFINITY } of this.#writes.toReversed()) {
      ends.push(end);
      end = Math.min(end, acknowledgedAt);
    }
    this.#ends = ends.reverse();
    this.#ofWorkers = Map.groupBy(this.#writes, ({ worker }) => worker);
  }

  committed({ version, endedAt }: Read): boolean {
    const write = this.#writes[version - this.#firstVersion];
    return write !== undefined && write.committedAt <= endedAt;
  }

  endOf(version: number): number {
    return this.#ends[version - this.#firstVersion]!;
  }

  ownWriteMissed({ worker, version, startedAt }: Read): boolean {
    const own = this.#ofWorkers.get(worker) ?? [];
    return own.some(
      (write) => write.version > version && (write.acknowledgedAt ?? Number.POSITIVE_INFINITY) < startedAt,
    );
  }

  since({ version }: Read): readonly Write[] {
    return this.#writes.slice(Math.max(0, version - this.#firstVersion));
  }
}
