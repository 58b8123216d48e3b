import { setTimeout as sleep } from 'node:timers/promises';
import { machineMillis, type Write } from '../../test/support/histories/history.ts';

const FIRST_VERSION = 1;
const LOAD_MILLIS = 5;
/** No cache under test wrote the first versions. */
const NOBODY = -1;

/** One load. Times are the machine's monotonic milliseconds. */
export interface Load {
  readonly key: string;
  readonly at: number;
}

/** The database: the current version of each key, every commit and every load. All keys are there from the start. */
export class Origin {
  readonly #startedAt = machineMillis();
  readonly #writes = new Map<string, Write[]>();
  readonly loads: Load[] = [];

  get writes(): readonly Write[] {
    return [...this.#writes.values()].flat();
  }

  /** What was current when it was asked: the answer comes a little later. */
  async load(key: string): Promise<number> {
    this.loads.push({ key, at: machineMillis() });
    const { version } = this.#writesOf(key).at(-1)!;
    await sleep(LOAD_MILLIS);
    return version;
  }

  commit(key: string, worker: number): number {
    const writes = this.#writesOf(key);
    const version = writes.at(-1)!.version + 1;
    writes.push({ key, version, worker, committedAt: machineMillis() });
    return version;
  }

  acknowledged(key: string, version: number, acknowledgedAt: number): void {
    const writes = this.#writesOf(key);
    const at = version - FIRST_VERSION;
    writes[at] = { ...writes[at]!, acknowledgedAt };
  }

  #writesOf(key: string): Write[] {
    const known = this.#writes.get(key);
    if (known !== undefined) return known;
    const at = this.#startedAt;
    const first = { key, version: FIRST_VERSION, worker: NOBODY, committedAt: at, acknowledgedAt: at };
    const writes: Write[] = [first];
    this.#writes.set(key, writes);
    return writes;
  }
}
