/** What the origin does when the hot key has expired. */
export interface Loading {
  readonly name: string;
  readonly millis: number;
  readonly fate: 'loads' | 'throws' | 'killed';
}

export const LOADINGS: readonly Loading[] = [
  { name: '200 ms loader', millis: 200, fate: 'loads' },
  { name: '5 s loader', millis: 5_000, fate: 'loads' },
  { name: 'loader that throws', millis: 200, fate: 'throws' },
  { name: 'winner is killed', millis: 200, fate: 'killed' },
];

export interface Scenario {
  readonly loading: Loading;
  /** Whether the readers keep a value past its freshness. */
  readonly stale: boolean;
}

export const SCENARIOS: readonly Scenario[] = LOADINGS.flatMap((loading) =>
  [false, true].map((stale) => ({ loading, stale })),
);

export const scenarioName = ({ loading, stale }: Scenario): string =>
  `${loading.name}${stale ? ', stale value' : ''}`;
