import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { spawnOwned } from '../owned-process.ts';

const RUNTIME_CLIENT = createRequire(import.meta.url).resolve('aws-lambda-ric');
const RUNTIME_HOOK = new URL('./ric-hook.js', import.meta.url).href;

/**
 * How long the pipes of an ended process may still bring lines. They close at once, unless a process that left the
 * group (`detached`) holds on to them: nothing waits for that one.
 */
const DRAIN_MS = 200;

export interface RuntimeProcessOptions {
  readonly taskRoot: string;
  readonly environment: Record<string, string>;
  onLine(line: string): void;
  /** Called once: the process is gone and its last line has been read. */
  onEnd(reason: string): void;
}

/**
 * The process of one execution environment: Node under AWS's own runtime interface client. What its function starts
 * shares its fate, as all that is in a Lambda sandbox does: it is frozen, thawed and killed as a group.
 */
export class RuntimeProcess {
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  #frozen = false;

  /** Throws where the system cannot start a process of that kind at all. */
  constructor({ taskRoot, environment, onLine, onEnd }: RuntimeProcessOptions) {
    this.#child = spawnOwned(process.execPath, ['--import', RUNTIME_HOOK, RUNTIME_CLIENT], {
      cwd: taskRoot,
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const pipes = [this.#child.stdout, this.#child.stderr] as Readable[];
    for (const input of pipes) createInterface({ input }).on('line', onLine);
    this.#ended = new Promise<string>((resolve) => {
      this.#child.once('error', (error) => resolve(error.message));
      this.#child.once('exit', (code, signal) => {
        this.#frozen = false;
        this.#signalGroup('SIGKILL');
        const drained = setTimeout(() => {
          for (const pipe of pipes) pipe.destroy(); // which makes it `close`
        }, DRAIN_MS);
        this.#child.once('close', () => {
          clearTimeout(drained);
          resolve(signal === null ? `exit status ${code}` : `signal: ${signal}`);
        });
      });
    }).then(onEnd);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get frozen(): boolean {
    return this.#frozen;
  }

  freeze(): void {
    this.#frozen = this.#signal('SIGSTOP');
  }

  thaw(): void {
    if (this.#frozen) this.#signal('SIGCONT');
    this.#frozen = false;
  }

  /** Works on a frozen process too. Lambda gives a function no more warning either. */
  async kill(): Promise<void> {
    this.#signal('SIGKILL');
    await this.#ended;
  }

  /** Not once the process has ended: its id may be another's by then. */
  #signal(signal: NodeJS.Signals): boolean {
    const { exitCode, signalCode } = this.#child;
    return exitCode === null && signalCode === null && this.#signalGroup(signal);
  }

  #signalGroup(signal: NodeJS.Signals): boolean {
    try {
      return this.pid !== undefined && process.kill(-this.pid, signal);
    } catch {
      return false; // nobody is left in it
    }
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
