import path from 'node:path';
import { isObject, type Json, type JsonObject } from './json.ts';
import { type Route, routesOf } from './routes.ts';
import type { Resource, Template } from './template.ts';

const FUNCTION_TYPE = 'AWS::Serverless::Function';

export interface FunctionDefinition {
  /** The logical id. */
  readonly name: string;
  readonly functionName: string;
  readonly runtime: string;
  readonly handler: string;
  /** Why it cannot run here, if it cannot. */
  readonly obstacle: string | undefined;
  /** The absolute directory that `CodeUri` names. */
  readonly codeDirectory: string;
  readonly inlineCode: string | undefined;
  readonly timeoutSeconds: number;
  readonly memoryMegabytes: number;
  readonly logging: JsonObject;
  readonly environment: Readonly<Record<string, string>>;
  /** `Metadata.BuildProperties` where the build method is esbuild; otherwise the code runs as it lies there. */
  readonly build: JsonObject | undefined;
  readonly routes: readonly Route[];
}

/** Every name that a function goes by: its logical id and its `FunctionName`. */
export function functionNames(template: Template): string[] {
  return template
    .resources(FUNCTION_TYPE)
    .flatMap((resource) => [resource.name, functionNameOf(template, resource)]);
}

function functionNameOf(template: Template, resource: Resource): string {
  return String(template.evaluate(template.properties(resource).FunctionName) ?? resource.name);
}

export function allFunctions(template: Template): FunctionDefinition[] {
  return template.resources(FUNCTION_TYPE).map((resource) => describeFunction(template, resource));
}

export function functionNamed(template: Template, name: string): FunctionDefinition {
  const resources = template.resources(FUNCTION_TYPE);
  const resource = resources.find((candidate) => candidate.name === name);
  if (resource === undefined) {
    const known = resources.map((candidate) => candidate.name).join(', ') || 'none';
    throw new Error(`the template has no function ${name}; its functions: ${known}`);
  }
  return describeFunction(template, resource);
}

function describeFunction(template: Template, resource: Resource): FunctionDefinition {
  const properties = template.properties(resource);
  const read = (property: string) => template.evaluate(properties[property]);
  const handler = String(read('Handler') ?? '');
  const runtime = String(read('Runtime') ?? '');
  const codeUri = read('CodeUri') ?? '.';
  const inlineCode = read('InlineCode');
  const logging = read('LoggingConfig');
  return {
    name: resource.name,
    functionName: functionNameOf(template, resource),
    runtime,
    handler,
    obstacle: obstacleTo(runtime, handler, codeUri),
    codeDirectory: path.resolve(template.directory, typeof codeUri === 'string' ? codeUri : '.'),
    inlineCode: typeof inlineCode === 'string' ? inlineCode : undefined,
    timeoutSeconds: wholeNumber(resource.name, 'Timeout', read('Timeout') ?? 3),
    memoryMegabytes: wholeNumber(resource.name, 'MemorySize', read('MemorySize') ?? 128),
    logging: isObject(logging) ? logging : {},
    environment: environmentOf(resource.name, read('Environment')),
    build: buildProperties(template, resource),
    routes: routesOf(template, resource.name, properties.Events),
  };
}

function obstacleTo(runtime: string, handler: string, codeUri: Json): string | undefined {
  if (!/^nodejs\d/.test(runtime)) return `its runtime is ${runtime || 'not given'}, not Node.js`;
  if (handler === '') return 'it has no Handler';
  if (typeof codeUri !== 'string' || /^\w+:\/\//.test(codeUri)) return 'its CodeUri is not a local directory';
  return undefined;
}

/** What Lambda itself takes. */
const LIMITS = { Timeout: [1, 900], MemorySize: [128, 10_240] } as const;

function wholeNumber(name: string, property: keyof typeof LIMITS, value: Json): number {
  const [least, most] = LIMITS[property];
  const number = typeof value === 'object' ? Number.NaN : Number(value);
  if (Number.isInteger(number) && number >= least && number <= most) return number;
  const range = `a whole number from ${least} to ${most}`;
  throw new Error(`${name}: its ${property} must be ${range}, got ${JSON.stringify(value)}`);
}

function environmentOf(name: string, environment: Json | undefined): Record<string, string> {
  const variables = isObject(environment) && isObject(environment.Variables) ? environment.Variables : {};
  return Object.fromEntries(
    Object.entries(variables).map(([key, value]) => {
      if (typeof value === 'object' && value !== null) {
        throw new Error(`environment variable ${key} of ${name} is not text: ${JSON.stringify(value)}`);
      }
      return [key, String(value ?? '')];
    }),
  );
}

function buildProperties(template: Template, resource: Resource): JsonObject | undefined {
  const metadata = template.evaluate(resource.declaration.Metadata);
  if (!isObject(metadata) || metadata.BuildMethod !== 'esbuild') return undefined;
  return isObject(metadata.BuildProperties) ? metadata.BuildProperties : {};
}
