import { type CodeDeployClient, GetDeploymentCommand } from '@aws-sdk/client-codedeploy';

/** What CodeDeploy knows of a deployment. */
export interface Deployment {
  /** The version that was live before; `undefined` where it is not told. */
  readonly liveVersion: string | undefined;
  readonly startedAt: Date | undefined;
}

/** @throws what CodeDeploy's client throws: without the right to `codedeploy:GetDeployment` an `AccessDeniedException`. */
export async function deploymentOf(
  codeDeploy: CodeDeployClient,
  deploymentId: string,
  signal: AbortSignal,
): Promise<Deployment> {
  const { deploymentInfo } = await codeDeploy.send(new GetDeploymentCommand({ deploymentId }), {
    abortSignal: signal,
  });
  const { revision, createTime } = deploymentInfo ?? {};
  // The AppSpec, in YAML or JSON.
  const content = revision?.appSpecContent?.content ?? revision?.string?.content ?? '';
  return { liveVersion: /"?currentversion"?\s*:\s*["']?(\d+)/i.exec(content)?.[1], startedAt: createTime };
}
