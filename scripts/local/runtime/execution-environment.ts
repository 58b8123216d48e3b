import { randomUUID } from 'node:crypto';
import type { FunctionDefinition } from '../template/functions.ts';
import { ACCOUNT_ID, REGION } from '../template/template.ts';
import { errorPayload, type Invocation, reportLine, spawnProblem } from './invocation.ts';
import { RuntimeApi } from './runtime-api.ts';
import { runtimeEnvironment } from './runtime-environment.ts';
import { RuntimeProcess } from './runtime-process.ts';
import { newTraceRoot } from './trace-id.ts';

export interface EnvironmentOptions {
  readonly definition: FunctionDefinition;
  readonly taskRoot: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Whether the process stands still between invocations, as on Lambda. */
  readonly freeze: boolean;
  readonly log: LogSink;
  readonly initTimeoutMs?: number;
}

export interface LogSink {
  /** Lines that Lambda itself writes: INIT_START, START, END, REPORT. */
  platform(line: string): void;
  /** Lines that the function wrote. */
  output(line: string): void;
}

/** The environment could not start; `payload` is what Lambda would answer. */
export class InitFailure extends Error {
  override readonly name = 'InitFailure';
  readonly payload: string;

  constructor(payload: string) {
    super(`the function's environment did not start: ${payload}`);
    this.payload = payload;
  }
}

interface Running {
  readonly requestId: string;
  readonly startedAt: number;
  readonly timer: NodeJS.Timeout;
  readonly settle: (invocation: Invocation) => void;
  timedOut: boolean;
  answer: { readonly status: 'success' | 'error'; readonly payload: string; readonly at: number } | undefined;
}

type State =
  | { readonly kind: 'starting'; readonly ready: () => void; readonly failed: (payload: string) => void }
  | { readonly kind: 'idle' }
  | { readonly kind: 'busy'; readonly running: Running }
  | { readonly kind: 'ended' };

const INIT_TIMEOUT_MS = 10_000;

/** One Lambda execution environment: it serves one event at a time and is frozen in between. */
export class ExecutionEnvironment {
  readonly #options: EnvironmentOptions;
  readonly #api: RuntimeApi;
  /** `undefined` where it could not even be started. */
  #process: RuntimeProcess | undefined;
  #state: State = { kind: 'ended' };
  #initError: string | undefined;
  /** Until an invocation has reported it. */
  #initMs: number | undefined;

