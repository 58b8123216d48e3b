import type { ServiceAddresses } from '../local/backing-services.ts';
import { FunctionHost } from '../local/function-host.ts';
import type { Invocation } from '../local/runtime/invocation.ts';
import type { FunctionDefinition } from '../local/template/functions.ts';
import { isObject } from '../local/template/json.ts';
import type { LocalValues } from '../local/template/template.ts';
import { type MetricFilter, NEW, OLD, type Version } from './deployment.ts';
import type { MetricStore } from './metric-store.ts';

export interface VersionsOptions {
  /** A project's template, version by version. */
  readonly templates: Readonly<Record<Version, string>>;
  /** Of its own template, version by version. */
  readonly parameters: Readonly<Record<Version, Readonly<Record<string, string>>>>;
  readonly services: ServiceAddresses;
  readonly localValues: LocalValues;
  /** For every function, as the endpoints of AWS. */
  readonly environment: Readonly<Record<string, string>>;
  readonly store: MetricStore;
  readonly filters: readonly MetricFilter[];
  /** Only the new version's run. */
  readonly hooks: ReadonlySet<string>;
  /** A function's own warnings and errors. */
  onTrouble(definition: FunctionDefinition, version: Version, message: string): void;
}

/** As many requests as one version of a function serves at once. */
const MAX_ENVIRONMENTS = 2;

/** Both versions of the functions, each in environments of its own, and what they publish. */
export class Versions {
  readonly #hosts: Readonly<Record<Version, FunctionHost>>;
  readonly #store: MetricStore;

  private constructor(hosts: Readonly<Record<Version, FunctionHost>>, store: MetricStore) {
    this.#hosts = hosts;
    this.#store = store;
  }

  static async open(options: VersionsOptions): Promise<Versions> {
    const old = await openHost(OLD, options);
    try {
      return new Versions({ [OLD]: old, [NEW]: await openHost(NEW, options) }, options.store);
    } catch (error) {
      await old.close();
      throw error;
    }
  }

  host(version: Version): FunctionHost {
    return this.#hosts[version];
  }

  has(version: Version, name: string): boolean {
    return this.#hosts[version].functions.some((one) => one.name === name);
  }

  /** `resource` is what the function was invoked by: `live` or a version. */
  async invoke(name: string, version: Version, resource: string, event: string): Promise<Invocation> {
    const invocation = await this.#hosts[version].invoke(name, event);
    const functionName = this.#hosts[version].functions.find((one) => one.name === name)!.functionName;
    const values = {
      Invocations: 1,
      Errors: invocation.status === 'success' ? 0 : 1,
      Duration: invocation.durationMs,
    };
    const ofFunction = { FunctionName: functionName };
    const ofResource = { ...ofFunction, Resource: `${functionName}:${resource}` };
    const sets = [ofFunction, ofResource, { ...ofResource, ExecutedVersion: version }];
    for (const [metric, value] of Object.entries(values)) {
      for (const dimensions of sets) {
        this.#store.record({ namespace: 'AWS/Lambda', name: metric, dimensions }, value);
      }
    }
    return invocation;
  }

  async close(): Promise<void> {
    await Promise.all(Object.values(this.#hosts).map((host) => host.close()));
  }
}

function openHost(version: Version, options: VersionsOptions): Promise<FunctionHost> {
  const { templates, parameters, services, environment, hooks, store, filters, onTrouble } = options;
  return FunctionHost.open({
    templateFile: templates[version],
    parameterOverrides: parameters[version],
    environmentOverrides: {
      variablesFor: () => ({ ...environment, AWS_LAMBDA_FUNCTION_VERSION: version }),
      warnings: () => [],
    },
    services,
    ...(version === NEW && { localValues: options.localValues }),
    freeze: true,
    maxEnvironments: MAX_ENVIRONMENTS,
    wants: (name) => version === NEW || !hooks.has(name),
    logFor: (definition) => ({
      platform() {},
      output(line) {
        store.recordLine(line);
        const entry = parsed(line);
        for (const { field, value, namespace, metric } of filters) {
          if (entry?.[field] === value) store.record({ namespace, name: metric, dimensions: {} }, 1);
        }
        if (entry?.level === 'WARN' || entry?.level === 'ERROR') {
          onTrouble(definition, version, messageOf(entry));
        }
      },
    }),
  });
}

/** What Lambda's own runtime logs of an exception lies one level deeper. */
function messageOf({ message }: Readonly<Record<string, unknown>>): string {
  if (!isObject(message)) return String(message);
  return [message.errorType, message.errorMessage].filter((part) => part !== undefined).join(': ');
}

function parsed(line: string): Readonly<Record<string, unknown>> | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
