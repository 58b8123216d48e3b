import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { parseCloudFormation } from './cloudformation-yaml.ts';
import { mergeGlobals } from './globals.ts';
import { evaluate, evaluateCondition, type Scope } from './intrinsics.ts';
import { isObject, type Json, type JsonObject } from './json.ts';
import { resolveParameters } from './parameters.ts';

export const ACCOUNT_ID = '123456789012';
export const REGION = 'us-east-1';

/** `AWS::NoValue` is missing on purpose: looking it up gives the `undefined` that it stands for. */
const PSEUDO_PARAMETERS: Readonly<Record<string, Json>> = {
  'AWS::AccountId': ACCOUNT_ID,
  'AWS::Partition': 'aws',
  'AWS::Region': REGION,
  'AWS::StackId': `arn:aws:cloudformation:${REGION}:${ACCOUNT_ID}:stack/local/local`,
  'AWS::StackName': 'local',
  'AWS::URLSuffix': 'amazonaws.com',
  'AWS::NotificationARNs': [],
};

export interface Resource {
  readonly name: string;
  readonly type: string;
  readonly declaration: JsonObject;
}

/** What stands in for a resource's physical id and attributes; `undefined` leaves it to the template. */
export interface LocalValues {
  ref?(resource: Resource): string | undefined;
  attribute?(resource: Resource, attribute: string): string | undefined;
  /** Of what SAM makes: `Fn.Version`, `FnRole`. */
  generatedRef?(name: string): string | undefined;
}

export interface TemplateOptions {
  readonly parameterOverrides?: Readonly<Record<string, string>>;
  readonly localValues?: LocalValues;
}

/** A SAM template whose functions are evaluated on demand, so that a run needs only what it touches. */
export class Template implements Scope {
  /** Relative paths in the template start here. */
  readonly directory: string;
  readonly #root: JsonObject;
  readonly #parameters: ReadonlyMap<string, Json>;
  readonly #localValues: LocalValues;
  /** What is being looked up, each for the one before it. */
  readonly #underway: string[] = [];

  constructor(source: string, directory: string, options: TemplateOptions = {}) {
    const root = parseCloudFormation(source);
    if (!isObject(root) || !isObject(root.Resources)) throw new Error('a template needs a Resources section');
    this.directory = directory;
    this.#root = root;
    this.#parameters = resolveParameters(this.#section('Parameters'), options.parameterOverrides ?? {});
    this.#localValues = options.localValues ?? {};
  }

  static async read(file: string, options: TemplateOptions = {}): Promise<Template> {
    const source = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      throw new Error(`cannot read the template ${file}: ${error.code ?? error.message}`);
    });
    return new Template(source, path.dirname(path.resolve(file)), options);
  }

  /** The parameters as they are declared. */
  get parameters(): JsonObject {
    return this.#section('Parameters');
  }

  /** The resources of one type whose condition holds. */
  resources(type: string): Resource[] {
    return Object.keys(this.#section('Resources'))
      .map((name) => this.resource(name))
      .filter((resource) => resource?.type === type)
      .filter((resource) => resource !== undefined)
      .filter(({ declaration }) => {
        return typeof declaration.Condition !== 'string' || this.condition(declaration.Condition);
      });
  }

  resource(name: string): Resource | undefined {
    const declaration = this.#section('Resources')[name];
    if (!isObject(declaration)) return undefined;
    return { name, type: String(declaration.Type), declaration };
  }

  /** A resource's properties over the `Globals` of their kind, not evaluated yet. */
  properties(resource: Resource): JsonObject {
    const kind = /^AWS::Serverless::(\w+)$/.exec(resource.type)?.[1];
    const globals = kind === undefined ? undefined : this.#section('Globals')[kind];
    const own = resource.declaration.Properties;
    return mergeGlobals(isObject(globals) ? globals : {}, isObject(own) ? own : {});
  }

  evaluate(value: Json | undefined): Json | undefined {
    return evaluate(value, this);
  }

  ref(name: string): Json | undefined {
    if (name in PSEUDO_PARAMETERS) return PSEUDO_PARAMETERS[name];
    if (name === 'AWS::NoValue') return undefined;
    if (this.#parameters.has(name)) return this.#parameters.get(name);
    const resource = this.resource(name);
    // SAM makes resources of its own (`FnRole`, `Fn.Version`): they stand for their name.
    if (resource === undefined) return this.#localValues.generatedRef?.(name) ?? name;
    return this.#localValues.ref?.(resource) ?? this.#physicalName(resource);
  }

  attribute(resourceName: string, attribute: string): Json | undefined {
    const resource = this.resource(resourceName);
    const local = resource && this.#localValues.attribute?.(resource, attribute);
    if (local !== undefined) return local;
    if (attribute === 'Arn') return `arn:aws:local:${REGION}:${ACCOUNT_ID}:${String(this.ref(resourceName))}`;
    return `${resourceName}.${attribute}`;
  }

  condition(name: string): boolean {
    const declared = this.#section('Conditions');
    if (!(name in declared)) throw new Error(`the template has no condition ${name}`);
    return this.#once(`condition ${name}`, () => evaluateCondition(declared[name], this));
  }

  mapping(map: string, first: string, second: string): Json | undefined {
    const values = this.#section('Mappings')[map];
    const row = isObject(values) ? values[first] : undefined;
    const found = isObject(row) ? row[second] : undefined;
    return this.#once(`mapping ${map}.${first}.${second}`, () => this.evaluate(found));
  }

  /** The name that the template gives a resource, else its logical id. */
  #physicalName(resource: Resource): Json | undefined {
    const kind = resource.type.split('::').at(-1)!;
    const properties = this.properties(resource);
    const name = properties[`${kind}Name`] ?? properties.Name;
    return this.#once(resource.name, () => this.evaluate(name)) ?? resource.name;
  }

  /** A look-up that needs its own result would never end. */
  #once<T>(label: string, lookUp: () => T): T {
    const start = this.#underway.indexOf(label);
    if (start >= 0) {
      const circle = [...this.#underway.slice(start), label].join(' -> ');
      throw new Error(`the template refers to itself in a circle: ${circle}`);
    }
    this.#underway.push(label);
    try {
      return lookUp();
    } finally {
      this.#underway.pop();
    }
  }

  #section(name: string): JsonObject {
    const section = this.#root[name];
    return isObject(section) ? section : {};
  }
}
