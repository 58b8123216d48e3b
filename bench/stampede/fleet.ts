import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { CallOfBurst, FromWorker, ToWorker } from './messages.ts';
import { Origin } from './origin.ts';
import type { Loading } from './scenarios.ts';

const WORKER = fileURLToPath(new URL('./worker.ts', import.meta.url));

/** Processes with one reader each, and the origin that they all load from. */
export class Fleet {
  readonly origin: Origin;
  readonly #workers: readonly ChildProcess[];

  constructor(size: number, loading: Loading) {
    this.#workers = Array.from({ length: size }, () =>
      fork(WORKER, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] }),
    );
    this.origin = new Origin(loading, (worker) => void this.#workers[worker]!.kill('SIGKILL'));
    this.#workers.forEach((worker, index) => {
      worker.on('message', (message: FromWorker) => {
        if (message.kind === 'load') void this.#load(index, message.id);
      });
    });
  }

  async open(reader: string, nodes: readonly string[], stale: boolean): Promise<void> {
    await Promise.all(this.#workers.map((worker) => ask(worker, { kind: 'open', reader, nodes, stale })));
  }

  /** The first process fills the cache, the others read what it filled. */
  async warm(reads: number): Promise<void> {
    for (const worker of this.#workers) await ask(worker, { kind: 'warm', reads });
  }

  /** All callers of all processes at once. Those of a process that is killed are lost. */
  async burst(callersOfEach: number): Promise<CallOfBurst[]> {
    const atMillis = Date.now() + 200;
    const answers = await Promise.all(
      this.#workers.map((worker) => ask(worker, { kind: 'burst', callers: callersOfEach, atMillis })),
    );
    return answers.flatMap((answer) => (answer?.kind === 'calls' ? answer.calls : []));
  }

  async end(): Promise<void> {
    await Promise.all(
      this.#workers.map(async (worker) => {
        if (worker.exitCode !== null || worker.signalCode !== null) return;
        const exited = once(worker, 'exit');
        worker.kill('SIGKILL');
        await exited;
      }),
    );
  }

  async #load(index: number, id: number): Promise<void> {
    const value = await this.origin.load(index);
    const worker = this.#workers[index]!;
    if (worker.connected) worker.send({ kind: 'loaded', id, ...(value && { value }) } satisfies ToWorker);
  }
}

/** `undefined` where the process ends first. */
function ask(worker: ChildProcess, message: ToWorker): Promise<FromWorker | undefined> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      worker.off('message', answered);
      worker.off('exit', ended);
    };
    const ended = (): void => {
      settle();
      resolve(undefined);
    };
    const answered = (answer: FromWorker): void => {
      if (answer.kind === 'load') return;
      settle();
      if (answer.kind === 'failed') reject(new Error(answer.reason));
      else resolve(answer);
    };
    worker.on('message', answered);
    worker.once('exit', ended);
    worker.send(message);
  });
}
