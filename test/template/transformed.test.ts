import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { runPython } from '../support/python.ts';
import { type Resources, type Statement, statementsOf } from './checks.ts';
import { CHECKS, MUTATIONS } from './mutations.ts';

const pathTo = (file: string) => fileURLToPath(new URL(file, import.meta.url));
const TEMPLATE = pathTo('../../template.yaml');

const ACTIONS = {
  GetItemFunction: ['dynamodb:GetItem'],
  ListItemsFunction: ['dynamodb:BatchGetItem'],
  PutItemFunction: ['dynamodb:PutItem'],
  DeleteItemFunction: ['dynamodb:DeleteItem'],
};
const functions = Object.keys(ACTIONS) as (keyof typeof ACTIONS)[];

// On CI a missing tool is a failure, not a reason to skip.
const runs = process.env.CI === 'true' || runPython('-c', 'import samtranslator, cfnlint').status === 0;

describe.skipIf(!runs)('template.yaml, transformed (needs cfn-lint and aws-sam-translator)', () => {
  let resources: Resources;

  const properties = (name: string) => resources[name]!.Properties;
  const transformFiles = (files: readonly string[], ...parameters: string[]): Resources[] => {
    const { status, stdout, output } = runPython(
      pathTo('../support/sam-translate.py'),
      ...files,
      ...parameters,
    );
    expect(status, output).toBe(0);
    return (JSON.parse(stdout) as { Resources: Resources }[]).map(({ Resources }) => Resources);
  };
  const transform = (...parameters: string[]) => transformFiles([TEMPLATE], ...parameters)[0]!;

  beforeAll(() => {
    resources = transform('Stage=prod');
  });

  it('passes cfn-lint without a warning', () => {
    expect(runPython('-c', 'from cfnlint.runner import main; main()', TEMPLATE)).toMatchObject({
      status: 0,
      output: '',
    });
  }, 60_000);

  it.each(functions)('publishes %s behind the live alias, which CodeDeploy shifts', (name) => {
    expect(resources[`${name}Aliaslive`]).toMatchObject({
      Type: 'AWS::Lambda::Alias',
      UpdatePolicy: {
        CodeDeployLambdaAliasUpdate: {
          ApplicationName: { Ref: 'ServerlessDeploymentApplication' },
          DeploymentGroupName: { Ref: `${name}DeploymentGroup` },
        },
      },
      Properties: {
        Name: 'live',
        FunctionName: { Ref: name },
        FunctionVersion: { 'Fn::GetAtt': [expect.stringMatching(`^${name}Version`), 'Version'] },
      },
    });
  });

  it.each(functions)('deploys %s by a built-in configuration and rolls back on its alarms', (name) => {
    const group = properties(`${name}DeploymentGroup`);
    expect(group).toMatchObject({
      DeploymentConfigName: {
        'Fn::If': [
          'IsDev',
          codeDeployDefault('AllAtOnce'),
          {
            'Fn::If': [
              'IsCustomCanary',
              { Ref: 'CustomCanaryConfig' },
              {
                'Fn::If': [
                  'IsCustomLinear',
                  { Ref: 'CustomLinearConfig' },
                  codeDeployDefault('Canary10Percent5Minutes'),
                ],
              },
            ],
          },
        ],
      },
      AutoRollbackConfiguration: {
        Enabled: true,
        Events: expect.arrayContaining(['DEPLOYMENT_STOP_ON_ALARM']),
      },
    });
    const { Alarms } = group.AlarmConfiguration as { Alarms: { Name: { Ref: string } }[] };
    for (const { Name } of Alarms) expect(resources[Name.Ref]?.Type).toBe('AWS::CloudWatch::Alarm');
  });

  it('takes another deployment type from the parameter', () => {
    const { GetItemFunctionDeploymentGroup } = transform(
      'DeploymentPreferenceType=Linear10PercentEvery1Minute',
    );
    expect(JSON.stringify(GetItemFunctionDeploymentGroup)).toContain('"Linear10PercentEvery1Minute"');
  });

  it('routes each request to an alias, never to the newest code', () => {
    const { paths } = properties('Api').Body as { paths: Record<string, Record<string, object>> };
    const routes = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => [
        `${method.toUpperCase()} ${path}`,
        /functions\/\$\{(\w+)\}\/invocations/.exec(JSON.stringify(operation))?.[1],
        'security' in operation ? 'signed' : 'public',
      ]),
    );
    expect(routes.sort()).toEqual([
      ['DELETE /items/{id}', 'DeleteItemFunctionAliaslive', 'signed'],
      ['GET /items', 'ListItemsFunctionAliaslive', 'public'],
      ['GET /items/{id}', 'GetItemFunctionAliaslive', 'public'],
      ['PUT /items/{id}', 'PutItemFunctionAliaslive', 'signed'],
    ]);
  });

  it.each(functions)('tells %s where the cache and the table are, inside the VPC', (name) => {
    expect(properties(name)).toMatchObject({
      Runtime: 'nodejs24.x',
      Environment: {
        Variables: {
          ITEMS_TABLE: { Ref: 'ItemsTable' },
          SMEARCACHE_CONFIGURATION_ENDPOINT: {
            'Fn::If': [
              'MakesCluster',
              {
                'Fn::Sub': `\${CacheCluster.ConfigurationEndpoint.Address}:\${CacheCluster.ConfigurationEndpoint.Port}`,
              },
              expect.anything(),
            ],
          },
        },
      },
      VpcConfig: {
        SecurityGroupIds: [{ Ref: 'FunctionSecurityGroup' }],
        SubnetIds: { Ref: 'PrivateSubnetIds' },
      },
    });
  });

  it.each(functions)('lets %s do its one thing to the one table', (name) => {
    expect(statementsOf(resources[`${name}Role`]!)).toEqual([
      { Effect: 'Allow', Action: ACTIONS[name][0], Resource: { 'Fn::GetAtt': ['ItemsTable', 'Arn'] } },
    ]);
  });

  it.each(functions)(
    'lets the hooks of %s do what they do, to this function and this deployment group',
    (name) => {
      const role = (kind: string) => statementsOf(resources[`${name.replace(/Function$/, kind)}HookRole`]!);
      const group = {
        'Fn::Sub': expect.stringMatching(
          new RegExp(
            `:deploymentgroup:\\$\\{ServerlessDeploymentApplication\\}/\\$\\{${name}DeploymentGroup\\}$`,
          ),
        ),
      };
      const live = { 'Fn::Sub': `\${${name}.Arn}:live` };
      const both = [{ Ref: expect.stringMatching(`^${name}Version`) }, live];
      expect(role('PreTraffic')).toEqual([
        { Effect: 'Allow', Action: 'codedeploy:PutLifecycleEventHookExecutionStatus', Resource: group },
        { Effect: 'Allow', Action: 'lambda:InvokeFunction', Resource: both },
        { Effect: 'Allow', Action: 'lambda:GetFunctionConfiguration', Resource: both },
      ]);
      expect(role('PostTraffic')).toEqual([
        {
          Effect: 'Allow',
          Action: ['codedeploy:PutLifecycleEventHookExecutionStatus', 'codedeploy:GetDeployment'],
          Resource: group,
        },
        { Effect: 'Allow', Action: 'cloudwatch:GetMetricData', Resource: '*' },
      ]);
    },
  );

  it.each(Object.entries(CHECKS))('has no %s', (_, check) => {
    expect(check(resources)).toEqual([]);
  });

  it('has policies to look through', () => {
    const documents = Object.values(resources).flatMap((resource): Statement[] => statementsOf(resource));
    expect(documents.length).toBeGreaterThan(20);
  });

  describe('once it is changed', () => {
    const mutated = MUTATIONS.map(({ pattern, replacement }) =>
      readFileSync(TEMPLATE, 'utf8').replace(pattern, replacement),
    );
    let transformed: Resources[];

    beforeAll(() => {
      const directory = mkdtempSync(join(tmpdir(), 'template-'));
      try {
        const files = mutated.map((source, i) => {
          const file = join(directory, `${i}.yaml`);
          writeFileSync(file, source);
          return file;
        });
        transformed = transformFiles(files, 'Stage=prod');
      } finally {
        rmSync(directory, { recursive: true });
      }
    }, 60_000);

    it.each(MUTATIONS.map((mutation, i) => [mutation.what, mutation, i] as const))(
      'has %s',
      (_, { check, found }, i) => {
        expect(mutated[i]).not.toBe(readFileSync(TEMPLATE, 'utf8'));
        expect(CHECKS[check](transformed[i]!).join('\n')).toContain(found);
      },
    );

    it('is caught by every check, each by a change of its own', () => {
      expect(new Set(MUTATIONS.map(({ check }) => check))).toEqual(new Set(Object.keys(CHECKS)));
    });
  });

  it.each(['CustomCanary', 'CustomLinear'])('shifts by a configuration of its own for %s', (type) => {
    const kind = type.replace('Custom', '');
    expect(transform('Stage=prod', `DeploymentPreferenceType=${type}`)[`${type}Config`]!.Properties).toEqual({
      ComputePlatform: 'Lambda',
      TrafficRoutingConfig: {
        Type: `TimeBased${kind}`,
        [`TimeBased${kind}`]: {
          [`${kind}Percentage`]: { Ref: 'CustomPercent' },
          [`${kind}Interval`]: { Ref: 'CustomMinutes' },
        },
      },
    });
  });

  it('shows the version that the alias moves to on the dashboard', () => {
    const [body] = (properties('Dashboard').DashboardBody as { 'Fn::Sub': [string, object] })['Fn::Sub'];
    const versions = [...body.matchAll(/\$\{(\w+)\.Version\}/g)].map(([, name]) => name!);
    expect(versions.length).toBeGreaterThan(0);
    for (const name of versions) expect(resources[name]?.Type).toBe('AWS::Lambda::Version');
    expect(body).not.toContain('Version.Version');
  });
});

const codeDeployDefault = (ConfigName: string) => ({
  'Fn::Sub': [`CodeDeployDefault.Lambda\${ConfigName}`, { ConfigName }],
});
