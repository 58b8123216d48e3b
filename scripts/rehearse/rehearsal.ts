import { existsSync } from 'node:fs';
import path from 'node:path';
import { AwsEndpoints } from '../local/aws-endpoints.ts';
import { startBackingServices } from '../local/backing-services.ts';
import { openBuildDirectory } from '../local/build-directory.ts';
import { Gateway } from '../local/gateway/gateway.ts';
import { PROJECT } from '../local/project.ts';
import { undoAll } from '../local/shutdown.ts';
import { LiveAlias } from './alias.ts';
import { Cloud } from './cloud.ts';
import { NEW, nameOf, OLD, readDeployment } from './deployment.ts';
import { Figures } from './figures.ts';
import { MetricStore } from './metric-store.ts';
import { type Parameters, parametersOf, withType } from './parameters.ts';
import { Progress } from './progress.ts';
import { requestsOf } from './requests.ts';
import { checkOutLayers } from './revision.ts';
import { type Outcome, Rollout } from './rollout.ts';
import { type Pace, Traffic } from './traffic.ts';
import { Versions } from './versions.ts';

export interface RehearsalOptions extends Pace {
  /** A revision, and directories that are laid over it. */
  readonly old: readonly [string, ...string[]];
  readonly next: readonly [string, ...string[]];
  /** The deployment type; by default what the new version's template says. */
  readonly type?: string | undefined;
  /** Parameters of the new version's template. */
  readonly parameterOverrides: Parameters;
  /** Those of the old version's; by default what its own template says. */
  readonly oldParameterOverrides?: Parameters;
  /** Variables of every function, of both versions. */
  readonly environment: Readonly<Record<string, string>>;
  /** Leaves out the hooks before traffic. */
  readonly skipCheck: boolean;
  say(line: string): void;
}

/**
 * Rolls a new version out over an old one, as CodeDeploy would by the new version's template.
 *
 * @throws Misuse where the options name no two versions, or parameters that their templates do not have.
 */
export async function rehearse(options: RehearsalOptions): Promise<Outcome> {
  const undo: (() => Promise<void>)[] = [];
  const progress = new Progress((line) => options.say(line));
  try {
    const directory = await openBuildDirectory();
    undo.push(() => directory.remove());
    const roots = { [OLD]: path.join(directory.path, 'old'), [NEW]: path.join(directory.path, 'new') };
    const names = [
      await checkOutLayers(options.old, roots[OLD]),
      await checkOutLayers(options.next, roots[NEW]),
    ];
    const templates = {
      [OLD]: path.join(roots[OLD], 'template.yaml'),
      [NEW]: path.join(roots[NEW], 'template.yaml'),
    };
    const { given, type } = await withType(templates[NEW], options.parameterOverrides, options.type);
    const parameters = {
      [OLD]: await parametersOf('the old version', templates[OLD], options.oldParameterOverrides ?? {}),
      [NEW]: await parametersOf('the new version', templates[NEW], given),
    };
    const deployment = await readDeployment(templates[NEW], parameters[NEW], type);
    const { shifts } = deployment;
    const requests = await requestsOf(eventsOf(roots[NEW]));
    const services = await startBackingServices(templates[NEW], parameters[NEW], {
      templateFile: templates[OLD],
      parameterOverrides: parameters[OLD],
    });
    undo.push(() => services.close());
    const store = new MetricStore();
    const alias = new LiveAlias(shifts);
    const cloud = new Cloud(alias, store);
    const endpoints = await AwsEndpoints.listen(cloud);
    undo.push(() => endpoints.close());
    const types = new Set(shifts.map((shift) => shift.type));
    progress.say(`from ${names.join(' to ')}, by ${[...types].join(' and ')}: building both versions`);
    const versions = await Versions.open({
      templates,
      parameters,
      services,
      localValues: deployment.localValues,
      environment: { ...endpoints.environment, ...options.environment },
      store,
      filters: deployment.filters,
      hooks: deployment.hooks,
      // All hooks find what ails all functions; what matters is the finding.
      onTrouble: ({ name, functionName }, version, message) =>
        progress.sayOnce(
          deployment.hooks.has(name)
            ? `  found: ${message}`
            : `  ${functionName}, ${nameOf(version)} version: ${message}`,
        ),
    });
    undo.push(() => versions.close());
    cloud.run(versions);
    const figures = new Figures(
      store,
      shifts.map(({ functionName }) => functionName),
    );
    const gateway = new Gateway({
      routes: versions.host(NEW).functions.flatMap(({ routes }) => routes),
      async invoke(name, event) {
        const version = cloud.pick(name);
        const invocation = await versions.invoke(name, version, 'live', event);
        figures.answered(version, invocation);
        return invocation;
      },
    });
    await gateway.listen(0);
    undo.push(() => gateway.close());
    const traffic = new Traffic(requests, options);
    const parts = { deployment, alias, cloud, store, figures, traffic, progress };
    return await new Rollout(parts, gateway.url).run(options);
  } finally {
    await undoAll(undo, (error) => options.say(`not cleaned up: ${String(error)}`));
  }
}

/** A project without events of its own gets those of the working tree. */
function eventsOf(root: string): string {
  const own = path.join(root, 'events');
  return existsSync(own) ? own : path.join(PROJECT, 'events');
}
