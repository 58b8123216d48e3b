/** One resource of a template that SAM has transformed. */
export interface Resource {
  readonly Condition?: string;
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
  readonly UpdatePolicy?: unknown;
}
export type Resources = Readonly<Record<string, Resource>>;
export interface Statement {
  /** Missing where a statement says what it does not mean, by `NotAction`. */
  readonly Action?: string | readonly string[];
  readonly Resource?: unknown;
}
interface Dimension {
  readonly Name: string;
  readonly Value: unknown;
}

export type Check = (resources: Resources) => string[];

/** What CodeDeploy has, by the names that SAM spells out. */
const BUILT_IN =
  /^(Canary10Percent(5|10|15|30)Minutes|Linear10PercentEvery(1Minute|[23]Minutes|10Minutes)|AllAtOnce)$/;
/** Of actions that know no resource. */
const WITHOUT_RESOURCE = ['cloudwatch:GetMetricData'];
const WILD = /[*?]/;

const ofType = (resources: Resources, type: string) =>
  Object.entries(resources).filter(([, { Type }]) => Type === type);
const refOf = (value: unknown): string => (value as { Ref?: string } | undefined)?.Ref ?? '';
const text = (value: unknown): string => JSON.stringify(value) ?? '';
const listOf = <T>(value: T | readonly T[] | undefined): readonly T[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value as T];

/** Aliases that CodeDeploy shifts, but not past two hooks that it may invoke. SAM passes a misspelt hook over. */
export const unhookedAliases: Check = (resources) =>
  ofType(resources, 'AWS::Lambda::Alias').flatMap(([name, { UpdatePolicy }]) => {
    const { CodeDeployLambdaAliasUpdate: update } = Object(UpdatePolicy) as Record<
      string,
      Record<string, unknown>
    >;
    if (update === undefined) return [];
    return ['BeforeAllowTrafficHook', 'AfterAllowTrafficHook'].flatMap((hook) => {
      const target = resources[refOf(update[hook])];
      if (target === undefined) return [`${name} has no ${hook}`];
      return /^(\{"Fn::Sub":)?"CodeDeployHook_/.test(text(target.Properties.FunctionName))
        ? []
        : [`${name}: CodeDeploy may not invoke its ${hook}`];
    });
  });

/** Deployment groups whose configuration is neither built in nor in the template. */
export const unknownDeploymentTypes: Check = (resources) =>
  ofType(resources, 'AWS::CodeDeploy::DeploymentGroup').flatMap(([name, { Properties }]) =>
    configsOf(Properties.DeploymentConfigName).flatMap((config) => {
      const known =
        typeof config === 'string'
          ? BUILT_IN.test(config)
          : resources[refOf(config)]?.Type === 'AWS::CodeDeploy::DeploymentConfig';
      return known ? [] : [`${name}: there is no deployment type ${text(config)}`];
    }),
  );

/** All that an expression may come to; SAM spells a built-in one `CodeDeployDefault.Lambda${ConfigName}`. */
function configsOf(value: unknown): unknown[] {
  const { 'Fn::If': choice, 'Fn::Sub': sub } = Object(value) as Record<string, unknown[]>;
  if (choice !== undefined) return choice.slice(1).flatMap(configsOf);
  return [(sub?.[1] as { ConfigName?: string } | undefined)?.ConfigName ?? value];
}

export function statementsOf({ Properties }: Resource): Statement[] {
  const policies = (Properties.Policies ?? []) as { PolicyDocument: { Statement: Statement[] } }[];
  const own = Properties.PolicyDocument as { Statement: Statement[] } | undefined;
  return [...policies.map(({ PolicyDocument }) => PolicyDocument), ...listOf(own)].flatMap(
    ({ Statement }) => Statement,
  );
}

/** Statements of roles and endpoints that allow more than they name. */
export const wildcards: Check = (resources) =>
  Object.entries(resources).flatMap(([name, resource]) =>
    statementsOf(resource).flatMap(({ Action, Resource }) => {
      if (Action === undefined || Resource === undefined) return [`${name} allows all but what it names`];
      const actions = listOf(Action);
      if (actions.some((action) => WILD.test(action))) return [`${name} allows ${actions.join(', ')}`];
      const exempt = actions.every((action) => WITHOUT_RESOURCE.includes(action));
      return WILD.test(text(Resource)) && !exempt
        ? [`${name} allows ${actions.join(', ')} on ${text(Resource)}`]
        : [];
    }),
  );

/** Deployment groups without alarms on the version that is deployed, and alarms on the version of another function. */
export const unwatchedVersions: Check = (resources) =>
  ofType(resources, 'AWS::CodeDeploy::DeploymentGroup').flatMap(([name, { Properties }]) => {
    const own = name.replace(/DeploymentGroup$/, '');
    if (Properties.AlarmConfiguration === undefined) return isHook(own) ? [] : [`${name} has no alarms`];
    const { Alarms } = Properties.AlarmConfiguration as { Alarms: { Name: unknown }[] };
    const dimensions = Alarms.flatMap(({ Name }) => dimensionsOf(resources[refOf(Name)]));
    const watched = (dimension: string) => dimensions.filter(({ Name }) => Name === dimension);
    const ofNoVersion = Alarms.filter(({ Name }) => {
      const dimensions = text(dimensionsOf(resources[refOf(Name)]));
      return dimensions.includes('"service"') && !dimensions.includes('"function_version"');
    });
    if (ofNoVersion.length > 0) return [`${name}: an alarm on the cache has no function_version`];
    const metrics = { ExecutedVersion: 2, function_version: 2 };
    const isOwn = new RegExp(`^\\{"Fn::GetAtt":\\["${own}Version\\w*","Version"\\]\\}$`);
    return Object.entries(metrics).flatMap(([dimension, least]) => {
      const values = watched(dimension).map(({ Value }) => text(Value));
      const strange = values.filter((value) => !isOwn.test(value));
      if (strange.length > 0) return [`${name}: an alarm's ${dimension} is ${strange.join(', ')}`];
      return values.length >= least ? [] : [`${name}: too few alarms on the ${dimension}`];
    });
  });

const isHook = (name: string): boolean => name.endsWith('Hook');

function dimensionsOf(alarm: Resource | undefined): Dimension[] {
  const { Dimensions = [], Metrics = [] } = (alarm?.Properties ?? {}) as {
    Dimensions?: Dimension[];
    Metrics?: { MetricStat?: { Metric: { Dimensions: Dimension[] } } }[];
  };
  return [...Dimensions, ...Metrics.flatMap(({ MetricStat }) => MetricStat?.Metric.Dimensions ?? [])];
}

/** Rules that let in whoever has an address, not whoever is in a group. */
export const openSecurityGroups: Check = (resources) => {
  const isOpen = (rule: object): boolean =>
    'CidrIp' in rule || 'CidrIpv6' in rule || 'SourcePrefixListId' in rule;
  return Object.entries(resources).flatMap(([name, { Type, Properties }]) => {
    const rules =
      Type === 'AWS::EC2::SecurityGroupIngress'
        ? [Properties]
        : Type === 'AWS::EC2::SecurityGroup'
          ? listOf(Properties.SecurityGroupIngress as object | undefined)
          : [];
    return rules.some(isOpen) ? [`${name} is open to addresses`] : [];
  });
};
