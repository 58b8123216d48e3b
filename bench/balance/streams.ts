// Which key is asked for next. Keys are named by their rank: `item:1` is the hottest.
//
// A table of shares is drawn from by its running sum. Of the production cache's table the first 1,000 keys have a share
// each; below them keys of one row are drawn alike, of ranks up to ten million.

import type { Random } from '../../src/base/random.ts';
import popularity from './popularity.json' with { type: 'json' };

/** `popularity`, `zipf0.99` or any other exponent, or `hot0.2`: one key with that share over 10,000 alike. */
export type StreamName = string;

export type Draw = (random: Random) => string;

const ZIPF_KEYS = 1_000_000;
const COLD_KEYS = 10_000;

export const keyOfRank = (rank: number): string => `item:${rank}`;

/** The keys that a perfect observer would name. */
export const trueTop = (count: number): string[] =>
  Array.from({ length: count }, (_, at) => keyOfRank(at + 1));

export function streamOf(name: StreamName): Draw {
  const [, kind, figure] = /^(popularity|zipf|hot)(\d*\.?\d*)$/.exec(name) ?? [];
  const value = Number(figure);
  if (kind === 'popularity' && figure === '') return popularityStream();
  if (kind === 'zipf' && value > 0) return zipfStream(value);
  if (kind === 'hot' && value > 0 && value < 1) return hotStream(value);
  throw new RangeError(`${name} is no stream; there are popularity, zipf0.99 and hot0.2, with any figure`);
}

function popularityStream(): Draw {
  const { topShares, cumulative } = popularity;
  const top = runningSum(topShares);
  const lastTop = top.at(-1)!;
  /** Of each row the rank before it, the last in it, and the sums there. */
  const rows = cumulative.map(([rank, sum], at) => {
    const [before, sumBefore] = cumulative[at - 1] ?? [topShares.length, lastTop];
    return { before: before!, last: rank!, sumBefore: sumBefore!, sum: sum! };
  });
  return (random) => {
    const drawn = random();
    if (drawn < lastTop) return keyOfRank(placeIn(top, drawn) + 1);
    const row = rows.find(({ sum }) => drawn < sum) ?? rows.at(-1)!;
    const into = (drawn - row.sumBefore) / (row.sum - row.sumBefore);
    return keyOfRank(row.before + 1 + Math.floor(into * (row.last - row.before)));
  };
}

function zipfStream(exponent: number): Draw {
  const sums = runningSum(Array.from({ length: ZIPF_KEYS }, (_, at) => 1 / (at + 1) ** exponent));
  const all = sums.at(-1)!;
  return (random) => keyOfRank(placeIn(sums, random() * all) + 1);
}

function hotStream(share: number): Draw {
  return (random) => (random() < share ? keyOfRank(1) : keyOfRank(2 + Math.floor(random() * COLD_KEYS)));
}

function runningSum(shares: readonly number[]): Float64Array {
  const sums = new Float64Array(shares.length);
  let sum = 0;
  for (const [at, share] of shares.entries()) {
    sum += share;
    sums[at] = sum;
  }
  return sums;
}

/** The first place whose sum is above `drawn`. */
function placeIn(sums: Float64Array, drawn: number): number {
  let low = 0;
  let high = sums.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sums[middle]! > drawn) high = middle;
    else low = middle + 1;
  }
  return low;
}
