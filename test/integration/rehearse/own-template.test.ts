import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { expect, it } from 'vitest';
import { startBackingServices } from '../../../scripts/local/backing-services.ts';
import { openBuildDirectory } from '../../../scripts/local/build-directory.ts';
import { NEW, OLD, readDeployment, VERSIONS } from '../../../scripts/rehearse/deployment.ts';
import { MetricStore } from '../../../scripts/rehearse/metric-store.ts';
import { parametersOf } from '../../../scripts/rehearse/parameters.ts';
import { Versions } from '../../../scripts/rehearse/versions.ts';

/** A project whose function answers its variables; its table has another name in each version. */
const templateOf = (table: string, parameters: string, variables: string): string => `
Parameters:
  Stage: { Type: String, Default: dev, AllowedValues: [dev, prod] }
  ${parameters}
Resources:
  ${table}:
    Type: AWS::Serverless::SimpleTable
  Shared:
    Type: AWS::Serverless::SimpleTable
  Get:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: nodejs24.x
      Handler: index.handler
      InlineCode: 'exports.handler = async () => { const { STAGE, COLOR, TABLE } = process.env; return { STAGE, COLOR, TABLE }; };'
      AutoPublishAlias: live
      DeploymentPreference: { Type: AllAtOnce }
      Environment:
        Variables: { STAGE: !Ref Stage, TABLE: !Ref ${table}, ${variables} }
`;

it('each version runs by its own template: parameters, variables and tables', {
  timeout: 60_000,
}, async () => {
  const directory = await openBuildDirectory();
  const templates = {
    [OLD]: path.join(directory.path, 'old/template.yaml'),
    [NEW]: path.join(directory.path, 'new/template.yaml'),
  };
  for (const file of Object.values(templates)) await mkdir(path.dirname(file));
  const color = 'Color: { Type: String, Default: red }';
  await writeFile(templates[OLD], templateOf('Items', color, 'COLOR: !Ref Color'));
  await writeFile(templates[NEW], templateOf('Products', 'Size: { Type: Number }', 'COLOR: none'));
  const parameters = {
    [OLD]: await parametersOf('the old version', templates[OLD], { Stage: 'dev', Color: 'blue' }),
    [NEW]: await parametersOf('the new version', templates[NEW], { Size: '3' }),
  };
  const { localValues, hooks, filters } = await readDeployment(templates[NEW], parameters[NEW]);
  const services = await startBackingServices(templates[NEW], parameters[NEW], {
    templateFile: templates[OLD],
    parameterOverrides: parameters[OLD],
  });
  const versions = await Versions.open({
    templates,
    parameters,
    services,
    localValues,
    environment: {},
    store: new MetricStore(),
    filters,
    hooks,
    onTrouble: () => {},
  });
  const client = new DynamoDBClient({
    endpoint: services.dynamodbEndpoint!,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  try {
    const answers = await Promise.all(
      VERSIONS.map(async (version) => (await versions.invoke('Get', version, 'live', '{}')).payload),
    );
    expect(answers.map((payload) => JSON.parse(payload))).toEqual([
      { STAGE: 'dev', COLOR: 'blue', TABLE: 'Items' },
      { STAGE: 'prod', COLOR: 'none', TABLE: 'Products' },
    ]);
    const { TableNames } = await client.send(new ListTablesCommand());
    expect(TableNames).toEqual(['Items', 'Products', 'Shared']);
  } finally {
    client.destroy();
    await versions.close();
    await services.close();
    await directory.remove();
  }
});
