import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseCloudFormation } from '../../scripts/local/template/cloudformation-yaml.ts';

type Tree = { readonly [key: string]: Tree };

const ROOT = new URL('../../', import.meta.url);
const template = parseCloudFormation(readFileSync(new URL('template.yaml', ROOT), 'utf8')) as Tree;
const { Globals, Parameters, Resources } = template as Record<string, Tree>;
const functions = Object.entries(Resources!).filter(([, { Type }]) => is(Type, 'AWS::Serverless::Function'));

function is(actual: unknown, expected: string): boolean {
  return actual === expected;
}

describe('template.yaml', () => {
  it('has a function for each handler', () => {
    // The deployment hooks in their folder are no functions of the API.
    const handlers = readdirSync(new URL('handlers/', ROOT)).filter(
      (file) =>
        file.endsWith('.ts') &&
        /export const handler\b/.test(readFileSync(new URL(`handlers/${file}`, ROOT), 'utf8')),
    );
    const entryPoints = functions.flatMap(([, { Metadata }]) => Metadata!.BuildProperties!.EntryPoints);
    expect(entryPoints).toEqual(expect.arrayContaining(handlers.map((file) => `handlers/${file}`)));
    expect(entryPoints).toHaveLength(handlers.length);
  });

  it.each(functions)('builds %s with esbuild, as the others', (_, { Metadata, Properties }) => {
    const { EntryPoints, ...build } = Metadata!.BuildProperties as unknown as { EntryPoints: string[] };
    const [entryPoint] = EntryPoints;
    expect(existsSync(new URL(entryPoint!, ROOT))).toBe(true);
    expect(Properties!.Handler).toBe(entryPoint!.replace(/^handlers\/(.*)\.ts$/, '$1.handler'));
    expect(build).toEqual({
      External: ['@aws-sdk/*'],
      Format: 'esm',
      OutExtension: ['.js=.mjs'],
      Target: 'es2024',
      Minify: true,
      Sourcemap: true,
      MainFields: 'module,main',
      Banner: [expect.stringMatching(/^js=import \{ createRequire as .*const require = /)],
    });
  });

  it('gives every function the live alias, a new version for any change, and the deployment preference', () => {
    expect(Globals!.Function).toMatchObject({
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      AutoPublishAlias: 'live',
      AutoPublishAliasAllProperties: true,
      DeploymentPreference: {
        Type: { 'Fn::If': ['IsDev', 'AllAtOnce', { Ref: 'DeploymentPreferenceType' }] },
      },
    });
    for (const [, { Properties }] of functions)
      expect(Object.keys(Properties!)).not.toContain('AutoPublishAlias');
  });

  // Neither cfn-lint nor the translator knows the names: a typo would fail at the first deployment.
  it('offers the deployment types that CodeDeploy has', () => {
    const { AllowedValues, Default } = Parameters!.DeploymentPreferenceType as unknown as Record<
      string,
      string[]
    >;
    for (const type of AllowedValues!) {
      expect(type).toMatch(
        /^(Canary10Percent(5|10|15|30)Minutes|Linear10PercentEvery(1Minute|[23]Minutes|10Minutes)|AllAtOnce)$/,
      );
    }
    expect(AllowedValues).toContain(Default);
  });

  it('injects the table, the configuration endpoint and the hot keys', () => {
    expect(Globals!.Function!.Environment!.Variables).toMatchObject({
      ITEMS_TABLE: { Ref: 'ItemsTable' },
      SMEARCACHE_CONFIGURATION_ENDPOINT: {
        'Fn::Sub': `\${CacheCluster.ConfigurationEndpoint.Address}:\${CacheCluster.ConfigurationEndpoint.Port}`,
      },
      SMEARCACHE_SMEAR_KEYS: { Ref: 'SmearKeys' },
    });
  });

  it('needs only the network; encryption in transit waits for a transport that has it', () => {
    const required = Object.entries(Parameters!).filter(([, { Default }]) => Default === undefined);
    expect(required.map(([name]) => name)).toEqual(['VpcId', 'PrivateSubnetIds']);
    expect(Parameters!.CacheTransitEncryption!.Default).toBe('true');
    expect(Resources!.CacheCluster!.Properties).toMatchObject({
      Engine: 'memcached',
      EngineVersion: '1.6.22',
      TransitEncryptionEnabled: { Ref: 'CacheTransitEncryption' },
    });
  });

  it.each(functions)(
    'rolls %s back by an alarm on its new version and one on logged errors',
    (name, { Properties }) => {
      const own = `${name.replace(/Function$/, '')}ErrorsAlarm`;
      expect(Properties!.DeploymentPreference!.Alarms).toEqual([{ Ref: own }, { Ref: 'LoggedErrorsAlarm' }]);
      expect(Resources![own]!.Properties).toMatchObject({
        Namespace: 'AWS/Lambda',
        MetricName: 'Errors',
        Dimensions: [
          { Name: 'FunctionName', Value: { Ref: name } },
          { Name: 'Resource', Value: { 'Fn::Sub': `\${${name}}:live` } },
          { Name: 'ExecutedVersion', Value: { 'Fn::GetAtt': [name, 'Version.Version'] } },
        ],
        TreatMissingData: 'notBreaching',
      });
    },
  );

  it('keeps logs for the time that the parameter says', () => {
    const logGroups = Object.values(Resources!).filter(({ Type }) => is(Type, 'AWS::Logs::LogGroup'));
    expect(logGroups).toHaveLength(2);
    for (const { Properties } of logGroups) {
      expect(Properties).toEqual({ RetentionInDays: { Ref: 'LogRetentionDays' } });
    }
  });
});
