import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { endOf, spawnOwned } from '../owned-process.ts';

const RUNTIME_CLIENT = createRequire(import.meta.url).resolve('aws-lambda-ric');
const RUNTIME_HOOK = new URL('./ric-hook.js', import.meta.url).href;

export interface RuntimeProcessOptions {
  readonly taskRoot: string;
  readonly environment: Record<string, string>;
  onLine(line: string): void;
  /** The process is gone and its last line has been read. */
  onEnd(reason: string): void;
}

/** The process of one execution environment: Node under AWS's own runtime interface client. */
export class RuntimeProcess {
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  #frozen = false;

  constructor({ taskRoot, environment, onLine, onEnd }: RuntimeProcessOptions) {
    this.#child = spawnOwned(process.execPath, ['--import', RUNTIME_HOOK, RUNTIME_CLIENT], {
      cwd: taskRoot,
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#ended = endOf(this.#child);
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      createInterface({ input: stream as Readable }).on('line', onLine);
    }
    this.#child.once('error', (error) => onEnd(error.message));
    this.#child.once('close', (code, signal) => {
      this.#frozen = false;
      onEnd(signal === null ? `exit status ${code}` : `signal: ${signal}`);
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get frozen(): boolean {
    return this.#frozen;
  }

  freeze(): void {
    this.#frozen = this.#child.kill('SIGSTOP');
  }

  thaw(): void {
    if (this.#frozen) this.#child.kill('SIGCONT');
    this.#frozen = false;
  }

  /** Works on a frozen process too. Lambda gives a function no more warning either. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }

  /** `undefined` where the system has no /proc. */
  peakMemoryMegabytes(): number | undefined {
    try {
      const status = readFileSync(`/proc/${this.pid}/status`, 'utf8');
      const kilobytes = /VmHWM:\s+(\d+)/.exec(status)?.[1];
      return kilobytes === undefined ? undefined : Math.ceil(Number(kilobytes) / 1024);
    } catch {
      return undefined;
    }
  }
}
