// Which of its nodes a hot key is read from, and how often: computed, not measured.
//
// Every reader knows the ring's arcs, which are the load that keys bring of which there are too many to list, and the
// hot keys' shares. So every reader can pour the hot keys over that load like water over an uneven ground, and all come
// to the same level without a word between them. It evens out the ring's own unevenness, too, which copies that are read
// alike cannot. The level is never more than two slices above the one of copies that are read alike, and mostly within half
// a percent of an exact solution's; what was poured stays where it is, so that a few keys on few nodes, each of them a
// large part of all load, may end some percent above it.

/** A hot key as far as its weights go: its share of all load, 0..1, and the nodes that may hold it, the base first. */
export interface HotLoad {
  readonly share: number;
  /** Indexes into the ring's nodes. */
  readonly nodes: readonly number[];
}

/** All hot keys together are poured in about so many slices. */
const SLICES = 4_000;

/** A key that is barely hot is still split this finely. */
const LEAST_SLICES = 16;

/**
 * For each hot key the cumulative probability of being read at each of its nodes, in the order of its `nodes`: the last
 * is 1. `arcs`: each node's share of the ring.
 */
export function readWeights(arcs: readonly number[], hot: readonly HotLoad[]): readonly Float64Array[] {
  const hotShare = hot.reduce((sum, { share }) => sum + share, 0);
  // Estimates may come to more than there is.
  const scale = hotShare > 1 ? 1 / hotShare : 1;
  const cold = Math.max(0, 1 - hotShare);
  const load = Float64Array.from(arcs, (arc) => arc * cold);
  const pours = hot.map((key) => new Pour(key, key.share * scale));
  // Side by side, each in proportion: poured one after another, the last would find the ground uneven.
  const rounds = Math.max(0, ...pours.map(({ slices }) => slices));
  for (let round = 1; round <= rounds; round++) {
    for (const pour of pours) pour.upTo(round / rounds, load);
  }
  return pours.map((pour) => pour.cumulative());
}

class Pour {
  readonly slices: number;
  readonly #nodes: readonly number[];
  readonly #slice: number;
  readonly #taken: Float64Array;
  #poured = 0;

  constructor({ nodes }: HotLoad, share: number) {
    this.slices = Math.max(LEAST_SLICES, Math.round(share * SLICES));
    this.#nodes = nodes;
    this.#slice = share / this.slices;
    this.#taken = new Float64Array(nodes.length);
  }

  /** Pours until `part` of the key is gone, each slice where there is least. */
  upTo(part: number, load: Float64Array): void {
    const nodes = this.#nodes;
    while (this.#poured < Math.round(part * this.slices)) {
      let least = 0;
      for (let i = 1; i < nodes.length; i++) {
        if (load[nodes[i]!]! < load[nodes[least]!]!) least = i;
      }
      load[nodes[least]!]! += this.#slice;
      this.#taken[least]!++;
      this.#poured++;
    }
  }

  cumulative(): Float64Array {
    let sum = 0;
    return this.#taken.map((taken) => {
      sum += taken;
      return sum / this.slices;
    });
  }
}
