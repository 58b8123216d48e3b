import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseCloudFormation } from '../../scripts/local/template/cloudformation-yaml.ts';
import { alarmsOf, SERVICES } from './expected-alarms.ts';

type Tree = { readonly [key: string]: Tree };

const ROOT = new URL('../../', import.meta.url);
const template = parseCloudFormation(readFileSync(new URL('template.yaml', ROOT), 'utf8')) as Tree;
const { Globals, Parameters, Resources } = template as Record<string, Tree>;
const allFunctions = Object.entries(Resources!).filter(([, { Type }]) =>
  is(Type, 'AWS::Serverless::Function'),
);
const isHook = ([name]: readonly [string, unknown]) => name.endsWith('Hook');
/** Serves no request, so nothing is shifted to it. */
const isSampler = ([name]: readonly [string, unknown]) => name === 'HotKeySamplerFunction';
const functions = allFunctions.filter((one) => !isHook(one) && !isSampler(one));
const hooks = allFunctions.filter(isHook);

function is(actual: unknown, expected: string): boolean {
  return actual === expected;
}

describe('template.yaml', () => {
  it('has a function for each handler', () => {
    const files = readdirSync(new URL('handlers/', ROOT), { recursive: true, encoding: 'utf8' });
    const handlers = files
      .filter((file) => file.endsWith('.ts'))
      .filter((file) =>
        /export const handler\b/.test(readFileSync(new URL(`handlers/${file}`, ROOT), 'utf8')),
      )
      .map((file) => `handlers/${file}`);
    const entryPoints = allFunctions.flatMap(([, { Metadata }]) => Metadata!.BuildProperties!.EntryPoints);
    expect(new Set<unknown>(entryPoints)).toEqual(new Set(handlers));
    expect(entryPoints).toHaveLength(functions.length * 3 + 1);
  });

  it('samples hot keys only where a parameter says so', () => {
    expect(Parameters!.HotKeySampling).toMatchObject({ Default: 'off' });
    expect(Resources!.HotKeySamplerFunction).toMatchObject({
      Condition: 'SamplesHotKeys',
      Properties: { Events: { Schedule: { Properties: { Schedule: { Ref: 'HotKeySampling' } } } } },
    });
  });

  it.each(allFunctions)('builds %s with esbuild, as the others', (_, { Metadata, Properties }) => {
    const { EntryPoints, ...build } = Metadata!.BuildProperties as unknown as { EntryPoints: string[] };
    const [entryPoint] = EntryPoints;
    expect(existsSync(new URL(entryPoint!, ROOT))).toBe(true);
    expect(Properties!.Handler).toBe(entryPoint!.replace(/^.*\/(.*)\.ts$/, '$1.handler'));
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
        Type: {
          'Fn::If': [
            'IsDev',
            'AllAtOnce',
            {
              'Fn::If': [
                'IsCustomCanary',
                { Ref: 'CustomCanaryConfig' },
                {
                  'Fn::If': [
                    'IsCustomLinear',
                    { Ref: 'CustomLinearConfig' },
                    { Ref: 'DeploymentPreferenceType' },
                  ],
                },
              ],
            },
          ],
        },
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
        /^(Canary10Percent(5|10|15|30)Minutes|Linear10PercentEvery(1Minute|[23]Minutes|10Minutes)|AllAtOnce|Custom(Canary|Linear))$/,
      );
    }
    expect(AllowedValues).toContain(Default);
  });

  it('shifts all at once in dev alone, and has every alarm in every stage', () => {
    expect(template.Conditions).toMatchObject({
      IsDev: { 'Fn::Equals': [{ Ref: 'Stage' }, 'dev'] },
      IsProd: { 'Fn::Equals': [{ Ref: 'Stage' }, 'prod'] },
    });
    const alarms = Object.values(Resources!).filter(({ Type }) => is(Type, 'AWS::CloudWatch::Alarm'));
    expect(alarms.length).toBeGreaterThan(20);
    for (const alarm of alarms) expect(alarm).not.toHaveProperty('Condition');
  });

  it('keeps the table where the stack goes', () => {
    expect(Resources!.ItemsTable).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
    expect(template.Conditions!.MakesCache).toEqual({ 'Fn::Not': [{ Condition: 'UsesExistingCache' }] });
  });

  it('has limits that mean something by default', () => {
    const defaults = ['MovedShareBudget', 'LatencyAlarmMillis', 'MinimumHitRatioPercent'];
    expect(defaults.map((name) => Parameters![name]!.Default)).toEqual(['0.05', 1000, 20]);
  });

  it('injects the table, the configuration endpoint and the hot keys', () => {
    expect(Globals!.Function!.Environment!.Variables).toMatchObject({
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
      SMEARCACHE_SELF_CHECK: 'true',
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
    'rolls %s back by alarms on its new version, its alias and logged errors',
    (name, { Properties }) => {
      const own = name.replace(/Function$/, '');
      const reads = /^(Get|List)/.test(own) ? ['Undecodable', 'HitRatio'] : [];
      const kinds = ['Errors', 'ServerErrors', 'Latency', 'CacheErrors', ...reads, 'AliasErrors'];
      const alarms = kinds.map((kind) => `${own}${kind}Alarm`);
      expect(Properties!.DeploymentPreference!.Alarms).toEqual(
        [...alarms, 'LoggedErrorsAlarm'].map((Ref) => ({ Ref })),
      );
      const expected = alarmsOf(name as keyof typeof SERVICES, { 'Fn::GetAtt': [name, 'Version.Version'] });
      expect(alarms.toSorted()).toEqual(Object.keys(expected).toSorted());
      for (const alarm of alarms) {
        const { AlarmDescription, ...properties } = Resources![alarm]!.Properties!;
        expect(AlarmDescription, alarm).toContain(own);
        expect(properties, alarm).toEqual(expected[alarm]);
      }
    },
  );

  it('publishes the figures of each function under a name of its own, and of its stack', () => {
    const names = functions.map(
      ([, { Properties }]) => Properties!.Environment!.Variables!.POWERTOOLS_SERVICE_NAME,
    );
    expect(names).toEqual(
      Object.values(SERVICES).map((service) => ({ 'Fn::Sub': `\${AWS::StackName}-${service}` })),
    );
    expect(Globals!.Function!.Environment!.Variables!.POWERTOOLS_METRICS_NAMESPACE).toEqual({
      Ref: 'AWS::StackName',
    });
  });

  it.each(functions)('gives %s hooks of its own, that are told its version', (name, { Properties }) => {
    const own = name.replace(/Function$/, '');
    const [pre, post] = [`${own}PreTrafficHook`, `${own}PostTrafficHook`];
    expect(Properties!.DeploymentPreference!.Hooks).toEqual({
      PreTraffic: { Ref: pre },
      PostTraffic: { Ref: post },
    });
    for (const hook of [pre, post]) {
      expect(Resources![hook]!.Properties).toMatchObject({
        FunctionName: { 'Fn::Sub': expect.stringMatching(/^CodeDeployHook_/) },
        DeploymentPreference: { Enabled: false },
        Environment: {
          Variables: {
            NewVersion: { Ref: `${name}.Version` },
            POWERTOOLS_SERVICE_NAME: Properties!.Environment!.Variables!.POWERTOOLS_SERVICE_NAME,
          },
        },
      });
    }
  });

  it.each(hooks)('leaves %s outside of the VPC, from which no way leads to AWS', (_, { Properties }) => {
    expect(Properties).not.toHaveProperty('VpcConfig');
    expect(Globals!.Function).not.toHaveProperty('VpcConfig');
  });

  it('keeps logs for the time that the parameter says', () => {
    const logGroups = Object.values(Resources!).filter(({ Type }) => is(Type, 'AWS::Logs::LogGroup'));
    expect(logGroups).toHaveLength(2);
    for (const { Properties } of logGroups) {
      expect(Properties).toEqual({ RetentionInDays: { Ref: 'LogRetentionDays' } });
    }
  });
});
