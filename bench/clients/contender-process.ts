import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { RoundFigures } from './load.ts';
import type { Reply, Request } from './messages.ts';
import type { Scenario } from './scenarios.ts';

const WORKER = fileURLToPath(new URL('./worker.ts', import.meta.url));
const PREPARE_MILLIS = 15_000;
/** A round may take this much longer than it is asked to: what is in flight at its end must still come in. */
const OVERTIME_MILLIS = 5_000;

/** One contender in a process of its own, which a fault ends and a silence does, too. */
export class ContenderProcess {
  readonly name: string;
  readonly rounds: (RoundFigures | undefined)[] = [];
  /** Why it takes no further part. */
  fate: string | undefined;
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  #complaint = '';

  constructor(name: string) {
    this.name = name;
    this.#child = fork(WORKER, {
      execArgv: ['--max-old-space-size=768'],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#complaint = (this.#complaint + text).slice(-2_000);
    });
    this.#exited = new Promise((resolve) => {
      this.#child.once('exit', () => resolve());
      // It could not even be started.
      this.#child.once('error', (error) => {
        this.#complaint = String(error);
        resolve();
      });
    });
  }

  async prepare(scenario: Scenario, nodes: readonly string[], bundle: string): Promise<void> {
    await this.#ask({ kind: 'prepare', contender: this.name, scenario, nodes, bundle }, PREPARE_MILLIS);
  }

  /** Plays one round; its figures are kept where `counts`. */
  async play(millis: number, counts: boolean): Promise<void> {
    const reply = await this.#ask({ kind: 'round', millis }, millis + OVERTIME_MILLIS);
    if (counts) this.rounds.push(reply?.kind === 'figures' ? reply.figures : undefined);
  }

  async end(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  async #ask(request: Request, withinMillis: number): Promise<Reply | undefined> {
    if (this.fate !== undefined) return undefined;
    const answer = await this.#answer(request, withinMillis);
    if (typeof answer !== 'string' && answer.kind !== 'failed') return answer;
    this.fate = typeof answer === 'string' ? answer : `failed: ${answer.reason}`;
    await this.end();
    return undefined;
  }

  /** The reply, or why there is none. */
  #answer(request: Request, withinMillis: number): Promise<Reply | string> {
    return new Promise((resolve) => {
      const settle = (answer: Reply | string): void => {
        clearTimeout(timer);
        this.#child.off('message', settle).off('exit', ended);
        resolve(answer);
      };
      const ended = (): void => settle(`crashed: ${lastLine(this.#complaint)}`);
      const timer = setTimeout(() => settle(`hung: no answer in ${withinMillis / 1_000} s`), withinMillis);
      this.#child.on('message', settle).on('exit', ended);
      if (this.#child.pid !== undefined && this.#child.connected) this.#child.send(request);
      else ended();
    });
  }
}

function lastLine(text: string): string {
  const lines = text.split('\n').filter((line) => /^\s*\S*Error\b/.test(line));
  return lines.at(-1)?.trim() ?? 'without a word';
}
