import { allFunctions } from '../local/template/functions.ts';
import { isObject, type Json } from '../local/template/json.ts';
import { ACCOUNT_ID, type LocalValues, REGION, Template } from '../local/template/template.ts';
import type { Alarm } from './alarm.ts';
import { type Step, stepsOf } from './traffic-shift.ts';

/** The names of both versions, as Lambda numbers them. */
export const OLD = '1';
export const NEW = '2';
export const VERSIONS = [OLD, NEW] as const;
export type Version = (typeof VERSIONS)[number];

/** For people. */
export const nameOf = (version: Version): string => (version === OLD ? 'old' : 'new');

/** How one function's alias is moved. */
export interface AliasShift {
  /** The function's logical id. */
  readonly name: string;
  readonly functionName: string;
  readonly type: string;
  readonly steps: readonly Step[];
  readonly alarms: readonly Alarm[];
  /** The physical names of the hooks. */
  readonly preTraffic: string | undefined;
  readonly postTraffic: string | undefined;
}

/** Lines of the log that the template counts. */
export interface MetricFilter {
  readonly field: string;
  readonly value: string;
  readonly namespace: string;
  readonly metric: string;
}

/** What the template of the new version says about its own deployment. */
export interface Deployment {
  readonly shifts: readonly AliasShift[];
  /** The logical ids of the functions that are hooks. */
  readonly hooks: ReadonlySet<string>;
  readonly filters: readonly MetricFilter[];
  /** What `Fn.Version` stands for in the template. */
  readonly localValues: LocalValues;
}

export const versionArn = (functionName: string, qualifier: string): string =>
  `arn:aws:lambda:${REGION}:${ACCOUNT_ID}:function:${functionName}:${qualifier}`;

/** `otherType` goes before the deployment type that the template says. */
export async function readDeployment(
  templateFile: string,
  parameterOverrides: Readonly<Record<string, string>>,
  otherType?: string,
): Promise<Deployment> {
  const names = await Template.read(templateFile, { parameterOverrides });
  const localValues: LocalValues = {
    generatedRef(name) {
      const owner = /^(\w+)\.Version$/.exec(name)?.[1];
      return owner === undefined ? undefined : versionArn(String(names.ref(owner)), NEW);
    },
    attribute: (_, attribute) => (attribute === 'Version.Version' ? NEW : undefined),
  };
  const template = await Template.read(templateFile, { parameterOverrides, localValues });
  const shifts = allFunctions(template).flatMap(({ name, functionName }): AliasShift[] => {
    const properties = template.properties(template.resource(name)!);
    const preference = template.evaluate(properties.DeploymentPreference);
    if (!isObject(preference) || preference.Enabled === false || properties.AutoPublishAlias === undefined)
      return [];
    const hooks = isObject(preference.Hooks) ? preference.Hooks : {};
    const type = otherType ?? String(preference.Type);
    return [
      {
        name,
        functionName,
        type,
        steps: stepsOf(type, template),
        alarms: alarmsOf(template, preference.Alarms),
        preTraffic: optionalText(hooks.PreTraffic),
        postTraffic: optionalText(hooks.PostTraffic),
      },
    ];
  });
  if (shifts.length === 0) throw new Error('the template has no function with a DeploymentPreference');
  const used = new Set(shifts.flatMap(({ preTraffic, postTraffic }) => [preTraffic, postTraffic]));
  const hooks = allFunctions(template).filter(({ functionName }) => used.has(functionName));
  return {
    shifts,
    hooks: new Set(hooks.map(({ name }) => name)),
    filters: filtersOf(template),
    localValues,
  };
}

const optionalText = (value: Json | undefined): string | undefined =>
  value === undefined ? undefined : String(value);

function alarmsOf(template: Template, wanted: Json | undefined): Alarm[] {
  if (!Array.isArray(wanted)) return [];
  const known = template.resources('AWS::CloudWatch::Alarm');
  return wanted.map((name) => {
    const resource = known.find((alarm) => template.ref(alarm.name) === name);
    const properties = resource && template.evaluate(template.properties(resource));
    if (!isObject(properties)) throw new Error(`the template has no alarm ${String(name)}`);
    return { name: String(name), properties };
  });
}

function filtersOf(template: Template): MetricFilter[] {
  return template.resources('AWS::Logs::MetricFilter').flatMap((resource) => {
    const properties = template.evaluate(template.properties(resource));
    if (!isObject(properties)) return [];
    const [, field, value] = /^\{ \$\.(\w+) = "(.*)" \}$/.exec(String(properties.FilterPattern)) ?? [];
    const [first] = Array.isArray(properties.MetricTransformations) ? properties.MetricTransformations : [];
    if (field === undefined || value === undefined || !isObject(first)) return [];
    return [{ field, value, namespace: String(first.MetricNamespace), metric: String(first.MetricName) }];
  });
}
