export { configEndpointSource } from './config-endpoint-source.ts';
export {
  type AwsClientClass,
  type DescribeClustersOptions,
  describeClustersSource,
} from './describe-clusters-source.ts';
export { withNodeLists } from './node-lists.ts';
export type { Topology, TopologySource } from './source.ts';
export { staticSource } from './static-source.ts';
export { type Refreshed, TopologyWatcher } from './watcher.ts';
