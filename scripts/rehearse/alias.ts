import { seededRandom } from '../../src/base/random.ts';
import { type AliasShift, NEW, OLD, type Version } from './deployment.ts';

const SEED = 20_261_124;

/** The functions' aliases, `live`: one version or the other, by chance and weight. */
export class LiveAlias {
  readonly #shifts: readonly AliasShift[];
  readonly #random = seededRandom(SEED);
  /** Of the traffic, that goes to the new version, by the function's logical id. */
  readonly #percents = new Map<string, number>();

  constructor(shifts: readonly AliasShift[]) {
    this.#shifts = shifts;
  }

  /** How long the shift takes, in minutes. */
  get minutes(): number {
    return Math.max(...this.#shifts.map(({ steps }) => steps.reduce((sum, { minutes }) => sum + minutes, 0)));
  }

  /** As it is `minute` minutes after the shift began. Returns the percentages that there are. */
  shift(minute: number): readonly number[] {
    for (const { name, steps } of this.#shifts) this.#percents.set(name, percentAt(steps, minute));
    return [...new Set(this.#percents.values())];
  }

  rollBack(): void {
    this.#percents.clear();
  }

  pick(name: string): Version {
    return this.#random() * 100 < (this.#percents.get(name) ?? 0) ? NEW : OLD;
  }
}

function percentAt(steps: AliasShift['steps'], minute: number): number {
  let start = 0;
  for (const { percent, minutes } of steps) {
    if (minute < start + minutes) return percent;
    start += minutes;
  }
  return 100;
}
