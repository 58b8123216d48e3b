// Which keys are smeared, as the hand-kept list says.

/** Etsy's figure, and a fair one for clusters of up to a few dozen nodes. */
export const DEFAULT_COPIES = 8;

/** How a hot key's copies are placed: on the ring's next distinct nodes, or Etsy's way, by a random suffix. */
export type Placement = 'successors' | 'suffix';

/** A key or a prefix with its number of copies. `copies` counts the base and is capped at the number of nodes. */
export type SmearRule =
  | { readonly key: string; readonly prefix?: undefined; readonly copies?: number | undefined }
  | { readonly prefix: string; readonly key?: undefined; readonly copies?: number | undefined };

/** Looks a key's rule up: an exact key before a prefix, a longer prefix before a shorter one. */
export class SmearRules {
  readonly #exact = new Map<string, number>();
  readonly #prefixes: { readonly prefix: string; readonly copies: number }[] = [];

  constructor(rules: readonly SmearRule[]) {
    for (const rule of rules) {
      const copies = rule.copies ?? DEFAULT_COPIES;
      if (rule.key !== undefined) this.#exact.set(rule.key, copies);
      else this.#prefixes.push({ prefix: rule.prefix, copies });
    }
    this.#prefixes.sort((a, b) => b.prefix.length - a.prefix.length);
  }

  /** How many nodes are to hold `key`; `undefined` where no rule names it. */
  copiesOf(key: string): number | undefined {
    if (this.#exact.size > 0) {
      const copies = this.#exact.get(key);
      if (copies !== undefined) return copies;
    }
    for (const { prefix, copies } of this.#prefixes) {
      if (key.startsWith(prefix)) return copies;
    }
    return undefined;
  }
}
