// The public entry `smearcache/ring`: where keys belong, as a pure function of a list of nodes.

export { DIALECTS, type RingDialect } from './dialects.ts';
export { diffRings, type NodeChange, type RingDiff } from './diff.ts';
export { nodeName, type RingNode } from './node.ts';
export { buildRing, type Ring, type RingOptions } from './ring.ts';
