import { describe, expect, it } from 'vitest';
import { isDue, isEvident, LEAST_SAMPLES, uncertainty, WINDOW_SECONDS } from '../../../src/hotkeys/index.ts';

/** The chances of 0, 1, 2 … events where `mean` are expected. */
function poisson(mean: number, most: number): number[] {
  const chances = [Math.exp(-mean)];
  for (let k = 1; k <= most; k++) chances.push((chances[k - 1]! * mean) / k);
  return chances;
}

/** The fewest samples that are evidence after so long. */
function lineAt(seconds: number, threshold: number): number {
  let samples = 0;
  while (!isEvident(samples, seconds, threshold)) samples++;
  return samples;
}

/**
 * The chance that a counter's samples come to be evidence within `seconds`, exactly: the counts that have not crossed the
 * line yet are spread by one more second's samples at a time. The first sample begins the counter. All of a second are
 * held against the line at its end, as readers hold them who are told whole seconds.
 */
function chanceToCross(perSecond: number, threshold: number, seconds: number): number {
  let below = [0, 1];
  let crossed = 0;
  for (let second = 1; second <= seconds; second++) {
    const line = lineAt(second, threshold);
    const more = poisson(perSecond, line);
    const next = new Array<number>(line).fill(0);
    for (const [count, chance] of below.entries()) {
      let stays = 0;
      for (let to = count; to < line; to++) {
        const part = chance * more[to - count]!;
        next[to]! += part;
        stays += part;
      }
      crossed += chance - stays;
    }
    below = next;
  }
  return crossed;
}

const THRESHOLDS = Array.from({ length: 61 }, (_, step) => 0.05 * 400 ** (step / 60));

describe('samples as evidence', () => {
  it('mislead of a key at a quarter of the threshold in fewer than one window of a hundred thousand', () => {
    for (const threshold of THRESHOLDS) {
      const chance = chanceToCross(threshold / 4, threshold, WINDOW_SECONDS);
      expect(chance, `at ${threshold} samples a second`).toBeLessThan(1e-5);
    }
  });

  it('convict a key at five times the threshold within two samples of the threshold’s own, nearly always within five', () => {
    for (const threshold of THRESHOLDS) {
      const within = (samples: number): number =>
        chanceToCross(5 * threshold, threshold, Math.ceil(samples / threshold));
      if (5 / threshold > WINDOW_SECONDS) continue;
      expect(within(2), `at ${threshold} samples a second`).toBeGreaterThan(0.75);
      expect(within(5), `at ${threshold} samples a second`).toBeGreaterThan(0.999);
    }
  });

  it('convict a key at one and a half times the threshold within its window, where the window brings samples enough', () => {
    for (const threshold of THRESHOLDS.filter((each) => each >= 0.5)) {
      expect(chanceToCross(1.5 * threshold, threshold, WINDOW_SECONDS)).toBeGreaterThan(0.97);
    }
  });

  it('are never so few that a handful is enough, however cold the threshold', () => {
    expect(isEvident(LEAST_SAMPLES, 1, 1e-9)).toBe(false);
    expect(isEvident(6, 0, 0)).toBe(false);
    expect(isEvident(7, 1, 1e-9)).toBe(true);
  });
});

describe('an estimate', () => {
  /** At which samples estimates are due, of so many. */
  const dueAt = (samples: number, weight: number, first = weight): number[] =>
    Array.from({ length: samples }, (_, at) => at + 1).filter((at) =>
      isDue(first + (at - 1) * weight, weight),
    );
  const DOUBLINGS = [8, 16, 32, 64, 128, 256, 512, 1_024];

  it.each([1, 2, 3, 7, 10, 16, 160, 999])('is due at each doubling and at no other: weight %i', (weight) => {
    expect(dueAt(2_000, weight)).toEqual(DOUBLINGS);
  });

  it('is due as often where others began the counter with another weight', () => {
    for (const first of [1, 2, 5, 11, 13]) expect(dueAt(1_100, 7, first)).toHaveLength(DOUBLINGS.length);
  });

  it('may be off by the less the more samples there are', () => {
    expect(uncertainty(16)).toBeCloseTo(1.5);
    expect(uncertainty(100)).toBeCloseTo(1.2);
    expect(uncertainty(10_000)).toBeCloseTo(1.02);
  });
});
