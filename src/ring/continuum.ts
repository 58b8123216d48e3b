// The continuum: all points of all nodes in order, each with its node.
//
// A key belongs to the first point at or above its hash, and past the last point to the first one. The points are
// sorted by buckets of their leading bits, about one point a bucket (hashes are even), and the bucket starts stay as
// the index for look-ups: one read to the bucket, then on average one step. Binary search over 3,200 points takes
// five times as long.
//
// Sorting keeps the order in which equal points came in, so a dialect's tie rule is nothing but the order in which
// its nodes are laid.
import type { DialectRules } from './dialects.ts';
import { DIGEST_WORDS } from './hash/hashes.ts';
import type { RingNode } from './node.ts';

export interface Continuum {
  /** Ascending. Behind the last point stands 2^32 - 1, which leads back to the first one's node. */
  readonly points: Uint32Array;
  /** Index of the node of each point. */
  readonly owners: Uint16Array;
  /** Position of the first point of each bucket. */
  readonly bucketStarts: Uint32Array;
  /** The bucket of a hash is `hash >>> bucketShift`. */
  readonly bucketShift: number;
}

interface Laid {
  readonly points: Uint32Array;
  readonly owners: Uint16Array;
}

export const HASH_SPACE = 2 ** 32;
const MIN_BUCKET_BITS = 4;
const MAX_BUCKET_BITS = 16;

/** Position of the point that a hash belongs to. */
export function positionOf({ points, bucketStarts, bucketShift }: Continuum, hash: number): number {
  let position = bucketStarts[hash >>> bucketShift]!;
  while (points[position]! < hash) position++;
  return position;
}

export function buildContinuum(nodes: readonly RingNode[], rules: DialectRules): Continuum {
  const continuum = sorted(layPoints(nodes, rules));
  return rules.search === 'upwards' ? continuum : sorted(turnedUpwards(continuum));
}

function layPoints(nodes: readonly RingNode[], rules: DialectRules): Laid {
  const weights = nodes.map((node) => node.weight || 1);
  const weighted = weights.some((weight) => weight > 1);
  const layout = (weighted && rules.weightedLayout) || rules.layout;
  const counts = layout.labels(weights);
  const total = counts.reduce((sum, count) => sum + count, 0) * layout.pointsPerLabel;

  const points = new Uint32Array(total);
  const owners = new Uint16Array(total);
  const words = new Uint32Array(DIGEST_WORDS);
  const { digest: hash } = layout.pointHash;
  let laid = 0;
  for (const index of layingOrder(nodes, rules)) {
    const prefix = rules.labelPrefix(nodes[index]!);
    for (let label = 0; label < counts[index]!; label++) {
      hash(prefix + label, words);
      for (let word = 0; word < layout.pointsPerLabel; word++) {
        points[laid] = words[word]!;
        owners[laid++] = index;
      }
    }
  }
  return { points, owners };
}

/** Node indexes with the owner of a shared point first, or last where keys look downwards. */
function layingOrder(nodes: readonly RingNode[], { ties, search, labelPrefix }: DialectRules): number[] {
  const order = [...nodes.keys()];
  if (ties === 'shortest-name') {
    const names = nodes.map(labelPrefix);
    order.sort((a, b) => names[a]!.length - names[b]!.length || (names[a]! < names[b]! ? -1 : 1));
  }
  const ownerComesFirst = ties !== 'last-listed';
  return ownerComesFirst === (search === 'upwards') ? order : order.reverse();
}

function sorted({ points, owners }: Laid): Continuum {
  const count = points.length;
  const bits = Math.min(Math.max(32 - Math.clz32(count - 1), MIN_BUCKET_BITS), MAX_BUCKET_BITS);
  const bucketShift = 32 - bits;
  const bucketStarts = new Uint32Array(2 ** bits);
  for (let i = 0; i < count; i++) bucketStarts[points[i]! >>> bucketShift]!++;
  let end = 0;
  for (let bucket = 0; bucket < bucketStarts.length; bucket++) {
    end += bucketStarts[bucket]!;
    bucketStarts[bucket] = end;
  }

  const continuum = {
    points: new Uint32Array(count + 1),
    owners: new Uint16Array(count + 1),
    bucketStarts,
    bucketShift,
  };
  // From the back, so that each bucket's end runs down to its start and equal points keep their order.
  for (let i = count - 1; i >= 0; i--) {
    const at = --bucketStarts[points[i]! >>> bucketShift]!;
    continuum.points[at] = points[i]!;
    continuum.owners[at] = owners[i]!;
  }
  sortWithinBuckets(continuum.points, continuum.owners, count);
  continuum.points[count] = HASH_SPACE - 1;
  continuum.owners[count] = continuum.owners[0]!;
  return continuum;
}

/** Insertion sort: stable, and nearly nothing to do. */
function sortWithinBuckets(points: Uint32Array, owners: Uint16Array, count: number): void {
  for (let i = 1; i < count; i++) {
    const point = points[i]!;
    const owner = owners[i]!;
    let at = i;
    for (; at > 0 && points[at - 1]! > point; at--) {
      points[at] = points[at - 1]!;
      owners[at] = owners[at - 1]!;
    }
    points[at] = point;
    owners[at] = owner;
  }
}

/** To own the keys from a point up to the next one is to own those that end right below the next one. */
function turnedUpwards({ points, owners }: Continuum): Laid {
  const count = points.length - 1;
  return {
    points: Uint32Array.from({ length: count }, (_, i) => points[i]! - 1),
    owners: Uint16Array.from({ length: count }, (_, i) => owners[(i + count - 1) % count]!),
  };
}
