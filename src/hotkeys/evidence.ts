// When samples are enough to say that a key is hot.
//
// A key's counter is begun by the first sample and forgotten after a window; each sample is told the count so far and the
// counter's age. That is a sequential test: the count is held against a line that rises with the age, and whoever is told
// a count above the line promotes the key. A key far above the threshold crosses within a few samples, one just above
// it takes most of a window, and one at a quarter of it is above the line in fewer than one window of a hundred thousand
// (8e-6 at the worst, exactly; the sample that begins the counter tells nothing, so that Wald's bound is
// exp(-2 * (HEAD_START - 1)), 1.7e-5).
//
// Source: A. Wald, "Sequential Tests of Statistical Hypotheses", 1945.

import type { Seconds } from '../base/units.ts';

/** A counter is forgotten after so long. */
export const WINDOW_SECONDS: Seconds = 60;

/** Samples that the line begins with. With half a one less, four times as many windows would mislead. */
const HEAD_START = 6.5;

/** How steeply it rises, in what a key at the threshold would bring. */
const SLOPE = 0.8;

/** Fewer samples than this say nothing. */
export const LEAST_SAMPLES = HEAD_START;

/** Whether `samples` in `seconds` are more than chance gives a key well below `threshold`, in samples a second. */
export function isEvident(samples: number, seconds: Seconds, threshold: number): boolean {
  return samples >= HEAD_START + SLOPE * threshold * seconds;
}

/**
 * Whether an estimate is due: at 8 samples, at 16, at 32 and so on, so that a counter brings about a handful of them,
 * each by the one reader that was told the number. `by`: what that one added; `weight`: what a sample counts.
 */
export function isDue(count: number, by: number, weight: number = by): boolean {
  const samples = Math.floor(count / weight);
  const before = Math.floor((count - by) / weight);
  return samples >= 8 && Math.floor(Math.log2(samples)) !== Math.floor(Math.log2(Math.max(1, before)));
}

/** How far an estimate from `samples` may be off by chance: two standard deviations of their number, as a factor. */
export const uncertainty = (samples: number): number => 1 + 2 / Math.sqrt(samples);
