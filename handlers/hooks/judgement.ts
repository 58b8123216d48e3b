import { type Finding, refuse, warning } from '../../src/release/index.ts';
import { cachesOf, countsOf, faultOf, type NamedCounts } from './answers.ts';
import type { Answer, FunctionVersion } from './function-version.ts';
import { again, type Judge } from './judge.ts';
import { ownerDifferences, versionDifferences } from './other-answers.ts';
import { type Run, unansweredIn } from './replay.ts';

export async function judged(run: Run, judge: Judge): Promise<Finding[]> {
  const { recorded, writer, reader, written, read } = run;
  const { name } = recorded;
  if (read === undefined) {
    return [
      refuse(
        `${writer.name} fails on "${name}" by itself (${faultOf(written)}): mend it, or the event in events/check.json`,
      ),
    ];
  }
  const isBroken = async (breaks: (answer: Answer) => boolean): Promise<boolean> =>
    reader === judge.live && breaks((await again(run, judge, [reader, reader]))[1]!);
  const of = `what ${writer.name} wrote for "${name}"`;
  const fault = faultOf(read);
  if (fault !== undefined) {
    const finds = `${reader.name} fails on ${of} (${fault})`;
    return [
      (await isBroken((answer) => faultOf(answer) !== undefined))
        ? warning(`${finds}, and on what it wrote itself: be sure that the release mends that`)
        : refuse(`${finds}: ${OWN_SCHEMA_IF_CHANGED}`),
    ];
  }
  const undecodable = countsOf(read)?.undecodable ?? 0;
  if (undecodable > 0) {
    const finds = `${reader.name} could not read or validate ${undecodable} of the items in ${of}`;
    return [
      (await isBroken((answer) => (countsOf(answer)?.undecodable ?? 0) > 0))
        ? warning(`${finds}, nor what it wrote itself: be sure that the release mends that`)
        : refuse(`${finds}: give the new version a schema of its own`),
    ];
  }
  const unanswered = [
    ...silenceOf(writer, unansweredIn(written), unavailableIn(written), run, judge),
    ...silenceOf(reader, unavailableIn(read), unavailableIn(read), run, judge),
  ];
  const answers = [
    ...(await versionDifferences(run, read, judge)),
    ...(await ownerDifferences(run, read, judge)),
  ];
  if (unanswered.length > 0) return [...unanswered, ...answers];
  return [...answers, ...(await keysJudged(run, read, judge))];
}

const OWN_SCHEMA_IF_CHANGED =
  'if cached values have another shape now, give the new version a schema of its own';

const unavailableIn = (answer: Answer): number => countsOf(answer)?.unavailable ?? 0;

/** What ails the live version's cache is no fault of the release, which may be what mends it. */
function silenceOf(
  version: FunctionVersion,
  count: number,
  reads: number,
  { recorded: { name } }: Run,
  { live }: Judge,
): Finding[] {
  if (count === 0) return [];
  const what = count > reads ? 'reads and writes' : 'reads';
  const finds = `${count} ${what} of ${version.name} for "${name}" were answered by no node`;
  return [
    version === live
      ? warning(`${finds}, twice, so the event proves nothing: see to the nodes, unless the release does`)
      : refuse(`${finds}: see to the nodes, and deploy again`),
  ];
}

/** Whether the reader looked where the writer had written. */
async function keysJudged(run: Run, read: Answer, judge: Judge): Promise<Finding[]> {
  const { writer, reader, written } = run;
  const [wrote, found] = [cachesOf(written), cachesOf(read)];
  const nothing = (why: string): Finding => provesNothing(run, why);
  if (wrote.length === 0 || found.length === 0) {
    const silent = wrote.length === 0 ? writer : reader;
    return [nothing(`the answer of ${silent.name} is no object with the counts of its cache`)];
  }
  const pairs = judge.alike(writer).flatMap(([at, to]) => {
    const [ofWriter, ofReader] = [wrote[at], found[to]];
    return ofWriter === undefined || ofReader === undefined ? [] : [{ at, to, ofWriter, ofReader }];
  });
  if (pairs.length === 0) return [];
  const used = pairs.filter(({ ofWriter, ofReader }) => reads(ofWriter) + reads(ofReader) > 0);
  if (used.length === 0) return [nothing('nothing was read from the cache')];
  const doubtful = used.filter(
    ({ ofReader: { counts } }) => counts.hits === 0 || counts.misses + counts.originLoads > 0,
  );
  if (doubtful.length === 0) return [];
  // What is not stored cannot be found: only beside the writer's own second look do the reader's misses say anything.
  const [, own, others] = await again(run, judge, [writer, writer, reader]);
  return doubtful.flatMap(({ at, to }) => {
    const [mine, theirs] = [cachesOf(own!)[at], cachesOf(others!)[to]];
    const stored = mine?.counts.hits ?? 0;
    const hits = theirs?.counts.hits ?? 0;
    const place = theirs?.contextKey === undefined ? '' : ` in cache ${theirs.contextKey}`;
    if (stored === 0 || theirs === undefined) {
      return [
        nothing(`${writer.name} does not find what it read a moment ago${place}, so it stored nothing`),
      ];
    }
    if (hits >= stored) return [];
    if (reads(theirs) === 0) return [nothing(`${reader.name} reads nothing from the cache${place}`)];
    if (hits > 0) {
      return [
        warning(
          `${reader.name} finds ${hits} of the ${stored} items that ${writer.name} finds for ` +
            `"${run.recorded.name}"${place}: be sure that it is to read other keys`,
        ),
      ];
    }
    return [
      refuse(
        `${reader.name} reads other keys than ${writer.name} writes for "${run.recorded.name}"${place}: it found none ` +
          'of its items, and its deletes would not reach them; keep the keys, or give the new version a schema of its own',
      ),
    ];
  });
}

const provesNothing = ({ recorded: { name } }: Run, why: string): Finding =>
  warning(
    `"${name}" proves nothing (${why}): let the event in events/check.json name something that is there and is cached`,
  );

const reads = ({ counts }: NamedCounts): number =>
  counts.hits + counts.misses + counts.unavailable + counts.originLoads;
