import { type Continuum, HASH_SPACE } from './continuum.ts';

/** Share of the hash space (0..1) of each node, by index. They add up to 1 exactly. */
export function sharesOf({ points, owners }: Continuum, nodes: number): number[] {
  const shares = new Array<number>(nodes).fill(0);
  let before = -1;
  for (const [i, end] of points.entries()) {
    shares[owners[i]!]! += (end - before) / HASH_SPACE;
    before = end;
  }
  return shares;
}
