import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { machineMillis } from '../../test/support/histories/history.ts';
import type { Load } from '../environments/origin.ts';
import type { FromReader, ReaderSettings, ToReader } from './messages.ts';

const READER = fileURLToPath(new URL('./reader.ts', import.meta.url));

/** The reading processes of one client, and all that they loaded. */
export class Stream {
  readonly client: ReaderSettings['client'];
  readonly loads: Load[] = [];
  reads = 0;
  readonly #children: readonly ChildProcess[];

  constructor(processes: number, settings: Omit<ReaderSettings, 'seed'>, seed: number) {
    this.client = settings.client;
    this.#children = Array.from({ length: processes }, (_, i) => {
      const child = fork(READER, [JSON.stringify({ ...settings, seed: seed + i } satisfies ReaderSettings)], {
        execArgv: [],
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      });
      child.on('message', (message: FromReader) => {
        if (message.kind === 'load') this.loads.push({ key: message.key, at: machineMillis() });
        else this.reads += message.count;
      });
      return child;
    });
    process.once('exit', this.#kill);
  }

  /** The readers learn of these nodes. */
  use(nodes: readonly string[]): void {
    for (const child of this.#children) {
      if (child.connected) child.send({ kind: 'nodes', nodes } satisfies ToReader);
    }
  }

  /** Those of some keys only, without the first of each where `again` is set. */
  loadsIn(from: number, to: number, of: (key: string) => boolean = () => true, again = false): number {
    const loads = this.loads.filter(({ key, at }) => at >= from && at < to && of(key));
    return again ? loads.length - new Set(loads.map(({ key }) => key)).size : loads.length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    process.removeListener('exit', this.#kill);
    await Promise.all(
      this.#children.map(async (child) => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        const exited = once(child, 'exit');
        child.kill('SIGKILL');
        await exited;
      }),
    );
  }

  readonly #kill = (): void => {
    for (const child of this.#children) child.kill('SIGKILL');
  };
}
