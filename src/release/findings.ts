/** What a release may cost. */
export interface Budget {
  /** The share of keys, 0..1, that may have other owners than before. */
  readonly movedShare: number;
}

/** One thing that a check found, as a sentence that says what to do. */
export interface Finding {
  /** `refuse` ends the release; a `warning` is for its operator, a `note` for the record. */
  readonly severity: 'refuse' | 'warning' | 'note';
  readonly sentence: string;
}

export interface Verdict {
  readonly verdict: 'pass' | 'refuse';
  readonly findings: readonly Finding[];
}

/** A finding that ends the release. */
export const refuse = (sentence: string): Finding => ({ severity: 'refuse', sentence });
/** A finding for the release's operator. */
export const warning = (sentence: string): Finding => ({ severity: 'warning', sentence });
/** A finding for the record. */
export const note = (sentence: string): Finding => ({ severity: 'note', sentence });

/** One finding that refuses is enough. */
export function verdictOf(findings: readonly Finding[]): Verdict {
  const refused = findings.some(({ severity }) => severity === 'refuse');
  return { verdict: refused ? 'refuse' : 'pass', findings };
}

/** A share of 0..1 for people. */
export const percent = (share: number): string => `${Number((share * 100).toFixed(1))} %`;

/** `a`, `a and b`, `a, b and c`. */
export const listed = (names: readonly string[]): string =>
  names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
