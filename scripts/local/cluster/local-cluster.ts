import { type ConfigEndpoint, startConfigEndpoint } from './config-endpoint.ts';
import { startInProcessNode } from './in-process-node.ts';
import { memcachedIsInstalled, startMemcached } from './memcached-process.ts';
import type { LocalNode } from './node.ts';

const NODES = 4;

/** Real processes where the program is installed, else nodes inside this process. */
export const CLUSTER_KINDS = {
  memcached: `${NODES} memcached processes`,
  'in-process': `${NODES} nodes inside this process (no memcached program on the PATH)`,
} as const;

export interface LocalCluster {
  readonly kind: keyof typeof CLUSTER_KINDS;
  readonly nodes: readonly LocalNode[];
  readonly configEndpoint: ConfigEndpoint;
  close(): Promise<void>;
}

export async function startLocalCluster(): Promise<LocalCluster> {
  const kind = memcachedIsInstalled() ? 'memcached' : 'in-process';
  const startNode = kind === 'memcached' ? startMemcached : startInProcessNode;
  const starts = await Promise.allSettled(Array.from({ length: NODES }, startNode));
  const nodes = starts.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []));
  const closeNodes = () => Promise.all(nodes.map((node) => node.close()));
  const failed = starts.find((start) => start.status === 'rejected');
  if (failed !== undefined) {
    await closeNodes();
    throw failed.reason;
  }
  const configEndpoint = await startConfigEndpoint(nodes);
  return {
    kind,
    nodes,
    configEndpoint,
    async close() {
      await Promise.all([configEndpoint.close(), closeNodes()]);
    },
  };
}
