/**
 * memcached for tests: nodes and clusters inside this process, over real TCP, that fail as they are told.
 *
 * @module smearcache/testing
 */

export { type ClusterOptions, startCluster, type TestCluster } from './cluster.ts';
export type { EarlierConfig, ListConfig, NamedNode, ServedConfig, TextConfig } from './cluster-config.ts';
export type * from './faults.ts';
export { ManualClock } from './manual-clock.ts';
export { type NodeOptions, type NodeStats, type StoredItem, startNode, type TestNode } from './node.ts';
