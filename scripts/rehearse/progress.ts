/** As long as this may nothing be said, lest who waits thinks that it hangs. */
const SILENCE_MILLIS = 5_000;

/** Says what happens and, while long work goes on, that it does. */
export class Progress {
  readonly #say: (line: string) => void;
  readonly #now: () => number;
  readonly #told = new Set<string>();
  #saidAt: number;

  /** `now` is in milliseconds. */
  constructor(say: (line: string) => void, now: () => number = () => performance.now()) {
    this.#say = say;
    this.#now = now;
    this.#saidAt = now();
  }

  say(line: string): void {
    this.#saidAt = this.#now();
    this.#say(line);
  }

  /** The first time only: a version that fails does so many times. */
  sayOnce(line: string): void {
    if (this.#told.has(line)) return;
    this.#told.add(line);
    this.say(line);
  }

  /** Only where nothing was said for a while. */
  goesOn(line: string): void {
    if (this.#now() - this.#saidAt >= SILENCE_MILLIS) this.say(line);
  }
}
