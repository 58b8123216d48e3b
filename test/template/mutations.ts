import * as checks from './checks.ts';
import {
  strangeAlarms,
  strangeFilters,
  strangeFunctions,
  strangeRoles,
  strangeWays,
  unlistedAlarms,
} from './exact.ts';
import { openFunctions, strangeCaches } from './reach.ts';

export const CHECKS = {
  unhookedAliases: checks.unhookedAliases,
  unknownDeploymentTypes: checks.unknownDeploymentTypes,
  wildcards: checks.wildcards,
  unwatchedVersions: checks.unwatchedVersions,
  openSecurityGroups: checks.openSecurityGroups,
  strangeAlarms,
  unlistedAlarms,
  strangeRoles,
  strangeWays,
  strangeFunctions,
  strangeFilters,
  openFunctions,
  strangeCaches,
} as const;

/** A change of the template, and the check that must find it, by words of its finding. */
export interface Mutation {
  readonly what: string;
  readonly check: keyof typeof CHECKS;
  readonly pattern: RegExp;
  readonly replacement: string;
  readonly found: string;
}

const mutation = (
  what: string,
  check: keyof typeof CHECKS,
  pattern: RegExp,
  replacement: string,
  found: string,
): Mutation => ({ what, check, pattern, replacement, found });

/** Within one alarm of the template. */
const inAlarm = (name: string, rest: string): RegExp =>
  new RegExp(`(  ${name}Alarm:\\n(?: {4}.*\\n)*?(?: {4}.*?)??)${rest}`);

