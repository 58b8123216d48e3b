/** Tokens stay short, and far apart from those of any reply that may still be under way. */
const MOST_TOKENS = 0x3fffffff;

/** Opaque tokens of one node's commands. */
export class Tokens {
  #last = 0;

  /** The first of `count` that follow each other. */
  take(count: number): number {
    if (this.#last + count > MOST_TOKENS) this.#last = 0;
    const first = this.#last + 1;
    this.#last += count;
    return first;
  }
}
