import { isDeepStrictEqual } from 'node:util';
import type { Check, Resource, Resources } from './checks.ts';
import { alarmsOf, LOGGED_ERRORS, SERVICES } from './expected-alarms.ts';

// What the transformed template says to the letter, where any other word would do harm that no tool finds.

type Properties = Readonly<Record<string, unknown>>;

const functions = Object.keys(SERVICES) as (keyof typeof SERVICES)[];
const HOOKS = /^(\w+)(Pre|Post)TrafficHook$/;
/** CodeDeploy takes no more for one deployment group. */
const MOST_ALARMS = 10;

const ofType = (resources: Resources, type: RegExp) =>
  Object.entries(resources).filter(([, { Type }]) => type.test(Type));

/** What differs, property by property. */
function differences(
  name: string,
  actual: Properties | undefined,
  expected: Properties | undefined,
): string[] {
  if (actual === undefined) return [`there is no ${name}`];
  if (expected === undefined) return [`there is a ${name}`];
  return [...new Set([...Object.keys(actual), ...Object.keys(expected)])]
    .filter((property) => !isDeepStrictEqual(actual[property], expected[property]))
    .map((property) => `${name}: ${property} is ${JSON.stringify(actual[property])}`);
}

/** Between resources and what is expected of all of their kind. */
function unlike(
  actual: readonly (readonly [string, Properties])[],
  expected: Readonly<Record<string, Properties>>,
) {
  const known = new Map(actual);
  return [...new Set([...known.keys(), ...Object.keys(expected)])].flatMap((name) =>
    differences(name, known.get(name), expected[name]),
  );
}

/** What stands for the number of the version that the alias moves to. */
const versionOf = (resources: Resources, name: string): unknown =>
  resources[`${name}Aliaslive`]?.Properties.FunctionVersion;

/** Alarms that ring at another time than they should, or for something else. */
export const strangeAlarms: Check = (resources) => {
  const alarms = ofType(resources, /^AWS::CloudWatch::Alarm$/).map(([name, { Properties }]) => {
    const { AlarmDescription: _, ...properties } = Properties;
    return [name, properties] as const;
  });
  const expected = functions.map((name) => alarmsOf(name, versionOf(resources, name)));
  return unlike(alarms, Object.assign({}, ...expected, LOGGED_ERRORS));
};

/** Deployments that an alarm of their function, or on the log, would not stop. */
export const unlistedAlarms: Check = (resources) =>
  functions.flatMap((name) => {
    const { AlarmConfiguration: watched } = resources[`${name}DeploymentGroup`]?.Properties ?? {};
    const { Enabled, Alarms = [] } = Object(watched) as { Enabled?: boolean; Alarms?: { Name: unknown }[] };
    if (Enabled !== true || Alarms.length > MOST_ALARMS)
      return [`${name}: CodeDeploy does not take its alarms`];
    const wanted = [...Object.keys(alarmsOf(name, undefined)), ...Object.keys(LOGGED_ERRORS)];
    return wanted
      .filter((alarm) => !Alarms.some(({ Name }) => isDeepStrictEqual(Name, { Ref: alarm })))
      .map((alarm) => `${name} is not rolled back by ${alarm}`);
  });

/** The policy of the log, and, inside of the VPC, that of its network interfaces. */
const MANAGED = 'arn:aws:iam::aws:policy/service-role/';
const BASIC = `${MANAGED}AWSLambdaBasicExecutionRole`;

/** Roles with policies beside the statements that the template spells out; functions and deployments under others. */
export const strangeRoles: Check = (resources) => {
  const lambdas = ofType(resources, /^AWS::Lambda::Function$/);
  const expected = Object.fromEntries(
    lambdas.map(([name]) => [
      `${name}Role`,
      roleOf('lambda', HOOKS.test(name) ? [BASIC] : [BASIC, `${MANAGED}AWSLambdaVPCAccessExecutionRole`]),
    ]),
  );
  const deploys = roleOf('codedeploy', [`${MANAGED}AWSCodeDeployRoleForLambda`]);
  const roles = ofType(resources, /^AWS::IAM::/).map(([name, { Type, Properties }]) => {
    // What the policies say is looked at statement by statement elsewhere.
    const { Policies: _, Tags: __, ...rest } = Properties;
    return [name, { Type, ...rest }] as const;
  });
  const strangers = lambdas
    .filter(
      ([name, { Properties }]) =>
        !isDeepStrictEqual(Properties.Role, { 'Fn::GetAtt': [`${name}Role`, 'Arn'] }),
    )
    .map(([name, { Properties }]) => `${name} has the role ${JSON.stringify(Properties.Role)}`);
  const deployers = ofType(resources, /^AWS::CodeDeploy::DeploymentGroup$/)
    .filter(
      ([, { Properties }]) =>
        !isDeepStrictEqual(Properties.ServiceRoleArn, { 'Fn::GetAtt': ['CodeDeployServiceRole', 'Arn'] }),
    )
    .map(([name, { Properties }]) => `${name} has the role ${JSON.stringify(Properties.ServiceRoleArn)}`);
  return [...unlike(roles, { ...expected, CodeDeployServiceRole: deploys }), ...strangers, ...deployers];
};

