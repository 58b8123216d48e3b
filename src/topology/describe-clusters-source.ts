import { DiscoveryError, reasonOf } from '../base/errors.ts';
import type { RingNode } from '../ring/index.ts';
import { namesOf, type Topology, type TopologySource } from './source.ts';

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

interface Client {
  send(command: unknown, options: object): Promise<unknown>;
}

/** One question under way. Clients in one process that ask the same at once share it, and its fate. */
interface Question extends DescribeClustersOptions {
  readonly answer: Promise<Topology>;
}
const underWay = new Set<Question>();

/**
 * The node list from the ElastiCache API (`DescribeCacheClusters`). Needs the permission
 * `elasticache:DescribeCacheClusters`, a way out of the VPC, and 100 ms of a cold start for the SDK: prefer the
 * configuration endpoint, which needs none of them.
 *
 * The rate of the API is the whole account's: a question is tried twice at the most (`maxAttempts`, unless
 * `awsClientOptions` say otherwise), and the pauses after that are the watcher's.
 */
export function describeClustersSource(options: DescribeClustersOptions): TopologySource {
  const { clusterId, AwsClient, awsClientOptions } = options;
  const name = `DescribeCacheClusters for ${clusterId}`;
  let client: Client | undefined;
  const ask = async (signal?: AbortSignal): Promise<Topology> => {
    try {
      const { DescribeCacheClustersCommand, ElastiCacheClient } = await importSdk();
      const SdkClient = (AwsClient ?? ElastiCacheClient) as new (config: object) => Client;
      client ??= new SdkClient({ maxAttempts: 2, ...awsClientOptions });
      const nodes: RingNode[] = [];
      let Marker: string | undefined;
      do {
        // Markers without end are ended by the signal.
        signal?.throwIfAborted();
        const page = { CacheClusterId: clusterId, ShowCacheNodeInfo: true, Marker };
        const command = new DescribeCacheClustersCommand(page);
        const answer = await client.send(command, signal === undefined ? {} : { abortSignal: signal });
        const { CacheClusters, Marker: next } = answer as Described;
        for (const { CacheNodes } of CacheClusters ?? [])
          nodes.push(...(CacheNodes ?? []).flatMap(toRingNode));
        Marker = next;
      } while (Marker);
      if (nodes.length === 0) throw new Error('no node of the cluster has an endpoint yet');
      // The API has no version: the names are it, and it lists them in no promised order.
      return { version: namesOf(nodes), nodes };
    } catch (error) {
      throw new DiscoveryError(name, reasonOf(error), error);
    }
  };
  const read = (signal?: AbortSignal): Promise<Topology> => {
    for (const question of underWay) {
      const same = question.clusterId === clusterId && question.AwsClient === AwsClient;
      if (same && question.awsClientOptions === awsClientOptions) return question.answer;
    }
    const forget = (): boolean => underWay.delete(question);
    const question: Question = { ...options, answer: ask(signal).finally(forget) };
    underWay.add(question);
    // Who was given up must not be waited for by the next to ask.
    signal?.addEventListener('abort', forget);
    return question.answer;
  };
  return { name, changes: true, rationed: true, read };
}

interface CacheNode {
  readonly CacheNodeStatus?: string | undefined;
  readonly Endpoint?:
    | { readonly Address?: string | undefined; readonly Port?: number | undefined }
    | undefined;
}

/** The part of the answer that is read. */
interface Described {
  readonly Marker?: string | undefined;
  readonly CacheClusters?: readonly { readonly CacheNodes?: readonly CacheNode[] | undefined }[] | undefined;
}

/** Nodes that are being made or deleted have no endpoint, or one that is of no use. */
function toRingNode({ CacheNodeStatus = '', Endpoint }: CacheNode): RingNode[] {
  const { Address: host, Port: port } = Endpoint ?? {};
  if (!host || port === undefined || /^(creating|deleting|deleted)$/.test(CacheNodeStatus)) return [];
  return [{ host, port }];
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
