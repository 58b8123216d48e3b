// How many labels each node gets, from the weights of all nodes: the one detail that most ports of Ketama miss.
//
// libmemcached and twemproxy divide in float32, so the count is rounded at every step. In doubles, rings of 7, 14,
// 28, 49 … equal nodes lose a label that the C clients keep, and rings of 25, 47, 50, 61, 100 … keep one that they
// lose; 2 to 3 % of the keys then go elsewhere.

const { fround } = Math;

/** The labels of each node, in the order of `weights`. */
export type LabelCounts = (weights: readonly number[]) => readonly number[];

const sum = (weights: readonly number[]): number => weights.reduce((total, weight) => total + weight, 0);

/** `count` labels for every node, whatever its weight. */
export function labelsPerNode(count: number): LabelCounts {
  return (weights) => weights.map(() => count);
}

/** libmemcached and twemproxy. The epsilon is theirs; no known input needs it. */
export const float32LabelCounts: LabelCounts = (weights) => {
  const total = fround(sum(weights));
  const nodes = fround(weights.length);
  return weights.map((weight) => {
    const share = fround(fround(weight) / total);
    const labels = fround(fround(fround(share * 160) / 4) * nodes);
    return Math.floor(fround(labels + fround(1e-10)));
  });
};

/** npm memcached and hashring: the same in doubles. */
export const doubleLabelCounts: LabelCounts = (weights) => {
  const total = sum(weights);
  return weights.map((weight) => Math.floor((weight / total) * 40 * weights.length));
};

/** Dalli: one division at the end, of whole numbers; one point for each label. */
export const dalliLabelCounts: LabelCounts = (weights) => {
  const total = sum(weights);
  return weights.map((weight) => Math.floor((weights.length * 160 * weight) / total));
};
