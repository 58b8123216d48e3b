import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { CodeDeployClient } from '@aws-sdk/client-codedeploy';
import { compareFigures } from '../../src/release/index.ts';
import { logger } from '../logger.ts';
import { type Deployment, deploymentOf } from './deployment.ts';
import { nameOf, parseVersion } from './function-version.ts';
import { type HookContext, type HookEvent, type HookLogger, logFindings, told } from './lifecycle.ts';
import { figuresOf } from './version-figures.ts';

/** What the hook works with. */
export interface PostTraffic {
  readonly cloudWatch: CloudWatchClient;
  readonly codeDeploy: CodeDeployClient;
  readonly logger: HookLogger;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

const HOUR_MILLIS = 3_600_000;

/**
 * Once all traffic goes to the new version: records the outcome, and compares both versions' figures. It ends no release:
 * that is the alarms' part, and by now there is nothing left to shift.
 *
 * Variables: `NewVersion`, the ARN of the new version; `LiveAlias` (live); `POWERTOOLS_METRICS_NAMESPACE` and
 * `POWERTOOLS_SERVICE_NAME` as the function itself has them.
 */
export const postTraffic =
  ({ cloudWatch, codeDeploy, logger, environment }: PostTraffic) =>
  (event: HookEvent, context: HookContext): Promise<'Succeeded' | 'Failed'> =>
    told(codeDeploy, event, context, logger, 'Succeeded', async (signal) => {
      const { unqualified, version } = parseVersion(environment.NewVersion ?? '');
      const deploymentId = event.DeploymentId;
      const functionName = nameOf(unqualified);
      const released = { deploymentId, function: functionName, version };
      logger.info('the release is done', released);
      const { liveVersion, startedAt } = await known(codeDeploy, deploymentId, logger, signal);
      if (liveVersion === undefined) {
        logger.warn('the version before is not known, so no figures were compared', released);
        return 'Succeeded';
      }
      const to = new Date();
      const from = startedAt ?? new Date(to.getTime() - HOUR_MILLIS);
      const place = {
        functionName,
        alias: environment.LiveAlias || 'live',
        namespace: environment.POWERTOOLS_METRICS_NAMESPACE || 'smearcache',
        service: environment.POWERTOOLS_SERVICE_NAME || 'service_undefined',
      };
      const [before, after] = await figuresOf(cloudWatch, place, [liveVersion, version], from, to, signal);
      logFindings(logger, compareFigures(before!, after!).findings, released);
      logger.info('figures of both versions', { ...released, before, after });
      return 'Succeeded';
    });

/** The right to ask may be missing, which is no reason to fail. */
async function known(
  codeDeploy: CodeDeployClient,
  deploymentId: string,
  logger: HookLogger,
  signal: AbortSignal,
): Promise<Deployment> {
  try {
    return await deploymentOf(codeDeploy, deploymentId, signal);
  } catch (error) {
    logger.warn(`CodeDeploy was not asked which version was live: ${(error as Error).message}`, {
      deploymentId,
    });
    return { liveVersion: undefined, startedAt: undefined };
  }
}

export const handler = postTraffic({
  cloudWatch: new CloudWatchClient(),
  codeDeploy: new CodeDeployClient(),
  logger,
  environment: process.env,
});
