import type { BatchLoader } from './cache.ts';

interface Asked<T> {
  readonly resolve: (value: T | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The loads of one `wrapMany`, brought together: all that is won at once is loaded at once, as soon as every key is
 * known to be there, to be loaded here, or to be loaded by another. What is taken over later goes by the tick.
 */
export class BatchLoads<T> {
  readonly #keys: readonly string[];
  readonly #load: BatchLoader<T>;
  readonly #undecided: Set<string>;
  #asked = new Map<string, Asked<T>>();
  #due = false;

  constructor(keys: Iterable<string>, load: BatchLoader<T>) {
    this.#keys = [...keys];
    this.#load = load;
    this.#undecided = new Set(this.#keys);
  }

  /** What the batch loader gives for `key`; `undefined` where it has none. */
  of(key: string): Promise<T | undefined> {
    const loading = new Promise<T | undefined>((resolve, reject) =>
      this.#asked.set(key, { resolve, reject }),
    );
    this.decided(key);
    return loading;
  }

  /** `key` needs no load now. */
  decided(key: string): void {
    this.#undecided.delete(key);
    if (this.#undecided.size > 0 || this.#asked.size === 0 || this.#due) return;
    this.#due = true;
    // A moment later: other keys may be asked for in the same tick.
    setImmediate(() => void this.#run());
  }

  async #run(): Promise<void> {
    const asked = this.#asked;
    this.#asked = new Map();
    this.#due = false;
    try {
      const load = this.#load;
      // In the caller's order, whichever node answered first.
      const loaded = valuesOf<T>(await load(this.#keys.filter((key) => asked.has(key))));
      for (const [key, { resolve }] of asked) resolve(loaded.get(key));
    } catch (error) {
      for (const { reject } of asked.values()) reject(error);
    }
  }
}

function valuesOf<T>(loaded: unknown): Map<string, T> {
  if (loaded instanceof Map) return loaded as Map<string, T>;
  if (typeof (loaded as Iterable<[string, T]> | undefined)?.[Symbol.iterator] !== 'function') {
    throw new TypeError('the loader of wrapMany must give a Map, or a list of [key, value]');
  }
  return new Map(loaded as Iterable<[string, T]>);
}