  private constructor(options: EnvironmentOptions) {
    this.#options = options;
    this.#api = new RuntimeApi({
      onNext: () => this.#onNext(),
      onResponse: (requestId, payload) => this.#onAnswer(requestId, 'success', payload),
      onError: (requestId, payload) => this.#onAnswer(requestId, 'error', payload),
      onInitError: (payload) => {
        this.#initError = payload;
      },
    });
  }

  /** Rejects with `InitFailure` when the function's code does not load, ends or takes too long. */
  static async start(options: EnvironmentOptions): Promise<ExecutionEnvironment> {
    const environment = new ExecutionEnvironment(options);
    await environment.#api.listen();
    try {
      await environment.#initialize();
      return environment;
    } catch (error) {
      await environment.close();
      throw error;
    }
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  get frozen(): boolean {
    return this.#process?.frozen ?? false;
  }

  get alive(): boolean {
    return this.#state.kind !== 'ended';
  }

  /**
   * Resolves once the runtime asks for the next event, or is gone: as on Lambda, the environment is busy
   * until then. A function that fails is a result, not an exception.
   */
  invoke(event: string): Promise<Invocation> {
    if (this.#state.kind !== 'idle') throw new Error(`this environment is ${this.#state.kind}`);
    const { functionName, timeoutSeconds } = this.#options.definition;
    const requestId = randomUUID();
    return new Promise((settle) => {
      const running: Running = {
        requestId,
        startedAt: performance.now(),
        timer: setTimeout(() => this.#timeOut(running), timeoutSeconds * 1000),
        settle,
        timedOut: false,
        answer: undefined,
      };
      this.#state = { kind: 'busy', running };
      this.#options.log.platform(`START RequestId: ${requestId} Version: $LATEST`);
      this.#process?.thaw();
      this.#api.deliver({
        requestId,
        event,
        deadlineMs: Date.now() + timeoutSeconds * 1000,
        functionArn: `arn:aws:lambda:${REGION}:${ACCOUNT_ID}:function:${functionName}`,
        traceId: `${newTraceRoot()};Parent=${requestId.slice(-12)}0000;Sampled=0`,
      });
    });
  }

  async close(): Promise<void> {
    await this.#process?.kill();
    await this.#api.close();
  }

  async #initialize(): Promise<void> {
    const { definition, environment, initTimeoutMs = INIT_TIMEOUT_MS, log, taskRoot } = this.#options;
    log.platform(`INIT_START Runtime: ${definition.runtime}\tRunning on: Node.js ${process.version}`);
    const startedAt = performance.now();
    const timer = setTimeout(() => {
      this.#initError = errorPayload(
        'Sandbox.Timedout',
        `INIT timed out after ${initTimeoutMs / 1000} seconds`,
      );
      void this.#process?.kill();
    }, initTimeoutMs);
    const initialized = new Promise<string | undefined>((resolve) => {
      this.#state = { kind: 'starting', ready: () => resolve(undefined), failed: resolve };
      this.#process = new RuntimeProcess({
        taskRoot,
        environment: runtimeEnvironment(definition, taskRoot, this.#api.address, environment),
        onLine: (line) => log.output(line),
        onEnd: (reason) => this.#onEnd(reason),
      });
    });
    const failure = await initialized.catch(this.#onSpawnFailure).finally(() => clearTimeout(timer));
    this.#initMs = performance.now() - startedAt;
    if (failure === undefined) return;
    log.platform(`INIT_REPORT Init Duration: ${this.#initMs.toFixed(2)} ms\tPhase: init\tStatus: error`);
    throw new InitFailure(failure);
  }

  /** No runtime was there to write down what is wrong. */
  readonly #onSpawnFailure = (error: NodeJS.ErrnoException): string => {
    this.#state = { kind: 'ended' };
    const message = spawnProblem(error);
    this.#options.log.output(message);
    return errorPayload('Runtime.InvalidEnvironment', message);
  };

  #onNext(): void {
    const state = this.#state;
    if (state.kind !== 'starting' && state.kind !== 'busy') return;
    this.#state = { kind: 'idle' };
    if (this.#options.freeze) this.#process?.freeze();
    if (state.kind === 'starting') state.ready();
    // What the function wrote is in the pipe by now: one turn of the event loop reads it.
    else setImmediate(() => this.#settle(state.running));
  }

  #onAnswer(requestId: string, status: 'success' | 'error', payload: string): void {
    if (this.#state.kind !== 'busy' || this.#state.running.requestId !== requestId) return;
    this.#state.running.answer = { status, payload, at: performance.now() };
  }

  #onEnd(reason: string): void {
    const state = this.#state;
    this.#state = { kind: 'ended' };
    if (state.kind === 'starting') {
      state.failed(
        this.#initError ?? errorPayload('Runtime.ExitError', `Runtime exited with error: ${reason}`),
      );
    } else if (state.kind === 'busy') {
      this.#settle(state.running, reason);
    }
  }

  #timeOut(running: Running): void {
    running.timedOut = true;
    void this.#process?.kill();
  }

  #settle(running: Running, endReason = 'no answer was given'): void {
    clearTimeout(running.timer);
    const { definition, log } = this.#options;
    const invocation: Invocation = {
      requestId: running.requestId,
      ...this.#verdict(running, endReason),
      durationMs: (running.answer?.at ?? performance.now()) - running.startedAt,
      initMs: this.#initMs,
    };
    this.#initMs = undefined;
    log.platform(`END RequestId: ${running.requestId}`);
    log.platform(reportLine(invocation, definition.memoryMegabytes, this.#process?.peakMemoryMegabytes()));
    running.settle(invocation);
  }

  #verdict(running: Running, endReason: string): Pick<Invocation, 'status' | 'payload'> {
    if (running.answer !== undefined)
      return { status: running.answer.status, payload: running.answer.payload };
    const prefix = `RequestId: ${running.requestId} Error:`;
    if (running.timedOut) {
      const seconds = this.#options.definition.timeoutSeconds.toFixed(2);
      const message = `${prefix} Task timed out after ${seconds} seconds`;
      return { status: 'timeout', payload: errorPayload('Sandbox.Timedout', message) };
    }
    const message = `${prefix} Runtime exited with error: ${endReason}`;
    return { status: 'error', payload: errorPayload('Runtime.ExitError', message) };
  }
}
