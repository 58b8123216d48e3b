import { randomUUID } from 'node:crypto';
import { type EnvironmentOptions, ExecutionEnvironment, InitFailure } from './execution-environment.ts';
import type { Invocation } from './invocation.ts';

/**
 * The environments of one function. A request takes a warm one, else a new one is started for it; beyond the
 * bound, where Lambda would throttle, requests wait their turn.
 */
export class FunctionPool {
  readonly #options: EnvironmentOptions;
  readonly #environments = new Set<ExecutionEnvironment>();
  /** The last one used is the first one taken, so that a quiet function keeps to one. */
  readonly #idle: ExecutionEnvironment[] = [];
  readonly #waiting: (() => void)[] = [];
  #freeSlots: number;
  #closed = false;

  constructor(options: EnvironmentOptions, maxEnvironments: number) {
    this.#options = options;
    this.#freeSlots = maxEnvironments;
  }

  get size(): number {
    return this.#environments.size;
  }

  async invoke(event: string): Promise<Invocation> {
    await this.#takeSlot();
    try {
      const environment = (await this.#takeIdle()) ?? (await this.#start());
      const invocation = await environment.invoke(event);
      if (environment.alive) this.#idle.push(environment);
      else await this.#discard(environment);
      return invocation;
    } catch (error) {
      if (error instanceof InitFailure) return failedInit(error);
      throw error;
    } finally {
      this.#releaseSlot();
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#environments].map((environment) => this.#discard(environment)));
  }

  async #start(): Promise<ExecutionEnvironment> {
    if (this.#closed) throw new Error('the function is being shut down');
    const environment = await ExecutionEnvironment.start(this.#options);
    this.#environments.add(environment);
    if (this.#closed) await this.#discard(environment);
    return environment;
  }

  async #takeIdle(): Promise<ExecutionEnvironment | undefined> {
    for (let environment = this.#idle.pop(); environment !== undefined; environment = this.#idle.pop()) {
      if (environment.alive) return environment;
      await this.#discard(environment); // its runtime is gone, its server is not
    }
    return undefined;
  }

  async #discard(environment: ExecutionEnvironment): Promise<void> {
    this.#environments.delete(environment);
    await environment.close();
  }

  async #takeSlot(): Promise<void> {
    if (this.#freeSlots === 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#freeSlots--;
  }

  /** The slot goes straight to who waits longest. */
  #releaseSlot(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#freeSlots++;
    else next();
  }
}

function failedInit(failure: InitFailure): Invocation {
  return {
    requestId: randomUUID(),
    status: 'error',
    payload: failure.payload,
    durationMs: 0,
    initMs: undefined,
  };
}