const roleOf = (service: string, ManagedPolicyArns: readonly string[]): Properties => ({
  Type: 'AWS::IAM::Role',
  AssumeRolePolicyDocument: {
    Version: '2012-10-17',
    Statement: [
      { Action: ['sts:AssumeRole'], Effect: 'Allow', Principal: { Service: [`${service}.amazonaws.com`] } },
    ],
  },
  ManagedPolicyArns,
});

const PORT = {
  'Fn::If': [
    'UsesExistingCache',
    { 'Fn::Select': [1, { 'Fn::Split': [':', { 'Fn::Sub': `\${ExistingCacheEndpoint}:11211` }] }] },
    11211,
  ],
};
const CACHE_GROUP = {
  'Fn::If': ['MakesCache', { Ref: 'CacheSecurityGroup' }, { Ref: 'ExistingCacheSecurityGroupId' }],
};
const toNodes = { IpProtocol: 'tcp', FromPort: PORT, ToPort: PORT };
const RULES: Readonly<Record<string, Properties>> = {
  FunctionSecurityGroup: {
    VpcId: { Ref: 'VpcId' },
    SecurityGroupEgress: [{ IpProtocol: 'tcp', FromPort: 443, ToPort: 443, CidrIp: '0.0.0.0/0' }],
  },
  CacheSecurityGroup: {
    VpcId: { Ref: 'VpcId' },
    SecurityGroupEgress: [{ IpProtocol: '-1', CidrIp: '127.0.0.1/32' }],
  },
  FunctionToCache: {
    GroupId: { Ref: 'FunctionSecurityGroup' },
    DestinationSecurityGroupId: CACHE_GROUP,
    ...toNodes,
  },
  CacheFromFunction: {
    GroupId: CACHE_GROUP,
    SourceSecurityGroupId: { Ref: 'FunctionSecurityGroup' },
    ...toNodes,
  },
};

/** Ways into the nodes, and out of the functions and the nodes, that are not needed; and needed ones that are not there. */
export const strangeWays: Check = (resources) => {
  const groups = ofType(resources, /^AWS::EC2::SecurityGroup/).map(([name, { Properties }]) => {
    const { GroupDescription: _, SecurityGroupEgress: out, ...rest } = Properties;
    const rules = Array.isArray(out) ? out.map(described) : out;
    return [
      name,
      { ...described(rest), ...(rules !== undefined && { SecurityGroupEgress: rules }) },
    ] as const;
  });
  return unlike(groups, RULES);
};

function described({ Description: _, ...rule }: Properties): Properties {
  return rule;
}

const HANDLERS = { Pre: 'pre-traffic.handler', Post: 'post-traffic.handler' };

/** Functions and hooks that run for another time than they should, or are told something else. */
/** Runs on a schedule, and only where a parameter says so. */
const SAMPLER = 'HotKeySamplerFunction';

