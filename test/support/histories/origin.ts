import { setTimeout as sleep } from 'node:timers/promises';
import { FOREIGN, machineMillis, type Write } from './history.ts';

const FIRST_VERSION = 1;
const LONGEST_LOAD_MILLIS = 25;
const SLOW_SHARE = 0.03;
const SLOW_MILLIS = 1_200;

/** The database: the current version of each key, and every commit with its time. All keys are there from the start. */
export class VersionedOrigin {
  readonly #random: () => number;
  readonly #writes = new Map<string, Write[]>();

  readonly #startedAt = machineMillis();

  constructor(random: () => number) {
    this.#random = random;
  }

  get writes(): readonly Write[] {
    return [...this.#writes.values()].flat();
  }

  /** What was current when it was asked: the answer may be late. */
  async load(key: string): Promise<number> {
    const { version } = this.#writesOf(key).at(-1)!;
    const slow = this.#random() < SLOW_SHARE;
    await sleep(this.#random() * (slow ? SLOW_MILLIS : LONGEST_LOAD_MILLIS));
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
    const writes: Write[] = [
      { key, version: FIRST_VERSION, worker: FOREIGN, committedAt: at, acknowledgedAt: at },
    ];
    this.#writes.set(key, writes);
    return writes;
  }
}
