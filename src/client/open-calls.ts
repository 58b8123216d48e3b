/** Counts the calls that are under way, so that those nobody awaited can be settled before the environment freezes. */
export class OpenCalls {
  #open = 0;
  #settled: (() => void)[] = [];

  /** Two integers a call: cheap enough for every read. */
  begin(): void {
    this.#open++;
  }

  end(): void {
    this.#open--;
    if (this.#open > 0 || this.#settled.length === 0) return;
    const settled = this.#settled;
    this.#settled = [];
    for (const resolve of settled) resolve();
  }

  async during<T>(work: Promise<T>): Promise<T> {
    this.begin();
    try {
      return await work;
    } finally {
      this.end();
    }
  }

  /** `undefined` where no call is under way. */
  settled(): Promise<void> | undefined {
    if (this.#open === 0) return undefined;
    return new Promise<void>((resolve) => this.#settled.push(resolve)).then(() => {
      // The end of one call may have been the start of the next: its caller goes on before this does.
      return this.settled();
    });
  }
}