// Each passes the translator: without the check it would show at a deployment, or in an incident.
export const MUTATIONS: readonly Mutation[] = [
  mutation(
    'a misspelt hook',
    'unhookedAliases',
    /PreTraffic: !Ref GetItemPreTrafficHook/,
    'PreTrafic: !Ref GetItemPreTrafficHook',
    'BeforeAllowTrafficHook',
  ),
  mutation(
    'a hook that CodeDeploy may not invoke',
    'unhookedAliases',
    /!Sub CodeDeployHook_(.*_put_post)/,
    '!Sub Hook_$1',
    'AfterAllowTrafficHook',
  ),
  mutation(
    'an unknown deployment type',
    'unknownDeploymentTypes',
    /!Ref DeploymentPreferenceType\]/,
    'Canary10Percent7Minutes]',
    'Canary10Percent7Minutes',
  ),
  mutation(
    'an alarm without the version',
    'unwatchedVersions',
    / {8}- Name: ExecutedVersion\n.*PutItemFunction\.Version\.Version\n/,
    '',
    'PutItemFunctionDeploymentGroup',
  ),
  mutation(
    'an alarm on another function’s version',
    'unwatchedVersions',
    /(ExecutedVersion\n.*)GetItemFunction(\.Version\.Version)/,
    '$1PutItemFunction$2',
    'PutItemFunctionVersion',
  ),
  mutation(
    'an alarm on the cache without the version',
    'unwatchedVersions',
    inAlarm('PutItemServerErrors', ' {8}- Name: function_version\n.*\n'),
    '$1',
    'an alarm on the cache has no function_version',
  ),
  mutation(
    'an open security group',
    'openSecurityGroups',
    /SourceSecurityGroupId: !Ref FunctionSecurityGroup/,
    'CidrIp: 0.0.0.0/0',
    'CacheFromFunction',
  ),
  mutation('a wildcard action', 'wildcards', /Action: dynamodb:PutItem/, 'Action: dynamodb:*', 'dynamodb:*'),
  mutation(
    'a wildcard resource',
    'wildcards',
    /Resource: !Sub (.*)\$\{GetItemFunctionDeploymentGroup\}/,
    'Resource: !Sub $1*',
    'PutLifecycleEventHookExecutionStatus',
  ),
  mutation(
    'a wildcard for one letter',
    'wildcards',
    /Action: dynamodb:GetItem/,
    'Action: dynamodb:?etItem',
    'dynamodb:?etItem',
  ),
  mutation(
    'all actions but one',
    'wildcards',
    /Action: dynamodb:DeleteItem/,
    'NotAction: iam:CreateUser',
    'DeleteItemFunctionRole allows all but what it names',
  ),
  mutation(
    'all resources but one',
    'wildcards',
    /(Action: dynamodb:PutItem\n +)Resource: .*/,
    '$1NotResource: arn:aws:s3:::backups',
    'PutItemFunctionRole allows all but what it names',
  ),
  // ------------------------------------------------------------------ alarms
  mutation(
    'a threshold that no canary reaches',
    'strangeAlarms',
    inAlarm('GetItemErrors', 'Threshold: 0\n'),
    '$1Threshold: 1000\n',
    'GetItemErrorsAlarm: Threshold is 1000',
  ),
  mutation(
    'a threshold for answers of 5xx',
    'strangeAlarms',
    inAlarm('PutItemServerErrors', 'Threshold: 0\n'),
    '$1Threshold: 10\n',
    'PutItemServerErrorsAlarm: Threshold is 10',
  ),
  mutation(
    'a comparison the other way round',
    'strangeAlarms',
    inAlarm('ListItemsLatency', 'GreaterThanThreshold'),
    '$1LessThanThreshold',
    'ListItemsLatencyAlarm: ComparisonOperator is "LessThanThreshold"',
  ),
  mutation(
    'a hit ratio that may be as low as it likes',
    'strangeAlarms',
    inAlarm('GetItemHitRatio', 'LessThanThreshold'),
    '$1GreaterThanThreshold',
    'GetItemHitRatioAlarm: ComparisonOperator',
  ),
  mutation(
    'another statistic',
    'strangeAlarms',
    inAlarm('DeleteItemErrors', 'Statistic: Sum'),
    '$1Statistic: Minimum',
    'DeleteItemErrorsAlarm: Statistic is "Minimum"',
  ),
  mutation(
    'another percentile',
    'strangeAlarms',
    inAlarm('GetItemLatency', 'p99'),
    '$1p50',
    'GetItemLatencyAlarm: ExtendedStatistic is "p50"',
  ),
  mutation(
    'another period',
    'strangeAlarms',
    inAlarm('PutItemErrors', 'Period: 60'),
    '$1Period: 86400',
    'PutItemErrorsAlarm: Period is 86400',
  ),
  mutation(
    'more periods than a canary has',
    'strangeAlarms',
    inAlarm('GetItemUndecodable', 'EvaluationPeriods: 1'),
    '$1EvaluationPeriods: 60',
    'GetItemUndecodableAlarm: EvaluationPeriods is 60',
  ),
  mutation(
    'missing data that ring',
    'strangeAlarms',
    inAlarm('GetItemErrors', 'TreatMissingData: notBreaching'),
    '$1TreatMissingData: breaching',
    'GetItemErrorsAlarm: TreatMissingData is "breaching"',
  ),
  mutation(
    'a percentile that is deaf to a canary’s traffic',
    'strangeAlarms',
    inAlarm('PutItemLatency', 'EvaluateLowSampleCountPercentile: evaluate'),
    '$1EvaluateLowSampleCountPercentile: ignore',
    'PutItemLatencyAlarm: EvaluateLowSampleCountPercentile is "ignore"',
  ),
  mutation(
    'a hit ratio of another function',
    'strangeAlarms',
    inAlarm('ListItemsHitRatio', '-list-items'),
    '$1-get-item',
    'ListItemsHitRatioAlarm: Metrics is',
  ),
  mutation(
    'a hit ratio that leaves out reads which nobody answered',
    'strangeAlarms',
    inAlarm('GetItemHitRatio', ' \\+ FILL\\(unavailable, 0\\)\\), 100\\)'),
    '$1), 100)',
    'GetItemHitRatioAlarm: Metrics is',
  ),
  mutation(
    'cache errors without a floor',
    'strangeAlarms',
    inAlarm('GetItemCacheErrors', '>= 5'),
    '$1>= 0',
    'GetItemCacheErrorsAlarm: Metrics is',
  ),
  mutation(
    'figures of all stacks together',
    'strangeAlarms',
    inAlarm('GetItemServerErrors', 'Namespace: !Ref AWS::StackName'),
    '$1Namespace: smearcache',
    'GetItemServerErrorsAlarm: Namespace is "smearcache"',
  ),
  mutation(
    'a limit that no parameter sets',
    'strangeAlarms',
    inAlarm('GetItemLatency', '!Ref LatencyAlarmMillis'),
    '$1 900000',
    'GetItemLatencyAlarm: Threshold is 900000',
  ),
  mutation(
    'a deployment that answers of 5xx do not stop',
    'unlistedAlarms',
    / {10}- !Ref PutItemServerErrorsAlarm\n/,
    '',
    'PutItemFunction is not rolled back by PutItemServerErrorsAlarm',
  ),
  // ------------------------------------------------------------------- rights
  mutation(
    'an administrator of a function',
    'strangeRoles',
    /(POWERTOOLS_SERVICE_NAME: .*put-item\n {6}Policies:\n)/,
    '$1        - arn:aws:iam::aws:policy/AdministratorAccess\n',
    'PutItemFunctionRole: ManagedPolicyArns is',
  ),
  mutation(
    'an administrator of a hook',
    'strangeRoles',
    /(CheckFunction: DeleteItemFunction\n {6}Policies:\n)/,
    '$1        - arn:aws:iam::aws:policy/AdministratorAccess\n',
    'DeleteItemPreTrafficHookRole: ManagedPolicyArns is',
  ),
  mutation(
    'a function under a role of others',
    'strangeRoles',
    / {6}Handler: get-item\.handler\n/,
    '      Handler: get-item.handler\n      Role: arn:aws:iam::123456789012:role/admin\n',
    'GetItemFunction has the role "arn:aws:iam::123456789012:role/admin"',
  ),
  mutation(
    'a policy beside the roles',
    'strangeRoles',
    /^Resources:\n/m,
    'Resources:\n  Extra:\n    Type: AWS::IAM::Policy\n    Properties:\n      PolicyName: extra\n      Roles: [!Ref GetItemFunctionRole]\n      PolicyDocument: {}\n',
    'there is a Extra',
  ),
  mutation(
    'a deployment under a role of others',
    'strangeRoles',
    / {8}Hooks:\n {10}PreTraffic: !Ref GetItemPreTrafficHook\n/,
    '        Role: arn:aws:iam::123456789012:role/admin\n        Hooks:\n          PreTraffic: !Ref GetItemPreTrafficHook\n',
    'GetItemFunctionDeploymentGroup has the role "arn:aws:iam::123456789012:role/admin"',
  ),
  // ------------------------------------------------------------------ network
  mutation(
    'functions that may go anywhere',
    'strangeWays',
    /( {10}CidrIp: 0\.0\.0\.0\/0\n)/,
    "$1        - IpProtocol: '-1'\n          CidrIp: 0.0.0.0/0\n",
    'FunctionSecurityGroup: SecurityGroupEgress is',
  ),
  mutation(
    'nodes that may go anywhere',
    'strangeWays',
    /127\.0\.0\.1\/32/,
    '0.0.0.0/0',
    'CacheSecurityGroup: SecurityGroupEgress is',
  ),
  mutation(
    'an egress rule of its own',
    'strangeWays',
    /^Resources:\n/m,
    "Resources:\n  Out:\n    Type: AWS::EC2::SecurityGroupEgress\n    Properties:\n      GroupId: !Ref FunctionSecurityGroup\n      IpProtocol: '-1'\n      CidrIp: 0.0.0.0/0\n",
    'there is a Out',
  ),
  mutation(
    'a port that an existing cluster may not have',
    'strangeWays',
    /(FunctionToCache:\n(?: {4}.*\n)*? {6}FromPort: ).*\n( {6}ToPort: ).*\n/,
    '$111211\n$211211\n',
    'FunctionToCache: FromPort is 11211',
  ),
  // ---------------------------------------------------------- functions, hooks
  mutation(
    'a hook that is not told the version',
    'strangeFunctions',
    / {10}NewVersion: !Ref GetItemFunction\.Version\n/,
    '          NewVerson: !Ref GetItemFunction.Version\n',
    'GetItemPreTrafficHook: NewVersion is undefined',
  ),
  mutation(
    'a hook that is told another function’s version',
    'strangeFunctions',
    /NewVersion: !Ref PutItemFunction\.Version/,
    'NewVersion: !Ref GetItemFunction.Version',
    'PutItemPreTrafficHook: NewVersion is',
  ),
  mutation(
    'a hook without its budget',
    'strangeFunctions',
    / {10}MovedShareBudget: .*\n/,
    '',
    'GetItemPreTrafficHook: MovedShareBudget is undefined',
  ),
  mutation(
    'a hook on a runtime that its code is not built for',
    'strangeFunctions',
    /(FunctionName: !Sub CodeDeployHook_.*_put_pre\n)/,
    '$1      Runtime: nodejs18.x\n',
    'PutItemPreTrafficHook: Runtime is "nodejs18.x"',
  ),
  mutation(
    'a hook that has no time to answer',
    'strangeFunctions',
    /Timeout: 120/,
    'Timeout: 3',
    'GetItemPreTrafficHook: Timeout is 3',
  ),
  mutation(
    'a hook that looks for another function’s figures',
    'strangeFunctions',
    /(FunctionName: .*_get_post\n(?: {6}.*\n)*? {10}POWERTOOLS_SERVICE_NAME: .*)get-item/,
    '$1put-item',
    'GetItemPostTrafficHook: POWERTOOLS_SERVICE_NAME is',
  ),
  mutation(
    'figures under a name that two stacks have',
    'strangeFunctions',
    /POWERTOOLS_METRICS_NAMESPACE: .*/,
    'POWERTOOLS_METRICS_NAMESPACE: smearcache',
    'GetItemFunction: POWERTOOLS_METRICS_NAMESPACE is "smearcache"',
  ),
  mutation(
    'functions that answer no check',
    'strangeFunctions',
    /SMEARCACHE_SELF_CHECK: 'true'/,
    "SMEARCACHE_SELF_CHECK: 'false'",
    'GetItemFunction: SMEARCACHE_SELF_CHECK is "false"',
  ),
  // ---------------------------------------------------------------------- log
  mutation(
    'a filter that finds nothing',
    'strangeFilters',
    /\$\.level = "ERROR"/,
    '$$.level = "FATAL"',
    'LoggedErrorsMetric: FilterPattern is',
  ),
  mutation(
    'a filter for another alarm',
    'strangeFilters',
    /- MetricNamespace: !Ref AWS::StackName/,
    '- MetricNamespace: smearcache',
    'LoggedErrorsMetric: MetricTransformations is',
  ),
  mutation(
    'a function that logs elsewhere',
    'strangeFilters',
    / {6}Handler: get-item\.handler\n/,
    '      Handler: get-item.handler\n      LoggingConfig:\n        LogGroup: !Ref AccessLogGroup\n',
    'GetItemFunction logs elsewhere',
  ),
  mutation(
    'a sampler of hot keys that always runs',
    'strangeFunctions',
    / {4}Condition: SamplesHotKeys\n/,
    '',
    'HotKeySamplerFunction: Condition is undefined',
  ),
  // -------------------------------------------------------------------- reach
  mutation(
    'a function with a URL for everybody',
    'openFunctions',
    / {6}Handler: get-item\.handler\n/,
    '      Handler: get-item.handler\n      FunctionUrlConfig: { AuthType: NONE }\n',
    'is a URL of a function',
  ),
  mutation(
    'a function that everybody may invoke',
    'openFunctions',
    /^Resources:\n/m,
    "Resources:\n  Open:\n    Type: AWS::Lambda::Permission\n    Properties:\n      Action: lambda:InvokeFunction\n      FunctionName: !Ref GetItemFunction\n      Principal: '*'\n",
    'Open lets in "*"',
  ),
  mutation(
    'a function that may not run',
    'openFunctions',
    / {6}Handler: put-item\.handler\n/,
    '      Handler: put-item.handler\n      ReservedConcurrentExecutions: 0\n',
    'PutItemFunction runs so often only: 0',
  ),
  mutation(
    'nodes in the functions’ group',
    'strangeCaches',
    /VpcSecurityGroupIds: \[!Ref CacheSecurityGroup\]/,
    'VpcSecurityGroupIds: [!Ref FunctionSecurityGroup]',
    'CacheCluster: VpcSecurityGroupIds is',
  ),
  mutation(
    'nodes on a port that no rule opens',
    'strangeCaches',
    / {6}NumCacheNodes: /,
    '      Port: 11222\n      NumCacheNodes: ',
    'CacheCluster: Port is 11222',
  ),
  mutation(
    'a serverless cache of another engine',
    'strangeCaches',
    /(ServerlessCache:\n(?: {4}.*\n)*? {6}Engine: )memcached/,
    '$1valkey',
    'ServerlessCache: Engine is "valkey"',
  ),
];
