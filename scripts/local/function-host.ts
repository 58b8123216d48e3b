import path from 'node:path';
import { localValues, type ServiceAddresses, serviceEnvironment } from './backing-services.ts';
import { type BuildDirectory, openBuildDirectory } from './build-directory.ts';
import type { EnvironmentOverrides } from './environment-overrides.ts';
import { buildFunction } from './runtime/build-function.ts';
import type { LogSink } from './runtime/execution-environment.ts';
import { FunctionPool } from './runtime/function-pool.ts';
import type { Invocation } from './runtime/invocation.ts';
import { allFunctions, type FunctionDefinition, functionNamed, functionNames } from './template/functions.ts';
import { type LocalValues, Template } from './template/template.ts';

/** As many requests as one function serves at once; more wait. */
const MAX_ENVIRONMENTS = 10;

export interface FunctionHostOptions {
  readonly templateFile: string;
  readonly parameterOverrides: Readonly<Record<string, string>>;
  readonly environmentOverrides: EnvironmentOverrides;
  readonly services: ServiceAddresses;
  readonly freeze: boolean;
  readonly maxEnvironments?: number;
  /** Builds just this function; by default all. */
  readonly only?: string;
  /** Leaves out functions, by their logical ids. */
  wants?(name: string): boolean;
  /** Goes before what the services stand for. */
  readonly localValues?: LocalValues;
  logFor(definition: FunctionDefinition): LogSink;
}

/** A template's functions, built and ready to be invoked; their environments start on demand. */
export class FunctionHost {
  readonly functions: readonly FunctionDefinition[];
  /** Those that cannot run here, each with its obstacle. */
  readonly skipped: readonly FunctionDefinition[];
  /** What the user should know although all runs without. */
  readonly warnings: readonly string[];
  readonly #pools: ReadonlyMap<string, FunctionPool>;
  readonly #buildDirectory: BuildDirectory;

  private constructor(
    functions: readonly FunctionDefinition[],
    skipped: readonly FunctionDefinition[],
    warnings: readonly string[],
    pools: ReadonlyMap<string, FunctionPool>,
    buildDirectory: BuildDirectory,
  ) {
    this.functions = functions;
    this.skipped = skipped;
    this.warnings = warnings;
    this.#pools = pools;
    this.#buildDirectory = buildDirectory;
  }

  static async open(options: FunctionHostOptions): Promise<FunctionHost> {
    const { templateFile, parameterOverrides, environmentOverrides, only } = options;
    const template = await Template.read(templateFile, {
      parameterOverrides,
      localValues: { ...options.localValues, attribute: attributesOf(options) },
    });
    const all = only === undefined ? allFunctions(template) : [functionNamed(template, only)];
    const wanted = all.filter(({ name }) => options.wants?.(name) ?? true);
    const functions = wanted.filter(({ obstacle }) => obstacle === undefined);
    const skipped = wanted.filter(({ obstacle }) => obstacle !== undefined);
    if (functions.length === 0) {
      const reasons = skipped.map(({ name, obstacle }) => `${name}: ${obstacle}`);
      throw new Error(`the template has no function that can run here\n${reasons.join('\n')}`.trimEnd());
    }
    const warnings = environmentOverrides.warnings(functionNames(template));
    const buildDirectory = await openBuildDirectory();
    try {
      const pools = await Promise.all(
        functions.map(async (definition) => {
          const taskRoot = await buildFunction(definition, path.join(buildDirectory.path, definition.name));
          return [definition.name, poolFor(options, definition, taskRoot)] as const;
        }),
      );
      return new FunctionHost(functions, skipped, warnings, new Map(pools), buildDirectory);
    } catch (error) {
      await buildDirectory.remove();
      throw error;
    }
  }

  invoke(name: string, event: string): Promise<Invocation> {
    return this.#pools.get(name)!.invoke(event);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#pools.values()].map((pool) => pool.close()));
    await this.#buildDirectory.remove();
  }
}

function attributesOf({
  services,
  localValues: own,
}: FunctionHostOptions): NonNullable<LocalValues['attribute']> {
  const ofServices = localValues(services);
  return (resource, attribute) =>
    own?.attribute?.(resource, attribute) ?? ofServices.attribute?.(resource, attribute);
}

function poolFor(
  options: FunctionHostOptions,
  definition: FunctionDefinition,
  taskRoot: string,
): FunctionPool {
  const { services, environmentOverrides, freeze, logFor, maxEnvironments = MAX_ENVIRONMENTS } = options;
  const environment = {
    ...definition.environment,
    ...serviceEnvironment(services),
    ...environmentOverrides.variablesFor(definition),
  };
  return new FunctionPool(
    { definition, taskRoot, environment, freeze, log: logFor(definition) },
    maxEnvironments,
  );
}
