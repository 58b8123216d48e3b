import { DiscoveryError, reasonOf } from '../base/errors.ts';
import { nodeName, type RingNode } from '../ring/index.ts';
import type { Topology, TopologySource } from './source.ts';

export interface DescribeClustersOptions {
  readonly clusterId: string;
  /** The SDK's client class, where the caller has it already; else it is imported when first needed. */
  readonly AwsClient?: AwsClientClass | undefined;
  /** `ElastiCacheClientConfig`. */
  readonly awsClientOptions?: object | undefined;
}

/**
 * `ElastiCacheClient` of `@aws-sdk/client-elasticache`, by its shape: the package is optional, and so are its types.
 */
export type AwsClientClass = new (config: never) => { send(command: never, options?: never): unknown };

/**
 * The node list from the ElastiCache API (`DescribeCacheClusters`). Needs the permission
 * `elasticache:DescribeCacheClusters`, a way out of the VPC, and 100 ms of a cold start for the SDK: prefer the
 * configuration endpoint, which needs none of them.
 */
export function describeClustersSource(options: DescribeClustersOptions): TopologySource {
  const name = `DescribeCacheClusters for ${options.clusterId}`;
  let client: { send: (command: unknown, options: object) => Promise<unknown> } | undefined;
  const read = async (signal?: AbortSignal): Promise<Topology> => {
    try {
      const { DescribeCacheClustersCommand, ElastiCacheClient: SdkClient } = await importSdk();
      const Client = (options.AwsClient ?? SdkClient) as new (config: object) => NonNullable<typeof client>;
      client ??= new Client(options.awsClientOptions ?? {});
      const command = new DescribeCacheClustersCommand({
        CacheClusterId: options.clusterId,
        ShowCacheNodeInfo: true,
      });
      const answer = await client.send(command, signal === undefined ? {} : { abortSignal: signal });
      const { CacheClusters } = answer as Described;
      const nodes = (CacheClusters?.[0]?.CacheNodes ?? []).flatMap(toRingNode);
      if (nodes.length === 0) throw new Error('no node of the cluster has an endpoint yet');
      // The API has no version: the names are it, and it lists them in no promised order.
      return { version: nodes.map(nodeName).sort().join(','), nodes };
    } catch (error) {
      throw new DiscoveryError(name, reasonOf(error), error);
    }
  };
  return { name, changes: true, read };
}

interface CacheNode {
  readonly Endpoint?:
    | { readonly Address?: string | undefined; readonly Port?: number | undefined }
    | undefined;
}

/** The part of the answer that is read. */
interface Described {
  readonly CacheClusters?: readonly { readonly CacheNodes?: readonly CacheNode[] | undefined }[] | undefined;
}

/** Nodes that are being made or deleted have no endpoint. */
function toRingNode(node: CacheNode): RingNode[] {
  const { Address: host, Port: port } = node.Endpoint ?? {};
  return host === undefined || port === undefined ? [] : [{ host, port }];
}

async function importSdk(): Promise<typeof import('@aws-sdk/client-elasticache')> {
  try {
    return await import('@aws-sdk/client-elasticache');
  } catch (cause) {
    throw new Error('`discovery.clusterId` needs the package @aws-sdk/client-elasticache to be installed', {
      cause,
    });
  }
}
