import type { Answer, FunctionVersion } from './function-version.ts';

/** How a version that gave no answer is asked again. */
export interface Patience {
  /** The pause before the second time; each further one is twice as long. */
  readonly pauseMillis: number;
  readonly sleep: (millis: number) => Promise<void>;
}

export interface Asked {
  readonly answer: Answer;
  /** How often it was asked. */
  readonly times: number;
  /** Why the last try but this one gave no answer; `undefined` where the first one did. */
  readonly trouble: string | undefined;
}

const MOST_TIMES = 4;

/** Invokes a version until `failureOf` finds none in its answer, a few times at the most. */
export async function askPatiently(
  version: FunctionVersion,
  event: object,
  failureOf: (answer: Answer) => string | undefined,
  { pauseMillis, sleep }: Patience,
): Promise<Asked> {
  let trouble: string | undefined;
  for (let times = 1; ; times++) {
    const answer = await version.invoke(event);
    const failure = failureOf(answer);
    if (failure === undefined || times === MOST_TIMES) return { answer, times, trouble };
    trouble = failure;
    await sleep(pauseMillis * 2 ** (times - 1));
  }
}

/** A throttle or a time-out is no word of the handler's. */
export const passingFailureOf = (answer: Answer): string | undefined =>
  answer.kind === 'failed' && answer.mayPass ? answer.reason : undefined;
