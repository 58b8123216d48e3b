// What the package promises, and whether a run kept it.

import { type Contest, ratioOf } from './contest.ts';

interface Promised {
  readonly what: string;
  /** The name of the scenario. */
  readonly scenario: string;
  readonly of: 'perSecond' | 'p99Millis' | 'cpuMicros';
  readonly atLeast?: number;
  readonly atMost?: number;
}

const PROMISED: readonly Promised[] = [
  throughput('get 100 B, 1 in flight', 1.2),
  throughput('get 100 B, 32 in flight', 3.5),
  throughput('get 100 B, 256 in flight', 5),
  throughput('get 4 kB, 32 in flight', 2.6),
  throughput('get 100 kB, 32 in flight', 1.9),
  throughput('set 100 B, 32 in flight', 2.8),
  throughput('batch of 100 keys, 4 nodes, 1 in flight', 7),
  throughput('batch of 100 keys, 4 nodes, 8 in flight', 12),
  {
    what: 'p99 of get 100 B, 32 in flight',
    scenario: 'get 100 B, 32 in flight',
    of: 'p99Millis',
    atMost: 0.5,
  },
  {
    what: 'CPU of get 100 B, 32 in flight',
    scenario: 'get 100 B, 32 in flight',
    of: 'cpuMicros',
    atMost: 0.3,
  },
];

function throughput(scenario: string, atLeast: number): Promised {
  return { what: scenario, scenario, of: 'perSecond', atLeast };
}

/** The scenarios that the figures are about. */
export const PROMISED_SCENARIOS: ReadonlySet<string> = new Set(PROMISED.map(({ scenario }) => scenario));

export function figuresTable(contests: readonly Contest[]): string {
  const rows = PROMISED.flatMap(({ what, scenario, of, atLeast, atMost }) => {
    const contest = contests.find(({ scenario: { name } }) => name === scenario);
    if (contest === undefined) return [];
    const ratio = ratioOf(contest, 'smearcache', of);
    const ceiling = ratioOf(contest, 'ceiling', of);
    const bound = atLeast === undefined ? `<= ${atMost}` : `>= ${atLeast}`;
    const kept = atLeast === undefined ? ratio <= atMost! : ratio >= atLeast;
    const shown = Number.isNaN(ceiling) ? '-' : ceiling.toFixed(2);
    return [`| ${what} | ${bound} | ${ratio.toFixed(2)} | ${shown} | ${kept ? 'kept' : 'MISSED'} |`];
  });
  if (rows.length === 0) return '';
  return [
    '| memjs = 1 | must be | smearcache | ceiling | |',
    '| --- | ---: | ---: | ---: | --- |',
    ...rows,
  ].join('\n');
}
