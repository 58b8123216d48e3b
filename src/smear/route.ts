import type { Ring, RingNode } from '../ring/index.ts';

/**
 * Where a key's items are: one value from which reads, writes and deletes are all planned, so that none of them
 * can disagree with another. Its base lies under the plain storage key, which travels beside the route.
 *
 * `variants` is Etsy's scheme: equal items under numbered keys, none of them the base.
 */
export type Route<N extends RingNode> = SingleRoute<N> | SmearedRoute<N> | VariantsRoute<N>;

export interface SingleRoute<N extends RingNode> {
  readonly kind: 'single';
  readonly base: N;
}

export interface SmearedRoute<N extends RingNode> {
  readonly kind: 'smeared';
  readonly base: N;
  /** The next distinct nodes on the ring; each may hold a copy under `copyKey`. Never empty. */
  readonly copyNodes: readonly N[];
  readonly copyKey: string;
  /**
   * How likely a read is to go to the base or one of the first copy nodes, cumulated: the base's first, 1 last. Without
   * it all are alike.
   */
  readonly weights?: Float64Array | undefined;
}

export interface VariantsRoute<N extends RingNode> {
  readonly kind: 'variants';
  readonly variants: readonly { readonly node: N; readonly key: string }[];
}

/**
 * The base and its copies on the next distinct nodes, not on the owners of suffixed keys: those fall together
 * by chance (on 4 nodes, 3 suffixes miss 3 distinct nodes for 63 % of all keys), and then a hot node stays hot.
 */
export function smearedRoute<N extends RingNode>(
  ring: Ring<N>,
  storageKey: string,
  copySuffix: string,
  copies: number,
): SingleRoute<N> | SmearedRoute<N> {
  const [base, ...others] = ring.successors(storageKey, copies);
  if (others.length === 0) return { kind: 'single', base: base! };
  return { kind: 'smeared', base: base!, copyNodes: others, copyKey: storageKey + copySuffix };
}

/** Etsy's scheme to the letter: each of the `copies` suffixed keys is placed by plain Ketama. */
export function variantsRoute<N extends RingNode>(
  ring: Ring<N>,
  storageKey: string,
  copies: number,
): Route<N> {
  const variants = Array.from({ length: copies }, (_, suffix) => {
    const key = `${storageKey}${suffix}`;
    return { node: ring.owner(key), key };
  });
  return { kind: 'variants', variants };
}
