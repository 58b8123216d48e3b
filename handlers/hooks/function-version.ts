import { GetFunctionConfigurationCommand, InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda';

/**
 * What an invocation came to: what the handler returned, or the error that Lambda made of it. `mayPass` says of an error
 * that the next try may not meet it: a throttle, a time-out, Lambda itself.
 */
export type Answer =
  | { readonly kind: 'answered'; readonly payload: unknown }
  | { readonly kind: 'failed'; readonly reason: string; readonly mayPass: boolean };

/** `arn:…:function:NAME:7`, or `NAME:7`, in its parts. */
export function parseVersion(qualified: string): { readonly unqualified: string; readonly version: string } {
  const match = /^(.+):(\d+|\$LATEST)$/.exec(qualified);
  if (match === null) {
    throw new TypeError(
      `NewVersion must be the ARN of a version, as \`!Ref Function.Version\` gives it: ${qualified}`,
    );
  }
  return { unqualified: match[1]!, version: match[2]! };
}

/** The function's own name, without account, region and version. */
export const nameOf = (unqualified: string): string => unqualified.split(':').at(-1)!;

/** One version of a function, or what an alias stands for. */
export class FunctionVersion {
  /** For sentences: `the new version`. */
  readonly name: string;
  readonly #lambda: LambdaClient;
  readonly #qualified: string;
  readonly #signal: AbortSignal;

  constructor(name: string, lambda: LambdaClient, qualified: string, signal: AbortSignal) {
    this.name = name;
    this.#lambda = lambda;
    this.#qualified = qualified;
    this.#signal = signal;
  }

  /** @throws what Lambda's client throws where another try would meet the same: the right to invoke is missing. */
  async invoke(event: object): Promise<Answer> {
    const command = new InvokeCommand({ FunctionName: this.#qualified, Payload: JSON.stringify(event) });
    const sent = await this.#lambda.send(command, { abortSignal: this.#signal }).catch((error: unknown) => {
      if (!mayPass(error)) throw error;
      return { FunctionError: undefined, Payload: undefined, fault: error as Error };
    });
    if ('fault' in sent) {
      return { kind: 'failed', reason: `${sent.fault.name}: ${sent.fault.message}`, mayPass: true };
    }
    const { FunctionError, Payload } = sent;
    const payload = parsed(Buffer.from(Payload ?? []).toString());
    if (FunctionError === undefined) return { kind: 'answered', payload };
    const { errorType, errorMessage } = Object(payload) as Record<string, unknown>;
    const reason = [errorType, errorMessage]
      .filter((part) => typeof part === 'string' && part !== '')
      .join(': ');
    return { kind: 'failed', reason: reason || FunctionError, mayPass: TIMED_OUT.test(reason) };
  }

  /** The environment variables of the function. */
  async variables(): Promise<Readonly<Record<string, string>>> {
    const command = new GetFunctionConfigurationCommand({ FunctionName: this.#qualified });
    const { Environment } = await this.#lambda.send(command, { abortSignal: this.#signal });
    return Environment?.Variables ?? {};
  }
}

/** As the runtime and the sandbox say it. */
const TIMED_OUT = /\btimed ?out\b/i;

/** Throttles, a version that is still being made ready, faults of Lambda's own and of the way there. */
function mayPass(error: unknown): boolean {
  const { name, code, $metadata } = Object(error) as {
    name?: string;
    code?: string;
    $metadata?: { httpStatusCode?: number };
  };
  const status = $metadata?.httpStatusCode;
  if (status !== undefined) return status >= 500 || status === 429 || status === 409;
  return name === 'TimeoutError' || /^E[A-Z]+$/.test(code ?? '');
}

/** A handler that returns nothing gives no JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
