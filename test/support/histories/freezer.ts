import type { ChildProcess } from 'node:child_process';
import { machineMillis } from './history.ts';

const MOST_FROZEN = 3;
const LONGEST_PAUSE_MILLIS = 250;
/** Shares of the freezes, and how long they last. The last outlast any copy, lease and base. */
const LENGTHS: readonly { readonly share: number; readonly from: number; readonly to: number }[] = [
  { share: 0.6, from: 10, to: 400 },
  { share: 0.2, from: 1_000, to: 3_500 },
  { share: 0.2, from: 4_300, to: 6_000 },
];

/** Stops processes at random and lets them go on, as Lambda does between invocations. */
export class Freezer {
  readonly #workers: readonly ChildProcess[];
  readonly #random: () => number;
  readonly #thawAt = new Map<ChildProcess, number>();
  readonly #ticks: NodeJS.Timeout;
  #nextAt = 0;
  readonly freezesMillis: number[] = [];

  constructor(workers: readonly ChildProcess[], random: () => number) {
    this.#workers = workers;
    this.#random = random;
    this.#ticks = setInterval(() => this.#tick(), 10);
  }

  /** A process that has stopped itself. */
  stoppedItself(worker: ChildProcess): void {
    if (!this.#thawAt.has(worker)) this.#freeze(worker, this.#drawn());
  }

  /** The same, for longer than any copy, lease and base; gives how long. */
  ambushed(worker: ChildProcess): number {
    const { from, to } = LENGTHS.at(-1)!;
    const millis = from + this.#random() * (to - from);
    this.#freeze(worker, millis);
    return millis;
  }

  isFrozen(worker: ChildProcess): boolean {
    return this.#thawAt.has(worker);
  }

  /** Thaws all, for good. */
  end(): void {
    clearInterval(this.#ticks);
    for (const worker of this.#workers) worker.kill('SIGCONT');
  }

  #tick(): void {
    const now = machineMillis();
    for (const worker of this.#workers) {
      const thawAt = this.#thawAt.get(worker);
      // One that stopped itself after we let it go would otherwise stand still for ever.
      if (thawAt === undefined || thawAt <= now) {
        this.#thawAt.delete(worker);
        worker.kill('SIGCONT');
      }
    }
    if (now < this.#nextAt || this.#thawAt.size >= MOST_FROZEN) return;
    this.#nextAt = now + this.#random() * LONGEST_PAUSE_MILLIS;
    const worker = this.#workers[Math.floor(this.#random() * this.#workers.length)]!;
    if (!this.#thawAt.has(worker) && worker.kill('SIGSTOP')) this.#freeze(worker, this.#drawn());
  }

  #freeze(worker: ChildProcess, millis: number): void {
    this.freezesMillis.push(millis);
    this.#thawAt.set(worker, machineMillis() + millis);
  }

  #drawn(): number {
    let at = this.#random();
    for (const { share, from, to } of LENGTHS) {
      if (at < share) return from + this.#random() * (to - from);
      at -= share;
    }
    return LENGTHS[0]!.from;
  }
}
