// Where answers to one event differ: from version to version, and in one version by whose items it finds.

import { type Finding, refuse, warning } from '../../src/release/index.ts';
import { faultOf, shapeChanges, statusOf } from './answers.ts';
import type { Answer } from './function-version.ts';
import { again, type Judge } from './judge.ts';
import type { Run } from './replay.ts';

/** Where both versions answer one event: other statuses, and bodies of another shape. */
export async function versionDifferences(run: Run, read: Answer, judge: Judge): Promise<Finding[]> {
  const { recorded, writer, reader, written } = run;
  const isFirst = reader !== judge.live;
  const [before, after] = isFirst ? [written, read] : [read, written];
  const [old, other] = isFirst ? [writer, reader] : [reader, writer];
  const [was, is] = [statusOf(before), statusOf(after)];
  if (was !== is) {
    const finds = `${old.name} answers "${recorded.name}" with ${was} and ${other.name} with ${is}`;
    if (!turnsAway(before, after)) return [warning(`${finds}: be sure that this is meant`)];
    // What the event names may have gone between the two.
    const [first, second] = await again(run, judge, [old, other]);
    if (!turnsAway(first!, second!)) return [];
    return [refuse(`${finds}: mend it or, if this is meant, the event in events/check.json`)];
  }
  const changes = shapeChanges(before, after);
  if (changes.length === 0) return [];
  return [
    warning(
      `${other.name} answers "${recorded.name}" in another shape than ${old.name} (${changes.join('; ')}): be sure ` +
        'that its callers bear that',
    ),
  ];
}

/**
 * What the reader answers by the writer's items, beside what it answers by its own: a handler may hand on a shape that it
 * does not know, and neither fail nor validate.
 */
export async function ownerDifferences(run: Run, read: Answer, judge: Judge): Promise<Finding[]> {
  const { recorded, writer, reader } = run;
  const own = judge.ownAnswer(run);
  if (writer === reader || own === undefined || changesOf(own, read).length === 0) return [];
  // The data may have changed meanwhile, and an answer that loads may differ from one that finds.
  const [, byOwn] = await again(run, judge, [reader, reader]);
  const [, byOthers] = await again(run, judge, [writer, reader]);
  const changes = changesOf(byOwn!, byOthers!);
  if (changes.length === 0) return [];
  const finds =
    `${reader.name} answers "${recorded.name}" by the items of ${writer.name} otherwise than by its own ` +
    `(${changes.join('; ')})`;
  return [
    reader === judge.live
      ? refuse(`${finds}: give the new version a schema of its own`)
      : warning(
          `${finds}: be sure that its callers bear that until those items' time is over, or give it a schema of its own`,
        ),
  ];
}

function changesOf(own: Answer, other: Answer): readonly string[] {
  if (faultOf(own) !== undefined || faultOf(other) !== undefined) return [];
  if (turnsAway(own, other)) return [`the status is ${statusOf(other)}, was ${statusOf(own)}`];
  return statusOf(own) === statusOf(other) ? shapeChanges(own, other) : [];
}

/** The first answer serves its caller, and the second one does not. */
const turnsAway = (before: Answer, after: Answer): boolean => !isError(before) && isError(after);

const isError = (answer: Answer): boolean => (statusOf(answer) ?? 0) >= 400;
