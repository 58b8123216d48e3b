import { CHECK_FIELD, type Finding, refuse, warning } from '../../src/release/index.ts';
import type { CheckEvent } from './check-events.ts';
import type { Answer, FunctionVersion } from './function-version.ts';

/**
 * Each event twice over one namespace that holds nothing yet: first to who fills the cache, then to who finds it filled.
 * No hash sees the shape of a value; a handler that must read it does.
 */
export async function replay(
  writer: FunctionVersion,
  reader: FunctionVersion,
  events: readonly CheckEvent[],
  namespace: string,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { name, event } of events) {
    const check = { ...event, [CHECK_FIELD]: { namespace } };
    const written = await writer.invoke(check);
    const ownFault = faultOf(written);
    if (ownFault !== undefined) {
      findings.push(
        refuse(
          `${writer.name} fails on "${name}" by itself (${ownFault}): mend it, or the event in events/check.json`,
        ),
      );
      continue;
    }
    let read = await reader.invoke(check);
    // A node may be slow once, most of all to an environment that has just started.
    if (countOf(read, 'unavailable') > 0) read = await reader.invoke(check);
    findings.push(...judged(name, writer, reader, written, read));
  }
  return findings;
}

function judged(
  name: string,
  writer: FunctionVersion,
  reader: FunctionVersion,
  written: Answer,
  read: Answer,
): Finding[] {
  const of = `what ${writer.name} wrote for "${name}"`;
  const fault = faultOf(read);
  if (fault !== undefined) {
    return [
      refuse(
        `${reader.name} fails on ${of} (${fault}): if cached values have another shape now, give the new version a ` +
          'schema of its own',
      ),
    ];
  }
  const undecodable = countOf(read, 'undecodable');
  if (undecodable > 0) {
    return [
      refuse(
        `${reader.name} could not read or validate ${undecodable} of the items in ${of}: give the new version a ` +
          'schema of its own',
      ),
    ];
  }
  const unavailable = countOf(read, 'unavailable');
  if (unavailable > 0) {
    return [
      refuse(
        `${unavailable} reads of ${reader.name} for "${name}" were answered by no node: see to the nodes, and deploy ` +
          'again',
      ),
    ];
  }
  const [first, second] = [statusOf(written), statusOf(read)];
  if (first === second) return [];
  return [
    warning(
      `${writer.name} answers "${name}" with ${first} and ${reader.name} with ${second}: be sure that this is meant`,
    ),
  ];
}

/** What makes of an answer a failed one. */
function faultOf(answer: Answer): string | undefined {
  if (answer.kind === 'failed') return answer.reason;
  const status = statusOf(answer);
  return status !== undefined && status >= 500 ? `it answered ${status}` : undefined;
}

function statusOf(answer: Answer): number | undefined {
  const { statusCode } = payloadOf(answer);
  return typeof statusCode === 'number' ? statusCode : undefined;
}

/** What the middleware counted in this invocation; 0 where it tells nothing. */
function countOf(answer: Answer, name: 'undecodable' | 'unavailable'): number {
  const count = (Object(payloadOf(answer)[CHECK_FIELD]) as Record<string, unknown>)[name];
  return typeof count === 'number' ? count : 0;
}

const payloadOf = (answer: Answer): Record<string, unknown> =>
  answer.kind === 'answered' ? Object(answer.payload) : {};
