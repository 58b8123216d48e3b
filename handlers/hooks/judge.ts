import type { Answer, FunctionVersion } from './function-version.ts';
import type { Patience } from './patience.ts';
import { inNamespace, type Run } from './replay.ts';

/** What a replay is judged by. */
export interface Judge {
  /** `undefined` where it took no part. */
  readonly live: FunctionVersion | undefined;
  /** Caches that must find each other's items: their places in the handler of the writer and of the reader. */
  readonly alike: (writer: FunctionVersion) => readonly (readonly [writer: number, reader: number])[];
  /** What a run's reader answered to the same event when it filled the cache itself; `undefined` where it never did. */
  readonly ownAnswer: (run: Run) => Answer | undefined;
  /** A namespace that holds nothing yet, each time. */
  readonly freshNamespace: () => string;
  readonly patience: Patience;
}

/** The same event once more, over a namespace of its own. */
export async function again(
  { recorded }: Run,
  { freshNamespace, patience }: Judge,
  versions: readonly FunctionVersion[],
): Promise<Answer[]> {
  const namespace = freshNamespace();
  const answers: Answer[] = [];
  for (const version of versions) answers.push(await inNamespace(version, recorded, namespace, patience));
  return answers;
}
