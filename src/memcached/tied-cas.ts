// A number of compare-and-swap is good on the connection that told it. A node that was started anew counts from the start
// again, and would take an old number for a new one.

import type { CasOutcome, LeaseOutcome, LookOutcome } from '../base/outcome.ts';

/** Starts the numbers of reads. */
const READ = 'r';

/** The outcome, its number marked with the connection that told it. */
export function tied<T extends LeaseOutcome | CasOutcome | LookOutcome>(
  outcome: T,
  connection: number,
  by: 'lease' | 'read',
): T {
  // What has a number is fresh from its reply, and nobody else's yet.
  if ('cas' in outcome && outcome.cas !== undefined) {
    (outcome as { cas: string }).cas = `${by === 'read' ? READ : ''}${connection}.${outcome.cas}`;
  }
  return outcome;
}

/**
 * The number as the node knows it; `undefined` where another connection told it. That of a read is not even good on one
 * that lay idle: whoever read can read again, while what took long to load would be lost.
 */
export function untied(cas: string, connection: number, isIdle: boolean): string | undefined {
  const [told, number] = cas.split('.');
  if (told === String(connection)) return number;
  return told === READ + connection && !isIdle ? number : undefined;
}

/** Of what was only read nothing was taken. */
export const isOfRead = (cas: string): boolean => cas.startsWith(READ);
