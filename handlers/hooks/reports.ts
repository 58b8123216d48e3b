import { CHECK_FIELD, type Finding, reportIn, type SelfCheckReport } from '../../src/release/index.ts';
import { faultOf } from './answers.ts';
import type { FunctionVersion } from './function-version.ts';
import { askPatiently, type Patience } from './patience.ts';

/** What a version answers to the question what it is. */
export type Told =
  | { readonly kind: 'report'; readonly report: SelfCheckReport; readonly findings: readonly Finding[] }
  /** Something else, as a version without a self-check does. */
  | { readonly kind: 'other' }
  | {
      readonly kind: 'failed';
      readonly reason: string;
      readonly times: number;
      /** It is no word of the version's own: a throttle, a time-out. */
      readonly mayPass: boolean;
    };

/** `position`: which of the handler's caches, from 0 on. A node that fails is given a second chance. */
export async function reportOf(
  version: FunctionVersion,
  namespace: string,
  patience: Patience,
  position = 0,
): Promise<Told> {
  const told = await ask(version, namespace, patience, position);
  if (told.kind !== 'report' || isWell(told.report)) return told;
  await patience.sleep(patience.pauseMillis);
  return ask(version, namespace, patience, position);
}

async function ask(
  version: FunctionVersion,
  namespace: string,
  patience: Patience,
  position: number,
): Promise<Told> {
  // Without a position it is the question that older versions know.
  const check = { report: true, namespace, ...(position > 0 && { position }) };
  const asked = await askPatiently(version, { [CHECK_FIELD]: check }, faultOf, patience);
  const { answer, times, trouble } = asked;
  const reason = faultOf(answer);
  if (reason !== undefined) {
    return { kind: 'failed', reason, times, mayPass: answer.kind === 'failed' && answer.mayPass };
  }
  const report = answer.kind === 'answered' ? reportIn(answer.payload) : undefined;
  // An older version answers for its first cache, whichever is asked.
  if (report === undefined || (report.position ?? 0) !== position) return { kind: 'other' };
  const sentence = `${version.name} was asked ${times} times before it told what it is (${trouble})`;
  return { kind: 'report', report, findings: trouble === undefined ? [] : [{ severity: 'note', sentence }] };
}

const isWell = ({ disabled, nodes }: SelfCheckReport): boolean =>
  disabled || (nodes.length > 0 && nodes.every(({ writeReadDelete }) => writeReadDelete === 'ok'));
