import { reasonOf } from '../../base/errors.ts';
import type { ResolvedOptions } from '../../client/resolve-options.ts';
import { type Dial, tcpDial, tlsDials } from '../../memcached/dial.ts';
import { keyPrefix } from '../../memcached/storage-key.ts';
import type { RingNode } from '../../ring/index.ts';
import {
  configEndpointSource,
  describeClustersSource,
  staticSource,
  type TopologySource,
} from '../../topology/index.ts';
import { CommandFailure, type World } from '../world.ts';
import { type ConnectionFlags, resolveConnection } from './connection-options.ts';

/** The cluster as it was found when the command began. */
export interface ClusterView {
  readonly options: ResolvedOptions;
  /** Where the list came from, for messages. */
  readonly source: string;
  readonly version: string;
  readonly nodes: readonly RingNode[];
  /** `[namespace:][schema:]` before every key. */
  readonly prefix: string;
  dial(node: RingNode): Dial;
}

/**
 * Reads the node list once.
 *
 * @throws CommandFailure where there is none.
 */
export async function viewCluster(flags: ConnectionFlags, world: World): Promise<ClusterView> {
  const options = resolveConnection(flags, world.environment);
  const dialNode = options.tls === undefined ? tcpDial : tlsDials(options.tls);
  const source = sourceOf(options, dialNode, world);
  const { version, nodes } = await source.read(world.interrupted).catch((error: unknown) => {
    const reason = reasonOf(error).replace('`discovery.nodes`', '--nodes');
    // What was not reached, or answered in plain text, has nothing to do with TLS.
    const spoke = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|EHOSTUNREACH|keeps no node list/.test(reason);
    const tls = options.tls === undefined && options.discovery.kind === 'configuration-endpoint' && !spoke;
    throw new CommandFailure(reason + (tls ? ' (does the cluster speak TLS? then add --tls)' : ''));
  });
  return {
    options,
    source: source.name,
    version,
    // In the order of the list, on which ties depend.
    nodes,
    prefix: keyPrefix(options.namespace, options.schema),
    dial: ({ host, port }) => dialNode(host, port),
  };
}

type DialNode = (host: string, port: number) => Dial;

function sourceOf(options: ResolvedOptions, dialNode: DialNode, { clock }: World): TopologySource {
  const { discovery, connectTimeoutMillis } = options;
  switch (discovery.kind) {
    case 'configuration-endpoint': {
      const { host, port } = discovery.endpoint;
      return configEndpointSource(`${host}:${port}`, dialNode(host, port), connectTimeoutMillis, clock);
    }
    case 'nodes':
      return staticSource(discovery.nodes);
    case 'cluster':
      return describeClustersSource({ clusterId: discovery.clusterId });
    case 'none':
      throw new Error('a cache that is not disabled has a source: resolveOptions sees to it');
    default:
      return discovery satisfies never;
  }
}
