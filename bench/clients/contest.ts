import type { ContenderProcess } from './contender-process.ts';
import type { RoundFigures } from './load.ts';
import type { Scenario } from './scenarios.ts';
import { median, pairedRatio } from './statistics.ts';

/** What all the others are compared with. */
export const REFERENCE = 'memjs';

/** One scenario and what came of it. */
export interface Contest {
  readonly scenario: Scenario;
  readonly contenders: readonly Pick<ContenderProcess, 'name' | 'rounds' | 'fate'>[];
}

type Figure = keyof RoundFigures;

/** The median over the rounds; `NaN` where there is none. */
export function medianOf(contest: Contest, name: string, figure: Figure): number {
  return median(valuesOf(contest, name, figure).filter((value) => value !== undefined));
}

/** The median of the ratios to the reference, each within one round; `NaN` where there is none. */
export function ratioOf(contest: Contest, name: string, figure: Figure): number {
  return pairedRatio(valuesOf(contest, name, figure), valuesOf(contest, REFERENCE, figure));
}

function valuesOf(contest: Contest, name: string, figure: Figure): (number | undefined)[] {
  const contender = contest.contenders.find((one) => one.name === name);
  return contender?.rounds.map((round) => round?.[figure]) ?? [];
}
