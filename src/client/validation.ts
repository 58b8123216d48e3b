import type { StandardSchemaV1 } from '@standard-schema/spec';
import { reasonOf } from '../base/errors.ts';
import type { Hit } from '../base/outcome.ts';
import type { Calls } from './calls.ts';
import type { Wanted } from './wanted.ts';

/** The value of an item, where it can be read and the caller's schema takes it; else `undefined`, and it is counted. */
export async function acceptable<T>(
  calls: Calls,
  wanted: Wanted<T>,
  hit: Hit,
): Promise<{ readonly value: T } | undefined> {
  const { key, validate, negativeTtlSeconds } = wanted;
  const read = calls.decoded(key, hit);
  if (read.kind !== 'hit') return undefined;
  const { value } = read;
  // What stands for "there is none" is not of the values' shape.
  const negative = negativeTtlSeconds !== undefined && (value === undefined || value === null);
  if (validate === undefined || negative) return { value: value as T };
  try {
    const judging = validate['~standard'].validate(value);
    // Counted: it may be followed by a load, which must not begin behind the invocation's end. And bounded like a load.
    const verdict =
      judging instanceof Promise
        ? await calls.open.during(calls.callersPart(calls.within(key, () => judging, calls.endsAt)))
        : judging;
    if (verdict.issues === undefined) return { value: verdict.value };
    calls.undecodable(key, `it does not validate${placesOf(verdict.issues)}`);
  } catch (error) {
    calls.undecodable(key, `it could not be validated: ${reasonOf(error)}`);
  }
  return undefined;
}

/** Where the issues are. Their messages may quote the value, which is not for a log. */
function placesOf(issues: readonly StandardSchemaV1.Issue[]): string {
  const places = issues.flatMap(({ path = [] }) =>
    path.length === 0
      ? []
      : [path.map((part) => String(typeof part === 'object' ? part.key : part)).join('.')],
  );
  return places.length === 0 ? '' : ` at ${places.slice(0, 5).join(', ')}`;
}
