import {
  type APIGatewayClient,
  CreateDeploymentCommand,
  GetStageCommand,
  type GetStageCommandOutput,
  type PatchOperation,
  UpdateStageCommand,
} from '@aws-sdk/client-api-gateway';

/** A stage of a REST API; HTTP APIs have no canary. */
export interface StageName {
  readonly restApiId: string;
  readonly stageName: string;
}

type Variables = Readonly<Record<string, string>>;
/** What is read of a stage. */
type Stage = Pick<GetStageCommandOutput, 'deploymentId' | 'canarySettings' | 'variables'>;

/**
 * Deploys the API as it is now to `percent` (above 0, up to 100) of the stage's requests, with stage variables of its own;
 * the others stay with the deployment that the stage has. Returns the new deployment's id.
 *
 * @throws where the stage has a canary already, and what the client throws.
 */
export async function startCanary(
  client: APIGatewayClient,
  stage: StageName,
  percent: number,
  variables: Variables,
): Promise<string> {
  const { canarySettings } = await client.send(new GetStageCommand(stage));
  if (canarySettings !== undefined) {
    throw new Error(
      `stage ${stage.stageName} has a canary already (deployment ${canarySettings.deploymentId}): promote it or roll it back first`,
    );
  }
  const { id } = await client.send(
    new CreateDeploymentCommand({
      ...stage,
      description: `canary of ${percent} %`,
      // A cache shared with the old deployment would give one's responses to the other's clients.
      canarySettings: { percentTraffic: percent, stageVariableOverrides: variables, useStageCache: false },
    }),
  );
  return id!;
}

/** Gives all requests to the canary and ends it, by one request. Returns the deployment that the stage now has. */
export async function promoteCanary(client: APIGatewayClient, stage: StageName): Promise<string> {
  const found = await client.send(new GetStageCommand(stage));
  const patchOperations = promotion(stage.stageName, found);
  await client.send(new UpdateStageCommand({ ...stage, patchOperations }));
  return found.canarySettings!.deploymentId!;
}

/** What makes the canary the stage. The canary goes last: a stage that keeps one takes no plain deployment any more. */
function promotion(stageName: string, stage: Stage): PatchOperation[] {
  const { deploymentId, stageVariableOverrides = {} } = canaryOf(stageName, stage);
  return [
    { op: 'replace', path: '/deploymentId', value: deploymentId },
    ...Object.entries(stageVariableOverrides).map(([name, value]) => ({
      op: 'replace' as const,
      path: `/variables/${name}`,
      value,
    })),
    { op: 'remove', path: '/canarySettings' },
  ];
}

/** Gives all requests back to the stage's own deployment, which is returned. */
export async function rollBackCanary(client: APIGatewayClient, stage: StageName): Promise<string> {
  const found = await client.send(new GetStageCommand(stage));
  canaryOf(stage.stageName, found);
  await client.send(
    new UpdateStageCommand({ ...stage, patchOperations: [{ op: 'remove', path: '/canarySettings' }] }),
  );
  return found.deploymentId!;
}

function canaryOf(stageName: string, { canarySettings }: Stage) {
  if (canarySettings?.deploymentId === undefined) throw new Error(`stage ${stageName} has no canary`);
  return { ...canarySettings, deploymentId: canarySettings.deploymentId };
}

/** How the stage's percentage and CodeDeploy's go together, in sentences. */
export function productOf(percent: number, codePercent: number): string {
  const share = (of: number): string => `${Number((of / 100).toFixed(2))} %`;
  return [
    `${percent} % of the requests get the API's new deployment.`,
    'While CodeDeploy shifts an alias that both deployments call, the two draw apart from each other: at',
    `${codePercent} % new code, ${share(percent * codePercent)} of all requests get the new API and the new code,`,
    `${share(percent * (100 - codePercent))} the new API and the old code, ${share((100 - percent) * codePercent)} the old API and the new code.`,
    'So let one be done before the other starts, or give the canary an alias of its own by a stage variable.',
  ].join('\n');
}
