import { type AwsBackend, AwsError } from '../local/aws-endpoints.ts';
import type { Invocation } from '../local/runtime/invocation.ts';
import type { LiveAlias } from './alias.ts';
import { cloudWatchAnswer } from './cloud-watch.ts';
import { NEW, OLD, VERSIONS, type Version } from './deployment.ts';
import type { MetricStore } from './metric-store.ts';
import type { Versions } from './versions.ts';

const DEPLOYMENT_ID = 'd-REHEARSAL';

/** As CodeDeploy writes it for an alias; the hooks read the version that was live from it. */
const APP_SPEC = JSON.stringify({
  version: 0.0,
  Resources: [
    { live: { Type: 'AWS::Lambda::Function', Properties: { CurrentVersion: OLD, TargetVersion: NEW } } },
  ],
});

/** Both versions of the functions as Lambda has them, and CodeDeploy and CloudWatch as their hooks see them. */
export class Cloud implements AwsBackend {
  readonly #alias: LiveAlias;
  readonly #store: MetricStore;
  readonly #startedAt = new Date();
  readonly #statuses = new Map<string, string>();
  #versions: Versions | undefined;

  constructor(alias: LiveAlias, store: MetricStore) {
    this.#alias = alias;
    this.#store = store;
  }

  /** The functions learn at their start where this cloud is: they come after it. */
  run(versions: Versions): void {
    this.#versions = versions;
  }

  get versions(): Versions {
    if (this.#versions === undefined) throw new Error('no version runs yet');
    return this.#versions;
  }

  /** The version that the alias of a function stands for this time; a function that is new has one. */
  pick(name: string): Version {
    return this.versions.has(OLD, name) ? this.#alias.pick(name) : NEW;
  }

  /** Invokes a hook as CodeDeploy does. What it told, or why it told nothing. */
  async runHook(functionName: string): Promise<string> {
    if (!functionName.startsWith('CodeDeployHook_')) return `CodeDeploy may not invoke ${functionName}`;
    const host = this.versions.host(NEW);
    const hook = host.functions.find((one) => one.functionName === functionName);
    if (hook === undefined) return `there is no function ${functionName}`;
    const LifecycleEventHookExecutionId = `execution-${functionName}`;
    const event = { DeploymentId: DEPLOYMENT_ID, LifecycleEventHookExecutionId };
    const { status } = await host.invoke(hook.name, JSON.stringify(event));
    return this.#statuses.get(LifecycleEventHookExecutionId) ?? `it told nothing (${status})`;
  }

  async invoke(functionName: string, qualifier: string, event: string): Promise<Invocation> {
    const { name, version } = this.#resolve(functionName, qualifier);
    return this.versions.invoke(name, version, qualifier, event);
  }

  environmentOf(functionName: string, qualifier: string) {
    const { name, version } = this.#resolve(functionName, qualifier);
    return this.versions.host(version).functions.find((one) => one.name === name)!.environment;
  }

  putHookStatus(executionId: string, status: string): void {
    this.#statuses.set(executionId, status);
  }

  getDeployment(id: string) {
    return {
      deploymentInfo: {
        deploymentId: id,
        createTime: this.#startedAt.getTime() / 1000,
        revision: { revisionType: 'AppSpecContent', appSpecContent: { content: APP_SPEC } },
      },
    };
  }

  getMetricData(request: Parameters<AwsBackend['getMetricData']>[0]) {
    return cloudWatchAnswer(request, this.#store, this.#startedAt);
  }

  #resolve(functionName: string, qualifier: string): { name: string; version: Version } {
    const known = [...this.versions.host(NEW).functions, ...this.versions.host(OLD).functions];
    const name = known.find((one) => one.functionName === functionName)?.name;
    const version =
      qualifier === 'live' && name !== undefined
        ? this.pick(name)
        : VERSIONS.find((one) => one === qualifier);
    if (name === undefined || version === undefined || !this.versions.has(version, name)) {
      throw new AwsError('ResourceNotFoundException', `Function not found: ${functionName}:${qualifier}`);
    }
    return { name, version };
  }
}
