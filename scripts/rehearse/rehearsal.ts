import { existsSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from '../../src/base/random.ts';
import { AwsEndpoints, AwsError } from '../local/aws-endpoints.ts';
import { startBackingServices } from '../local/backing-services.ts';
import { openBuildDirectory } from '../local/build-directory.ts';
import { Gateway } from '../local/gateway/gateway.ts';
import { PROJECT } from '../local/project.ts';
import { undoAll } from '../local/shutdown.ts';
import { rings } from './alarm.ts';
import { cloudWatchAnswer } from './cloud-watch.ts';
import { type Deployment, NEW, OLD, readDeployment, VERSIONS, type Version } from './deployment.ts';
import { MetricStore, statistic } from './metric-store.ts';
import { type ReplayedRequest, requestsOf } from './requests.ts';
import { checkOutLayers } from './revision.ts';
import { Versions } from './versions.ts';

export interface RehearsalOptions {
  /** Revisions or directories, each laid over the one before it. */
  readonly old: readonly string[];
  readonly next: readonly string[];
  /** Parameters of the new version's template, as `DeploymentPreferenceType`. */
  readonly parameterOverrides: Readonly<Record<string, string>>;
  /** Variables of every function, of both versions. */
  readonly environment: Readonly<Record<string, string>>;
  /** How many times faster than the clock; `Infinity` waits for nothing. */
  readonly speed: number;
  readonly requestsPerMinute: number;
  /** Leaves out the hooks before traffic. */
  readonly skipCheck: boolean;
  say(line: string): void;
}

export interface VersionFigures {
  readonly version: Version;
  readonly invocations: number;
  readonly errors: number;
  /** Responses of 500 and above. */
  readonly failures: number;
  readonly p99Millis: number | undefined;
  readonly hits: number;
  readonly misses: number;
  readonly originLoads: number;
}

export interface Outcome {
  /** `Succeeded`, or `rolled back by …`. */
  readonly verdict: string;
  readonly succeeded: boolean;
  readonly figures: readonly VersionFigures[];
}

const CONCURRENCY = 4;
const SEED = 20_261_124;
const DEPLOYMENT_ID = 'd-REHEARSAL';

/** Rolls a new version out over an old one, as CodeDeploy would by the new version's template. */
export async function rehearse(options: RehearsalOptions): Promise<Outcome> {
  const undo: (() => Promise<void>)[] = [];
  try {
    const directory = await openBuildDirectory();
    undo.push(() => directory.remove());
    const roots = { [OLD]: path.join(directory.path, 'old'), [NEW]: path.join(directory.path, 'new') };
    await checkOutLayers(options.old, roots[OLD]);
    await checkOutLayers(options.next, roots[NEW]);
    const templates = {
      [OLD]: path.join(roots[OLD], 'template.yaml'),
      [NEW]: path.join(roots[NEW], 'template.yaml'),
    };
    const deployment = await readDeployment(templates[NEW], options.parameterOverrides);
    const services = await startBackingServices(templates[NEW], options.parameterOverrides);
    undo.push(() => services.close());
    const rollout = new Rollout(options, deployment, await requestsOf(eventsOf(roots[NEW])));
    const endpoints = await AwsEndpoints.listen(rollout.backend);
    undo.push(() => endpoints.close());
    const versions = await Versions.open({
      templates,
      parameterOverrides: options.parameterOverrides,
      services,
      localValues: deployment.localValues,
      environment: { ...endpoints.environment, ...options.environment },
      store: rollout.store,
      filters: deployment.filters,
      hooks: deployment.hooks,
      onTrouble: (functionName, version, message) => rollout.tell(functionName, version, message),
    });
    undo.push(() => versions.close());
    const gateway = new Gateway({
      routes: versions.host(NEW).functions.flatMap(({ routes }) => routes),
      invoke: (name, event) => rollout.route(name, event),
    });
    await gateway.listen(0);
    undo.push(() => gateway.close());
    return await rollout.run(versions, gateway.url);
  } finally {
    await undoAll(undo, (error) => options.say(`not cleaned up: ${String(error)}`));
  }
}

/** A project without events of its own gets those of the working tree. */
function eventsOf(root: string): string {
  const own = path.join(root, 'events');
  return existsSync(own) ? own : path.join(PROJECT, 'events');
}

class Rollout {
  readonly store = new MetricStore();
  readonly #options: RehearsalOptions;
  readonly #deployment: Deployment;
  readonly #requests: readonly ReplayedRequest[];
  readonly #random = seededRandom(SEED);
  readonly #startedAt = new Date();
  readonly #statuses = new Map<string, string>();
  readonly #failures: Record<Version, number> = { [OLD]: 0, [NEW]: 0 };
  readonly #told = new Set<string>();
  #versions!: Versions;
  #url = '';
  /** Of the traffic, that goes to the new version, by the function's logical id. */
  readonly #percents = new Map<string, number>();
  #sent = 0;

  constructor(options: RehearsalOptions, deployment: Deployment, requests: readonly ReplayedRequest[]) {
    this.#options = options;
    this.#deployment = deployment;
    this.#requests = requests;
  }

  /** The alias: one version or the other, by chance and weight. */
  async route(name: string, event: string) {
    const { version } = this.#pick(name);
    const invocation = await this.#versions.invoke(name, version, 'live', event);
    if (invocation.status === 'success' && statusOf(invocation.payload) >= 500) this.#failures[version] += 1;
    return invocation;
  }

  #pick(name: string): { version: Version } {
    const percent = this.#percents.get(name) ?? 0;
    if (!this.#versions.has(OLD, name)) return { version: NEW };
    return { version: this.#random() * 100 < percent ? NEW : OLD };
  }

  /** Once each: a version that fails does so many times. */
  tell(functionName: string, version: Version, message: string): void {
    const line = `  ${functionName} version ${version}: ${message}`;
    if (this.#told.has(line)) return;
    this.#told.add(line);
    this.#options.say(line);
  }

  get backend(): Parameters<typeof AwsEndpoints.listen>[0] {
    return {
      invoke: (functionName, qualifier, event) => {
        const { name, version } = this.#resolve(functionName, qualifier);
        return this.#versions.invoke(name, version, qualifier, event);
      },
      environmentOf: (functionName, qualifier) => {
        const { name, version } = this.#resolve(functionName, qualifier);
        return this.#versions.host(version).functions.find((one) => one.name === name)!.environment;
      },
      putHookStatus: (executionId, status) => this.#statuses.set(executionId, status),
      getDeployment: (id) => ({
        deploymentInfo: {
          deploymentId: id,
          createTime: this.#startedAt.getTime() / 1000,
          revision: { revisionType: 'AppSpecContent', appSpecContent: { content: APP_SPEC } },
        },
      }),
      getMetricData: (request) => cloudWatchAnswer(request, this.store, this.#startedAt),
    };
  }

  #resolve(functionName: string, qualifier: string): { name: string; version: Version } {
    const known = [...this.#versions.host(NEW).functions, ...this.#versions.host(OLD).functions];
    const name = known.find((one) => one.functionName === functionName)?.name;
    const version =
      qualifier === 'live' && name !== undefined
        ? this.#pick(name).version
        : VERSIONS.find((one) => one === qualifier);
    if (name === undefined || version === undefined || !this.#versions.has(version, name)) {
      throw new AwsError('ResourceNotFoundException', `Function not found: ${functionName}:${qualifier}`);
    }
    return { name, version };
  }

  async run(versions: Versions, url: string): Promise<Outcome> {
    this.#versions = versions;
    this.#url = url;
    const { say } = this.#options;
    const { shifts } = this.#deployment;
    say(`minute 0: the old version alone fills the cache`);
    await this.#minute();
    const refused = this.#options.skipCheck ? undefined : await this.#hooks('preTraffic', 'pre-traffic');
    if (refused !== undefined) return this.#outcome(refused);
    const end = Math.max(...shifts.map(({ steps }) => steps.reduce((sum, { minutes }) => sum + minutes, 0)));
    let before = '';
    // One more minute after the last step: AllAtOnce has no other in which an alarm could ring.
    for (let minute = 0; minute <= end; minute += 1) {
      for (const { name, steps } of shifts) this.#percents.set(name, percentAt(steps, minute));
      const now = [...new Set(this.#percents.values())].map((percent) => `${percent} %`).join(', ');
      if (now !== before) say(`minute ${this.store.minute}: ${now} of the traffic goes to the new version`);
      before = now;
      const ringing = await this.#minute();
      if (ringing.length > 0) return this.#rollBack(`the alarm ${ringing.join(' and ')}`);
    }
    const failed = await this.#hooks('postTraffic', 'post-traffic');
    return failed === undefined ? this.#outcome(undefined) : this.#rollBack(failed);
  }

  async #rollBack(by: string): Promise<Outcome> {
    this.#percents.clear();
    this.#options.say(`minute ${this.store.minute}: all traffic goes back to the old version`);
    await this.#minute();
    return this.#outcome(by);
  }

  /** Sends a minute's requests and says which alarms would ring at its end. */
  async #minute(): Promise<string[]> {
    const endsAt = performance.now() + 60_000 / this.#options.speed;
    const last = this.#sent + this.#options.requestsPerMinute;
    const worker = async (): Promise<void> => {
      while (this.#sent < last) await this.#send(this.#requests[this.#sent++ % this.#requests.length]!);
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, worker));
    const rest = endsAt - performance.now();
    if (rest > 0) await sleep(rest);
    const alarms = new Map(
      this.#deployment.shifts.flatMap((shift) => shift.alarms.map((one) => [one.name, one])),
    );
    const ringing = [...alarms.values()].filter((alarm) => rings(alarm, this.store));
    this.store.minute += 1;
    return ringing.map(({ name }) => name);
  }

  async #send({ method, target, body }: ReplayedRequest): Promise<void> {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(this.#url + target, {
      method,
      headers,
      ...(body !== undefined && { body }),
    });
    await response.arrayBuffer();
  }

  /** Runs one kind of hook, function by function; by whom the deployment failed, if it did. */
  async #hooks(kind: 'preTraffic' | 'postTraffic', title: string): Promise<string | undefined> {
    for (const shift of this.#deployment.shifts) {
      const functionName = shift[kind];
      if (functionName === undefined) continue;
      const status = await this.#hook(functionName);
      this.#options.say(`${title} hook of ${shift.name}: ${status}`);
      if (status !== 'Succeeded') return `the ${title} hook of ${shift.name}`;
    }
    return undefined;
  }

  async #hook(functionName: string): Promise<string> {
    if (!functionName.startsWith('CodeDeployHook_')) return `CodeDeploy may not invoke ${functionName}`;
    const hook = this.#versions.host(NEW).functions.find((one) => one.functionName === functionName);
    if (hook === undefined) return `there is no function ${functionName}`;
    const LifecycleEventHookExecutionId = `execution-${functionName}`;
    const event = { DeploymentId: DEPLOYMENT_ID, LifecycleEventHookExecutionId };
    const { status } = await this.#versions.host(NEW).invoke(hook.name, JSON.stringify(event));
    return this.#statuses.get(LifecycleEventHookExecutionId) ?? `it told nothing (${status})`;
  }

  #outcome(rolledBackBy: string | undefined): Outcome {
    const succeeded = rolledBackBy === undefined;
    return {
      succeeded,
      verdict: succeeded ? 'Succeeded' : `rolled back by ${rolledBackBy}`,
      figures: VERSIONS.map((version) => this.#figures(version)),
    };
  }

  #figures(version: Version): VersionFigures {
    const live = this.#deployment.shifts.map(({ functionName }) => ({
      FunctionName: functionName,
      Resource: `${functionName}:live`,
      ExecutedVersion: version,
    }));
    const all = (name: string): number[] =>
      live.flatMap((dimensions) => [
        ...[...this.store.series({ namespace: 'AWS/Lambda', name, dimensions }).values()].flat(),
      ]);
    const ofCache = (name: string): number => this.store.sum(name, 'function_version', version);
    return {
      version,
      invocations: all('Invocations').length,
      errors: statistic('Sum', all('Errors')) ?? 0,
      failures: this.#failures[version],
      p99Millis: statistic('p99', all('Duration')),
      hits: ofCache('CacheHits'),
      misses: ofCache('CacheMisses'),
      originLoads: ofCache('OriginLoads'),
    };
  }
}

/** As CodeDeploy writes it for an alias; the hooks read the version that was live from it. */
const APP_SPEC = JSON.stringify({
  version: 0.0,
  Resources: [
    { live: { Type: 'AWS::Lambda::Function', Properties: { CurrentVersion: OLD, TargetVersion: NEW } } },
  ],
});

function percentAt(steps: Deployment['shifts'][number]['steps'], minute: number): number {
  let start = 0;
  for (const { percent, minutes } of steps) {
    if (minute < start + minutes) return percent;
    start += minutes;
  }
  return 100;
}

function statusOf(payload: string): number {
  const { statusCode } = Object(JSON.parse(payload)) as { statusCode?: unknown };
  return typeof statusCode === 'number' ? statusCode : 0;
}
