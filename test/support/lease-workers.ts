import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { CacheOptions } from '../../src/client/options.ts';
import type { WorkerOrder, WorkerReport } from './lease-worker.ts';

type ReportOf<Kind extends WorkerReport['kind']> = Extract<WorkerReport, { kind: Kind }>;

/** One process with a cache of its own. Got from `startLeaseWorkers`. */
export class LeaseWorker {
  readonly #child: ChildProcess;
  readonly #reports: WorkerReport[] = [];
  #wake: () => void = () => {};

  constructor() {
    this.#child = fork(new URL('./lease-worker.ts', import.meta.url), { execArgv: [] });
    this.#child.on('message', (report: WorkerReport) => {
      this.#reports.push(report);
      this.#wake();
    });
    // Nothing outlives a test run that crashes.
    process.once('exit', this.#endWithUs);
    this.#child.once('exit', () => process.removeListener('exit', this.#endWithUs));
  }

  readonly #endWithUs = (): void => void this.#child.kill('SIGKILL');

  tell(order: WorkerOrder): void {
    this.#child.send(order);
  }

  /** Waits for the next report of this kind; others are passed over. */
  async hears<Kind extends WorkerReport['kind']>(kind: Kind): Promise<ReportOf<Kind>> {
    for (;;) {
      const next = this.#reports.shift();
      if (next?.kind === kind) return next as ReportOf<Kind>;
      if (next !== undefined) continue;
      if (this.#child.exitCode !== null) throw new Error(`the worker ended with ${this.#child.exitCode}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        this.#child.once('exit', () => resolve());
      });
    }
  }

  /** As the system kills a process: nothing is given back. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }
}

/** Starts `count` processes, each with its connections made. */
export async function startLeaseWorkers(
  count: number,
  options: CacheOptions,
): Promise<{ readonly workers: readonly LeaseWorker[] } & AsyncDisposable> {
  const workers = Array.from({ length: count }, () => new LeaseWorker());
  const close = async (): Promise<void> => void (await Promise.all(workers.map((worker) => worker.kill())));
  try {
    for (const worker of workers) worker.tell({ kind: 'open', options });
    await Promise.all(workers.map((worker) => worker.hears('ready')));
  } catch (error) {
    await close();
    throw error;
  }
  return { workers, [Symbol.asyncDispose]: close };
}