export const strangeFunctions: Check = (resources) =>
  ofType(resources, /^AWS::Lambda::Function$/).flatMap(([name, { Properties, Condition }]) => {
    const [, owner = '', kind] = HOOKS.exec(name) ?? [];
    const ownName = kind === undefined ? name : `${owner}Function`;
    const isSampler = name === SAMPLER;
    if (!isSampler && !(ownName in SERVICES)) return [`there is a ${name}`];
    const service = isSampler ? 'hot-key-sampler' : SERVICES[ownName as keyof typeof SERVICES];
    const { Environment, Runtime, Timeout, Handler, FunctionName } = Properties;
    const actual = {
      Runtime,
      Timeout,
      Handler,
      FunctionName,
      ...(Object(Environment) as { Variables: Properties }).Variables,
    };
    const common = {
      Runtime: 'nodejs24.x',
      ...GLOBAL_VARIABLES,
      POWERTOOLS_SERVICE_NAME: { 'Fn::Sub': `\${AWS::StackName}-${service}` },
    };
    if (isSampler) {
      const expected = {
        Timeout: 60,
        Handler: 'hot-key-sampler.handler',
        FunctionName: undefined,
        ...common,
      };
      return differences(name, { ...actual, Condition }, { ...expected, Condition: 'SamplesHotKeys' });
    }
    if (kind === undefined) {
      const expected = { Timeout: 10, Handler: `${service}.handler`, FunctionName: undefined, ...common };
      return differences(name, actual, expected);
    }
    return differences(name, actual, {
      Timeout: 120,
      Handler: HANDLERS[kind as 'Pre' | 'Post'],
      FunctionName: {
        'Fn::Sub': `CodeDeployHook_\${AWS::StackName}_${service.replace(/-.*/, '')}_${kind.toLowerCase()}`,
      },
      NewVersion: { Ref: versionName(resources, ownName) },
      LiveAlias: 'live',
      ...(kind === 'Pre' && { MovedShareBudget: { Ref: 'MovedShareBudget' }, CheckFunction: ownName }),
      ...common,
    });
  });

const versionName = (resources: Resources, name: string): unknown =>
  (versionOf(resources, name) as { 'Fn::GetAtt'?: string[] } | undefined)?.['Fn::GetAtt']?.[0];

const GLOBAL_VARIABLES: Properties = {
  NODE_OPTIONS: '--enable-source-maps',
  POWERTOOLS_METRICS_NAMESPACE: { Ref: 'AWS::StackName' },
  POWERTOOLS_LOG_LEVEL: 'INFO',
  ITEMS_TABLE: { Ref: 'ItemsTable' },
  SMEARCACHE_CONFIGURATION_ENDPOINT: {
    'Fn::If': [
      'MakesCluster',
      {
        'Fn::Sub': `\${CacheCluster.ConfigurationEndpoint.Address}:\${CacheCluster.ConfigurationEndpoint.Port}`,
      },
      { 'Fn::If': ['UsesExistingCache', { Ref: 'ExistingCacheEndpoint' }, { Ref: 'AWS::NoValue' }] },
    ],
  },
  SMEARCACHE_SERVERLESS_ENDPOINT: {
    'Fn::If': [
      'MakesServerless',
      { 'Fn::Sub': `\${ServerlessCache.Endpoint.Address}:\${ServerlessCache.Endpoint.Port}` },
      { Ref: 'AWS::NoValue' },
    ],
  },
  SMEARCACHE_SMEAR_KEYS: { Ref: 'SmearKeys' },
  SMEARCACHE_TLS: { 'Fn::If': ['MakesServerless', 'true', { Ref: 'CacheTransitEncryption' }] },
  SMEARCACHE_SELF_CHECK: 'true',
};

/** What is counted in the log is what the alarm reads, of the functions' own lines. */
export const strangeFilters: Check = (resources) => {
  const filters = ofType(resources, /^AWS::Logs::MetricFilter$/).map(
    ([name, { Properties }]: readonly [string, Resource]) => [name, Properties] as const,
  );
  const logs = ofType(resources, /^AWS::Lambda::Function$/)
    .filter(
      ([, { Properties }]) =>
        !isDeepStrictEqual(Properties.LoggingConfig, {
          LogGroup: { Ref: 'FunctionLogGroup' },
          LogFormat: 'JSON',
        }),
    )
    .map(([name]) => `${name} logs elsewhere`);
  return [...unlike(filters, FILTERS), ...logs];
};

const FILTERS: Readonly<Record<string, Properties>> = {
  LoggedErrorsMetric: {
    LogGroupName: { Ref: 'FunctionLogGroup' },
    FilterPattern: '{ $.level = "ERROR" }',
    MetricTransformations: [
      {
        MetricNamespace: { Ref: 'AWS::StackName' },
        MetricName: 'LoggedErrors',
        MetricValue: '1',
        DefaultValue: 0,
      },
    ],
  },
};
