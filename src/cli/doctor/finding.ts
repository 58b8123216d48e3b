/** What one check came to. */
export interface DoctorFinding {
  readonly check: Check;
  /** `unknown`: the node would not say. It counts as no fault. */
  readonly level: Level;
  /** One sentence. */
  readonly says: string;
  /** What to do about it; there wherever something is wrong. */
  readonly todo?: string;
  /** The nodes it is about; without, the cluster. */
  readonly nodes?: readonly string[];
}

export const CHECKS = [
  'reachability',
  'round trip',
  'TLS',
  'engine',
  'connections',
  'item size',
  'evictions',
  'skew',
  'clock',
] as const;
export type Check = (typeof CHECKS)[number];

export type Level = 'ok' | 'unknown' | 'warning' | 'failure';
const LEVELS: readonly Level[] = ['ok', 'unknown', 'warning', 'failure'];

export function worstOf(findings: readonly DoctorFinding[]): Level {
  return LEVELS[Math.max(0, ...findings.map(({ level }) => LEVELS.indexOf(level)))]!;
}

export const ok = (check: Check, says: string): DoctorFinding => ({ check, level: 'ok', says });
export const unknown = (check: Check, says: string, nodes?: readonly string[]): DoctorFinding => ({
  check,
  level: 'unknown',
  says,
  ...(nodes && { nodes }),
});
export const wrong = (
  level: 'warning' | 'failure',
  check: Check,
  says: string,
  todo: string,
  nodes?: readonly string[],
): DoctorFinding => ({ check, level, says, todo, ...(nodes && { nodes }) });
