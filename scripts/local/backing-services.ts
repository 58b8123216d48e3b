import { type LocalCluster, startLocalCluster } from './cluster/local-cluster.ts';
import { nodeName } from './cluster/node.ts';
import { SEED_FILE } from './project.ts';
import { startLocalTables } from './table/local-tables.ts';
import { type LocalValues, Template } from './template/template.ts';

/** Where functions find what they use in the cloud; as data, so that another process can be told of it. */
export interface ServiceAddresses {
  /** `host:port` of the cluster's configuration endpoint. */
  readonly configEndpoint: string;
  readonly nodes: readonly string[];
  /** `undefined` when the template has no table. */
  readonly dynamodbEndpoint: string | undefined;
}

export interface BackingServices extends ServiceAddresses {
  readonly cluster: LocalCluster;
  close(): Promise<void>;
}

interface TemplateFile {
  readonly templateFile: string;
  readonly parameterOverrides: Readonly<Record<string, string>>;
}

/**
 * Starts a cache cluster, and the template's tables in an in-memory DynamoDB; also those that only the templates of
 * `others` have.
 */
export async function startBackingServices(
  templateFile: string,
  parameterOverrides: Readonly<Record<string, string>>,
  ...others: readonly TemplateFile[]
): Promise<BackingServices> {
  const templates = await Promise.all(
    [{ templateFile, parameterOverrides }, ...others].map((one) => Template.read(one.templateFile, one)),
  );
  const [cluster, tables] = await Promise.allSettled([
    startLocalCluster(),
    startLocalTables(templates, SEED_FILE),
  ]);
  if (cluster.status === 'rejected' || tables.status === 'rejected') {
    if (cluster.status === 'fulfilled') await cluster.value.close();
    if (tables.status === 'fulfilled') await tables.value?.close();
    throw cluster.status === 'rejected' ? cluster.reason : (tables as PromiseRejectedResult).reason;
  }
  return {
    cluster: cluster.value,
    configEndpoint: nodeName(cluster.value.configEndpoint),
    nodes: cluster.value.nodes.map(nodeName),
    dynamodbEndpoint: tables.value?.endpoint,
    async close() {
      await Promise.all([cluster.value.close(), tables.value?.close()]);
    },
  };
}

/** What `!GetAtt CacheCluster.ConfigurationEndpoint.Address` and its like stand for in a local run. */
export function localValues(services: ServiceAddresses): LocalValues {
  const [address, port] = services.configEndpoint.split(':');
  return {
    attribute(resource, attribute) {
      if (resource.type !== 'AWS::ElastiCache::CacheCluster') return undefined;
      if (attribute === 'ConfigurationEndpoint.Address') return address;
      if (attribute === 'ConfigurationEndpoint.Port') return port;
      return undefined;
    },
  };
}

/** Leads the AWS SDK in the functions to the local tables. The local nodes speak in the clear, whatever the template says. */
export function serviceEnvironment({ dynamodbEndpoint }: ServiceAddresses): Record<string, string> {
  const tables = dynamodbEndpoint === undefined ? {} : { AWS_ENDPOINT_URL_DYNAMODB: dynamodbEndpoint };
  return { ...tables, SMEARCACHE_TLS: 'false' };
}
