/**
 * Where keys belong, as a pure function of a list of nodes: no sockets, no clock, no chance.
 *
 * @module smearcache/ring
 */

export { DIALECTS, type RingDialect } from './dialects.ts';
export { diffRings, type NodeChange, type RingDiff } from './diff.ts';
export { nodeName, type RingNode } from './node.ts';
export { buildRing, type Ring, type RingOptions } from './ring.ts';
