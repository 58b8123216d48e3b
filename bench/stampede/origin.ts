import { setTimeout as sleep } from 'node:timers/promises';
import type { Value } from './messages.ts';
import type { Loading } from './scenarios.ts';

const WARM_VERSION = 1;

/** The database: counts what it is asked for once the key has expired, and does what the scenario says. */
export class Origin {
  readonly #loading: Loading;
  readonly #kill: (worker: number) => void;
  #expired = false;
  #pending = 0;
  /** Loads since the key expired. */
  loads = 0;

  constructor(loading: Loading, kill: (worker: number) => void) {
    this.#loading = loading;
    this.#kill = kill;
  }

  /** From now on loads are counted, and give another version. */
  expire(): void {
    this.#expired = true;
  }

  get idle(): boolean {
    return this.#pending === 0;
  }

  /** `undefined` where the load fails. */
  async load(worker: number): Promise<Value | undefined> {
    if (!this.#expired) return valueOfVersion(WARM_VERSION);
    const { fate, millis } = this.#loading;
    this.loads++;
    this.#pending++;
    if (fate === 'killed' && this.loads === 1) this.#kill(worker);
    await sleep(millis);
    this.#pending--;
    return fate === 'throws' ? undefined : valueOfVersion(WARM_VERSION + 1);
  }

  static isStale(version: number): boolean {
    return version === WARM_VERSION;
  }
}

const valueOfVersion = (version: number): Value => ({ version, text: 'x'.repeat(200) });
