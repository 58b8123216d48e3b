import type { Clock } from '../../src/base/clock.ts';
import type { Millis } from '../../src/base/units.ts';

export type ReadKind = 'get' | 'consistent get' | 'getMany' | 'wrap';

/** Which promises are held against the client. */
export interface Terms {
  /** For this long after an acknowledged delete a read may still give an older version. */
  readonly boundMillis: Millis;
  /** `get` with `consistentRead`: nothing older than what was acknowledged before it started. */
  readonly consistentReads?: boolean;
  /** A process reads what it wrote, by any read, from the acknowledgement on. */
  readonly ownWrites?: boolean;
}

interface Acknowledged {
  readonly version: number;
  readonly at: Millis;
  readonly by: object;
}

/** What has been promised so far, and whether it was kept: all that the model knows of the world. */
export class Promises {
  readonly #terms: Terms;
  readonly #clock: Clock;
  readonly #writes: Acknowledged[] = [];
  readonly #broken: string[] = [];
  /** The longest time after an acknowledged delete at which a read began that gave an older version. */
  oldestMillis: Millis = 0;

  constructor(terms: Terms, clock: Clock) {
    this.#terms = terms;
    this.#clock = clock;
  }

  acknowledged(version: number, by: object): void {
    this.#writes.push({ version, at: this.#clock.monotonic(), by });
  }

  /** Which writes bind a read is settled when it starts; how long it takes is no matter. */
  readStarts(kind: ReadKind, by: object): { ended(version: number | undefined, boundMillis?: Millis): void } {
    const startedAt = this.#clock.monotonic();
    const before = [...this.#writes];
    return {
      // Another bound where the reader saw the owner down.
      ended: (version, boundMillis = this.#terms.boundMillis) => {
        // A miss is never too old.
        if (version === undefined) return;
        for (const write of before) {
          if (write.version > version) this.oldestMillis = Math.max(this.oldestMillis, startedAt - write.at);
        }
        const missed = before.find(
          (write) => write.version > version && this.#binds(write, kind, by, startedAt, boundMillis),
        );
        if (missed !== undefined) this.#broken.push(complaint(kind, version, missed, startedAt, by));
      },
    };
  }

  assertKept(): void {
    if (this.#broken.length > 0) throw new Error(this.#broken.join('\n'));
  }

  #binds(write: Acknowledged, kind: ReadKind, by: object, startedAt: Millis, boundMillis: Millis): boolean {
    const { consistentReads = false, ownWrites = false } = this.#terms;
    if (startedAt > write.at + boundMillis) return true;
    if (consistentReads && kind === 'consistent get') return true;
    return ownWrites && write.by === by;
  }
}

function complaint(
  kind: ReadKind,
  version: number,
  missed: Acknowledged,
  startedAt: Millis,
  by: object,
): string {
  const writer = missed.by === by ? 'the same process' : 'another process';
  return (
    `a ${kind} that started at ${startedAt} ms gave version ${version}; the delete of version ${missed.version}, ` +
    `by ${writer}, was acknowledged at ${missed.at} ms, ${startedAt - missed.at} ms before`
  );
}
