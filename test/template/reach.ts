import { isDeepStrictEqual } from 'node:util';
import type { Check } from './checks.ts';

// Who may call the functions, and where the nodes stand.

/** Ways to a function past the API: a URL of its own, or a right to invoke it that is not one route's. */
export const openFunctions: Check = (resources) =>
  Object.entries(resources).flatMap(([name, { Type, Properties }]) => {
    if (Type === 'AWS::Lambda::Url') return [`${name} is a URL of a function`];
    if (Type === 'AWS::Lambda::Function' && Properties.ReservedConcurrentExecutions !== undefined) {
      return [`${name} runs so often only: ${JSON.stringify(Properties.ReservedConcurrentExecutions)}`];
    }
    if (Type !== 'AWS::Lambda::Permission') return [];
    const isRoute = Properties.Principal === 'apigateway.amazonaws.com' && Properties.SourceArn !== undefined;
    const isSchedule =
      name === 'HotKeySamplerFunctionSchedulePermission' &&
      Properties.Principal === 'events.amazonaws.com' &&
      Properties.SourceArn !== undefined;
    return isRoute || isSchedule ? [] : [`${name} lets in ${JSON.stringify(Properties.Principal)}`];
  });

const GROUPS = [{ Ref: 'CacheSecurityGroup' }];
const SUBNETS = { Ref: 'PrivateSubnetIds' };

/** What makes the nodes reachable for the functions alone, on the port and by the protocol that these speak. */
const PLACES: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  CacheCluster: {
    Engine: 'memcached',
    Port: undefined,
    CacheSubnetGroupName: { Ref: 'CacheSubnetGroup' },
    VpcSecurityGroupIds: GROUPS,
    TransitEncryptionEnabled: { Ref: 'CacheTransitEncryption' },
  },
  CacheSubnetGroup: { SubnetIds: SUBNETS },
  ServerlessCache: { Engine: 'memcached', SubnetIds: SUBNETS, SecurityGroupIds: GROUPS },
};

/** Caches that other networks reach, or that the functions do not. */
export const strangeCaches: Check = (resources) =>
  Object.entries(PLACES).flatMap(([name, expected]) =>
    Object.entries(expected)
      .filter(([property, value]) => !isDeepStrictEqual(resources[name]?.Properties[property], value))
      .map(
        ([property]) => `${name}: ${property} is ${JSON.stringify(resources[name]?.Properties[property])}`,
      ),
  );
