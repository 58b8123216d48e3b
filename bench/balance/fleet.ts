import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { FromWorker, Orders, ToWorker, WorkerCounts } from './messages.ts';
import type { WatchedRead } from './wire-tap.ts';

const WORKER = fileURLToPath(new URL('./worker.ts', import.meta.url));

/** What all processes together did since the start. */
export type FleetCounts = WorkerCounts;

type Done = FromWorker & { kind: 'done' };

/** A few processes that hold many environments among them. They are made anew for each run: nothing is remembered. */
export class Fleet {
  readonly #workers: readonly ChildProcess[];

  private constructor(workers: readonly ChildProcess[]) {
    this.#workers = workers;
  }

  /** `orders` are of the whole fleet: environments and requests are shared out. */
  static async start(processes: number, orders: Orders): Promise<Fleet> {
    const fleet = new Fleet(
      Array.from({ length: processes }, () =>
        fork(WORKER, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] }),
      ),
    );
    const share = {
      ...orders,
      environments: Math.ceil(orders.environments / processes),
      rate: orders.rate / processes,
    };
    await fleet.#askAll((at) => ({ kind: 'start', orders: { ...share, seed: orders.seed + 2 * at } }));
    return fleet;
  }

  async count(): Promise<FleetCounts> {
    return sumOf((await this.#askAll(() => ({ kind: 'count' }))).map(({ counts }) => counts));
  }

  async surge(key: string, share: number): Promise<void> {
    await this.#askAll(() => ({ kind: 'surge', key, share }));
  }

  /** Every read of the key that surges, in the order of time. */
  async watchedReads(): Promise<WatchedRead[]> {
    const all = (await this.#askAll(() => ({ kind: 'count' }))).flatMap(({ watchedReads }) => watchedReads);
    return all.sort((a, b) => a.atMillis - b.atMillis);
  }

  async end(): Promise<void> {
    await this.#askAll(() => ({ kind: 'stop' }));
    await this.kill();
  }

  async kill(): Promise<void> {
    await Promise.all(
      this.#workers.map(async (worker) => {
        if (worker.exitCode !== null || worker.signalCode !== null) return;
        const exited = once(worker, 'exit');
        worker.kill('SIGKILL');
        await exited;
      }),
    );
  }

  #askAll(message: (at: number) => ToWorker): Promise<Done[]> {
    return Promise.all(this.#workers.map((worker, at) => ask(worker, message(at))));
  }
}

function ask(worker: ChildProcess, message: ToWorker): Promise<Done> {
  return new Promise((resolve, reject) => {
    const ended = (): void => reject(new Error('a process of the fleet ended'));
    worker.once('exit', ended);
    worker.once('message', (answer: FromWorker) => {
      worker.off('exit', ended);
      if (answer.kind === 'failed') reject(new Error(answer.reason));
      else resolve(answer);
    });
    worker.send(message);
  });
}

function sumOf(counts: readonly WorkerCounts[]): FleetCounts {
  const total = (of: (one: WorkerCounts) => number): number => counts.reduce((sum, one) => sum + of(one), 0);
  return {
    requests: total(({ requests }) => requests),
    shed: total(({ shed }) => shed),
    warnings: total(({ warnings }) => warnings),
    births: total(({ births }) => births),
    sockets: total(({ sockets }) => sockets),
    cpuSeconds: total(({ cpuSeconds }) => cpuSeconds),
    wire: {
      all: total(({ wire }) => wire.all),
      byNode: addUp(counts.map(({ wire }) => wire.byNode)),
      own: addUp(counts.map(({ wire }) => wire.own)),
    },
  };
}

function addUp(records: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const record of records)
    for (const [name, count] of Object.entries(record)) sums[name] = (sums[name] ?? 0) + count;
  return sums;
}
