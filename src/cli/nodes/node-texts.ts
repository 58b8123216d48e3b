// Nodes as they are spelt on the command line.

import { parseEndpoint } from '../../client/endpoint.ts';
import { nodeName, type RingNode } from '../../ring/index.ts';
import { misuse } from '../world.ts';

/** `host:port`, or `host:port=weight`. */
export function parseNode(text: string, flag: string): RingNode {
  const [name, weight, ...more] = text.split('=');
  const endpoint = parseEndpoint(name!);
  if (endpoint === undefined || more.length > 0) throw misuse(`${flag}: "${text}" is not a host:port`);
  if (weight === undefined) return endpoint;
  return { ...endpoint, weight: parseWeight(weight, `${flag}: the weight of ${name}`) };
}

/** `host:port=weight` entries, by node name. */
export function parseWeights(entries: readonly string[], flag: string): ReadonlyMap<string, number> {
  return new Map(
    entries.map((entry) => {
      const { weight, ...node } = parseNode(entry, flag);
      if (weight === undefined) throw misuse(`${flag}: "${entry}" is not host:port=weight`);
      return [nodeName(node), weight];
    }),
  );
}

/** The nodes with their new weights. A weight for a node that is not there is a mistake. */
export function weighted(
  nodes: readonly RingNode[],
  weights: ReadonlyMap<string, number>,
  flag: string,
): RingNode[] {
  for (const name of weights.keys()) {
    if (!nodes.some((node) => nodeName(node) === name)) throw misuse(`${flag}: ${unknownNode(name, nodes)}`);
  }
  return nodes.map((node) => {
    const weight = weights.get(nodeName(node));
    return weight === undefined ? node : { ...node, weight };
  });
}

export function unknownNode(name: string, nodes: readonly RingNode[]): string {
  return `the cluster has no node ${name}, only ${nodes.map(nodeName).join(', ')}`;
}

function parseWeight(text: string, what: string): number {
  if (!/^\d{1,9}$/.test(text) || Number(text) < 1)
    throw misuse(`${what} must be a whole number from 1 up, got "${text}"`);
  return Number(text);
}
