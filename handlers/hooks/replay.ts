import { CHECK_FIELD } from '../../src/release/index.ts';
import { countsOf, faultOf } from './answers.ts';
import type { CheckEvent } from './check-events.ts';
import type { Answer, FunctionVersion } from './function-version.ts';
import { askPatiently, type Patience, passingFailureOf } from './patience.ts';

/** One event, given first to who fills the cache, then to who finds it filled. */
export interface Run {
  readonly recorded: CheckEvent;
  readonly writer: FunctionVersion;
  readonly reader: FunctionVersion;
  readonly written: Answer;
  /** `undefined` where the writer failed by itself. */
  readonly read: Answer | undefined;
}

/**
 * Each event twice over one namespace that holds nothing yet. No hash sees the shape of a value; a handler that must
 * read it does.
 */
export async function replay(
  writer: FunctionVersion,
  reader: FunctionVersion,
  events: readonly CheckEvent[],
  namespace: string,
  patience: Patience,
): Promise<Run[]> {
  const runs: Run[] = [];
  for (const recorded of events) {
    const ask = (version: FunctionVersion) => inNamespace(version, recorded, namespace, patience);
    // A node may be slow once, most of all to an environment that has just started.
    const twice = async (version: FunctionVersion) => {
      const answer = await ask(version);
      return unansweredIn(answer) > 0 ? ask(version) : answer;
    };
    const written = await twice(writer);
    const read = faultOf(written) === undefined ? await twice(reader) : undefined;
    runs.push({ recorded, writer, reader, written, read });
  }
  return runs;
}

/** What `version` answers to a recorded event, over the namespace of a check. */
export async function inNamespace(
  version: FunctionVersion,
  { event }: CheckEvent,
  namespace: string,
  patience: Patience,
): Promise<Answer> {
  const check = { ...event, [CHECK_FIELD]: { namespace } };
  return (await askPatiently(version, check, passingFailureOf, patience)).answer;
}

/** Reads and writes that no node answered. */
export function unansweredIn(answer: Answer): number {
  const { unavailable = 0, errors = 0 } = countsOf(answer) ?? {};
  return Math.max(unavailable, errors);
}
