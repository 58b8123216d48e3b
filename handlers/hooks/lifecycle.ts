import {
  type CodeDeployClient,
  PutLifecycleEventHookExecutionStatusCommand,
} from '@aws-sdk/client-codedeploy';
import type { Finding } from '../../src/release/index.ts';

/** What CodeDeploy invokes a hook with. */
export interface HookEvent {
  readonly DeploymentId: string;
  readonly LifecycleEventHookExecutionId: string;
}

/** The part of Lambda's context that is used. */
export interface HookContext {
  readonly getRemainingTimeInMillis: () => number;
}

/** The part of the logger that is used. */
export interface HookLogger {
  info(message: string, details: Record<string, unknown>): void;
  warn(message: string, details: Record<string, unknown>): void;
  error(message: string, error: Error): void;
}

/** Each as a line of its own, with its severity; what is no mere note is a warning. */
export function logFindings(
  logger: HookLogger,
  findings: readonly Finding[],
  details: Readonly<Record<string, unknown>>,
): void {
  for (const { severity, sentence } of findings) {
    if (severity === 'note') logger.info(sentence, { severity, ...details });
    else logger.warn(sentence, { severity, ...details });
  }
}

/** Time kept to tell CodeDeploy, which else waits for an hour. */
const MARGIN_MILLIS = 5_000;

/**
 * Does `work` and tells CodeDeploy what it came to, whatever that is: an exception, or no time left, is `onFault`.
 *
 * @throws what CodeDeploy's client throws where it cannot be told.
 */
export async function told(
  codeDeploy: CodeDeployClient,
  { DeploymentId: deploymentId, LifecycleEventHookExecutionId: lifecycleEventHookExecutionId }: HookEvent,
  context: HookContext,
  logger: HookLogger,
  onFault: 'Failed' | 'Succeeded',
  work: (signal: AbortSignal) => Promise<'Succeeded' | 'Failed'>,
): Promise<'Succeeded' | 'Failed'> {
  const abort = new AbortController();
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => {
      abort.abort();
      late.reject(
        new Error('the hook took too long: give its function a longer Timeout, or check fewer events'),
      );
    },
    Math.max(0, context.getRemainingTimeInMillis() - MARGIN_MILLIS),
  );
  let status: 'Succeeded' | 'Failed';
  try {
    status = await Promise.race([work(abort.signal), late.promise]);
  } catch (fault) {
    logger.error(
      `the hook itself failed, so it says ${onFault}: ${(fault as Error).message}`,
      fault as Error,
    );
    status = onFault;
  } finally {
    clearTimeout(timer);
  }
  await codeDeploy.send(
    new PutLifecycleEventHookExecutionStatusCommand({ deploymentId, lifecycleEventHookExecutionId, status }),
  );
  return status;
}
