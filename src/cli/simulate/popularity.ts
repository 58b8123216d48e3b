import { CUMULATIVE_SHARES, TOP_SHARES } from './production-shares.ts';

/** How often keys are asked for. */
export interface Popularity {
  readonly title: string;
  /** The most popular first; shares of all requests, 0..1. */
  readonly keys: readonly { readonly key: string; readonly share: number }[];
  /** Share of all the others together. None of them weighs anything, so each node has its arc of them. */
  readonly rest: number;
  /** How many keys there are, with the others. */
  readonly keyCount: number;
  /** How many requests were counted; a distribution has none. */
  readonly requests?: number;
}

/** Below this rank a key of any distribution weighs too little for its place to matter. */
const MOST_PLACED = 100_000;

export function countedKeys(counts: ReadonlyMap<string, number>, title: string): Popularity {
  let requests = 0;
  for (const count of counts.values()) requests += count;
  const keys = [...counts]
    .sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
    .map(([key, count]) => ({ key, share: count / requests }));
  return { title, keys, rest: 0, keyCount: keys.length, requests };
}

/** Share of rank i in proportion to `1 / i ** exponent`. */
export function zipfKeys(exponent: number, keyCount: number): Popularity {
  const placed = Math.min(keyCount, MOST_PLACED);
  const weights = Array.from({ length: placed }, (_, i) => (i + 1) ** -exponent);
  const head = weights.reduce((sum, weight) => sum + weight, 0);
  const rest = integral(exponent, placed + 0.5, keyCount + 0.5);
  const total = head + rest;
  return {
    title: `Zipf ${exponent} over ${keyCount.toLocaleString('en-US')} keys`,
    keys: weights.map((weight, i) => ({ key: `key:${i + 1}`, share: weight / total })),
    rest: rest / total,
    keyCount,
  };
}

/** Of `x ** -exponent`; the sum over whole ranks differs by less than a share can show. */
function integral(exponent: number, from: number, to: number): number {
  if (to <= from) return 0;
  if (Math.abs(exponent - 1) < 1e-9) return Math.log(to / from);
  return (to ** (1 - exponent) - from ** (1 - exponent)) / (1 - exponent);
}

/** A production cache's keys. Between two ranks of the table the keys are alike. */
export function productionKeys(): Popularity {
  const shares = TOP_SHARES.map((millionths) => millionths / 1e6);
  let sum = shares.reduce((total, share) => total + share, 0);
  for (const [rank, upTo] of CUMULATIVE_SHARES) {
    if (rank > MOST_PLACED) break;
    const each = (upTo - sum) / (rank - shares.length);
    while (shares.length < rank) shares.push(each);
    sum = upTo;
  }
  return {
    title: 'a production cache (CacheLib, kvcache_reg)',
    keys: shares.map((share, i) => ({ key: `key:${i + 1}`, share })),
    rest: 1 - sum,
    keyCount: CUMULATIVE_SHARES.at(-1)![0],
  };
}
