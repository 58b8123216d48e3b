export interface Scenario {
  /** What `--only` looks in. */
  readonly name: string;
  readonly operation: 'get' | 'set' | 'mix' | 'batch';
  readonly valueBytes: number;
  /** Calls, or batches, under way at a time. */
  readonly inFlight: number;
  readonly nodes: number;
}

export const BATCH_KEYS = 100;
/** One operation in this many of the mix is a set. */
export const MIX_SET_EVERY = 10;

const IN_FLIGHT = [1, 32, 256] as const;

export const SCENARIOS: readonly Scenario[] = [
  ...each('get', 100),
  ...each('get', 4_096),
  ...each('get', 100_000),
  ...each('set', 100),
  ...each('set', 4_096),
  ...each('mix', 100),
  ...[1, 8].map(
    (inFlight): Scenario => ({
      name: `batch of ${BATCH_KEYS} keys, 4 nodes, ${inFlight} in flight`,
      operation: 'batch',
      valueBytes: 100,
      inFlight,
      nodes: 4,
    }),
  ),
];

function each(operation: Exclude<Scenario['operation'], 'batch'>, valueBytes: number): Scenario[] {
  return IN_FLIGHT.map((inFlight) => ({
    name: `${operation === 'mix' ? '90/10 mix' : operation} ${sizeOf(valueBytes)}, ${inFlight} in flight`,
    operation,
    valueBytes,
    inFlight,
    nodes: 1,
  }));
}

function sizeOf(bytes: number): string {
  return bytes < 1_000 ? `${bytes} B` : `${Math.floor(bytes / 1_000)} kB`;
}
