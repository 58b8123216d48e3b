// Which of its nodes a hot key is read from, and how often: computed, not measured.
//
// Every reader knows the ring's arcs, which are the load that keys bring of which there are too many to list, and the
// hot keys' shares. So every reader can pour the hot keys over that load like water over an uneven ground, and all come
// to the same level without a word between them. It evens out the ring's own unevenness, too, which copies that are read
// alike cannot.
//
// Each key is taken back and poured anew over what the others left, in turn. No turn lifts the highest level, so that it
// ends no higher than with copies that are read alike, and soon where an exact solution has it. Pouring slices of all keys
// side by side, once, ended up to 7 percent above that.
//
// Source: block coordinate descent; the level of one key is that of water-filling.

/** A hot key as far as its weights go: its share of all load, 0..1, and the nodes that may hold it, the base first. */
export interface HotLoad {
  readonly share: number;
  /** Indexes into the ring's nodes. */
  readonly nodes: readonly number[];
}

/** On the popularity of a cache four rounds are enough, and twelve for a few keys that are most of all load. */
const ROUNDS = 12;

/**
 * For each hot key the cumulative probability of being read at each of its nodes, in the order of its `nodes`: the last
 * is 1. `arcs`: each node's share of the ring. `sizes`: how much each node is to have, relative to the others; without
 * them all are to have the same.
 */
export function readWeights(
  arcs: readonly number[],
  hot: readonly HotLoad[],
  sizes: readonly number[] = arcs.map(() => 1),
): readonly Float64Array[] {
  const hotShare = hot.reduce((sum, { share }) => sum + share, 0);
  // Estimates may come to more than there is.
  const scale = hotShare > 1 ? 1 / hotShare : 1;
  const cold = Math.max(0, 1 - hotShare);
  // A wide vessel takes more water for the same height.
  const levels = Float64Array.from(arcs, (arc, node) => (arc * cold) / sizes[node]!);
  const pours = hot.map((key) => new Pour(key, key.share * scale, sizes));
  for (const pour of pours) pour.evenly(levels);
  for (let round = 0; round < ROUNDS; round++) {
    for (const pour of pours) pour.anew(levels);
  }
  return pours.map((pour) => pour.cumulative());
}

class Pour {
  readonly #nodes: readonly number[];
  readonly #sizes: readonly number[];
  readonly #share: number;
  /** What of the share is at each node. */
  readonly #parts: Float64Array;

  constructor({ nodes }: HotLoad, share: number, sizes: readonly number[]) {
    this.#nodes = nodes;
    this.#sizes = nodes.map((node) => sizes[node]!);
    this.#share = share;
    this.#parts = new Float64Array(nodes.length).fill(share / nodes.length);
  }

  evenly(levels: Float64Array): void {
    for (const [at, node] of this.#nodes.entries()) levels[node]! += this.#parts[at]! / this.#sizes[at]!;
  }

  /** Takes the key back, and fills its nodes from the lowest on to one level. */
  anew(levels: Float64Array): void {
    const nodes = this.#nodes;
    if (nodes.length === 1) return;
    const parts = this.#parts;
    const sizes = this.#sizes;
    for (let i = 0; i < nodes.length; i++) levels[nodes[i]!]! -= parts[i]! / sizes[i]!;
    const level = this.#levelOver(levels);
    for (let i = 0; i < nodes.length; i++) {
      const rise = Math.max(0, level - levels[nodes[i]!]!);
      parts[i] = rise * sizes[i]!;
      levels[nodes[i]!]! += rise;
    }
  }

  /** How high the key stands over what the others left at its nodes. */
  #levelOver(levels: Float64Array): number {
    const ground = (at: number): number => levels[this.#nodes[at]!]!;
    const fromTheLowest = this.#nodes.map((_, at) => at).sort((a, b) => ground(a) - ground(b));
    let volume = this.#share;
    let width = 0;
    for (const [under, at] of fromTheLowest.entries()) {
      volume += ground(at) * this.#sizes[at]!;
      width += this.#sizes[at]!;
      const next = fromTheLowest[under + 1];
      if (next === undefined || volume / width <= ground(next)) break;
    }
    return volume / width;
  }

  cumulative(): Float64Array {
    const last = this.#parts.length - 1;
    let sum = 0;
    return this.#parts.map((part, at) => {
      sum += part;
      // Not what rounding makes of it: each chance finds its node.
      return at === last || this.#share === 0 ? 1 : Math.min(1, sum / this.#share);
    });
  }
}
