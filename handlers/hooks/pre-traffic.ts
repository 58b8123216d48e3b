import { randomUUID } from 'node:crypto';
import { CodeDeployClient } from '@aws-sdk/client-codedeploy';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { logger } from '../logger.ts';
import { type CheckEvent, checkEvents } from './check-events.ts';
import { FunctionVersion, nameOf, parseVersion } from './function-version.ts';
import { type HookContext, type HookEvent, type HookLogger, logFindings, told } from './lifecycle.ts';
import { checkRelease } from './release-check.ts';

/** What the hook works with. */
export interface PreTraffic {
  readonly lambda: LambdaClient;
  readonly codeDeploy: CodeDeployClient;
  readonly logger: HookLogger;
  readonly events: readonly CheckEvent[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** How long after a first try a version or a node that did not answer is tried again; each further pause is doubled. */
  readonly retryMillis: number;
  readonly sleep?: (millis: number) => Promise<void>;
}

/**
 * Before any traffic goes to a new version: whether it may share the cache with the live one.
 *
 * Variables: `NewVersion`, the ARN of the new version; `LiveAlias` (live); `MovedShareBudget`, 0..1 (0.05);
 * `CheckFunction`, the function's name for `events/check.json` where it is not part of the ARN.
 */
export const preTraffic =
  ({ lambda, codeDeploy, logger, events, environment, retryMillis, sleep = wait }: PreTraffic) =>
  (event: HookEvent, context: HookContext): Promise<'Succeeded' | 'Failed'> =>
    told(codeDeploy, event, context, logger, 'Failed', async (signal) => {
      const { unqualified, version } = parseVersion(environment.NewVersion ?? '');
      const alias = environment.LiveAlias || 'live';
      const { passes, movedShare, findings } = await checkRelease({
        live: new FunctionVersion('the live version', lambda, `${unqualified}:${alias}`, signal),
        next: new FunctionVersion('the new version', lambda, `${unqualified}:${version}`, signal),
        functionName: environment.CheckFunction || nameOf(unqualified),
        events,
        movedShareBudget: budgetOf(environment.MovedShareBudget),
        namespace: `check-${randomUUID().slice(0, 13)}`,
        patience: { pauseMillis: retryMillis, sleep },
      });
      logFindings(logger, findings, { deploymentId: event.DeploymentId, version });
      logger.info(passes ? 'the release passes' : 'the release is refused', {
        deploymentId: event.DeploymentId,
        function: unqualified,
        version,
        movedShare,
      });
      return passes ? 'Succeeded' : 'Failed';
    });

const wait = (millis: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, millis));

function budgetOf(text: string | undefined): number {
  const budget = text ? Number(text) : 0.05;
  if (budget >= 0 && budget <= 1) return budget;
  throw new TypeError(`MovedShareBudget must be a share from 0 to 1, got ${text}`);
}

export const handler = preTraffic({
  lambda: new LambdaClient(),
  codeDeploy: new CodeDeployClient(),
  logger,
  events: checkEvents,
  environment: process.env,
  retryMillis: 2_000,
});
