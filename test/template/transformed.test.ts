import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { runPython } from '../support/python.ts';

interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
  readonly UpdatePolicy?: unknown;
}
interface Statement {
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
}

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
  let resources: Readonly<Record<string, Resource>>;

  const ofType = (type: string) => Object.entries(resources).filter(([, { Type }]) => Type === type);
  const properties = (name: string) => resources[name]!.Properties;
  const transform = (...parameters: string[]) => {
    const { status, stdout, output } = runPython(
      pathTo('../support/sam-translate.py'),
      TEMPLATE,
      ...parameters,
    );
    expect(status, output).toBe(0);
    return JSON.parse(stdout).Resources as typeof resources;
  };

  beforeAll(() => {
    resources = transform('Stage=prod');
  });

  it('passes cfn-lint without a warning', () => {
    expect(runPython('-c', 'from cfnlint.runner import main; main()', TEMPLATE)).toMatchObject({
      status: 0,
      output: '',
    });
  });

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
        'Fn::If': ['IsDev', codeDeployDefault('AllAtOnce'), codeDeployDefault('Canary10Percent5Minutes')],
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
            'Fn::Sub': `\${CacheCluster.ConfigurationEndpoint.Address}:\${CacheCluster.ConfigurationEndpoint.Port}`,
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
    expect(statementsOf(properties(`${name}Role`))).toEqual([
      { Effect: 'Allow', Action: ACTIONS[name][0], Resource: { 'Fn::GetAtt': ['ItemsTable', 'Arn'] } },
    ]);
  });

  it('has no wildcard in a policy', () => {
    const policies = ofType('AWS::IAM::Role').flatMap(([, role]) => statementsOf(role.Properties));
    const endpoint = (properties('TableEndpoint').PolicyDocument as { Statement: Statement[] }).Statement;
    for (const { Action, Resource } of [...policies, ...endpoint]) {
      expect(JSON.stringify([Action, Resource])).not.toContain('*');
    }
  });

  it('opens the nodes to the functions only', () => {
    const ingress = ofType('AWS::EC2::SecurityGroupIngress').map(([, rule]) => rule.Properties);
    expect(ingress).toMatchObject([
      {
        GroupId: { Ref: 'CacheSecurityGroup' },
        SourceSecurityGroupId: { Ref: 'FunctionSecurityGroup' },
        FromPort: 11211,
        ToPort: 11211,
      },
    ]);
    for (const [, group] of ofType('AWS::EC2::SecurityGroup')) {
      expect(group.Properties).not.toHaveProperty('SecurityGroupIngress');
    }
  });
});

const codeDeployDefault = (ConfigName: string) => ({
  'Fn::Sub': [`CodeDeployDefault.Lambda\${ConfigName}`, { ConfigName }],
});

function statementsOf(role: Resource['Properties']): Statement[] {
  const policies = (role.Policies ?? []) as { PolicyDocument: { Statement: Statement[] } }[];
  return policies.flatMap(({ PolicyDocument }) => PolicyDocument.Statement);
}
