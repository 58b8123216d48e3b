import { nodeName, type RingNode } from '../ring/index.ts';

/** The node list with its version. A source without versions of its own names the list itself. */
export interface Topology {
  readonly version: string;
  readonly nodes: readonly RingNode[];
}

/** Where the node list comes from. */
export interface TopologySource {
  /** For messages: `configuration endpoint cache.example:11211`. */
  readonly name: string;
  /** Whether the list can change while the process lives. One that cannot is at hand: its `read` is given no bound. */
  readonly changes: boolean;
  /** It asks an API whose rate the whole account shares: after a failure it is left alone longer each time. */
  readonly rationed?: boolean;
  /**
   * Reads the list; never an empty one.
   *
   * @param signal ends the reading, whose answer nobody awaits any more.
   * @param known the list in use, whose nodes may be asked, too.
   * @throws DiscoveryError where there is no answer, or one that is not a node list.
   */
  read(signal?: AbortSignal, known?: Topology): Promise<Topology>;
}

/** Versions that count up can be compared; others, of an API or a static list, only tell lists apart. */
export function countOf({ version }: Topology): bigint | undefined {
  return /^\d+$/.test(version) ? BigInt(version) : undefined;
}

/** What the list says of its nodes, in no matter which order. */
export function namesOf(nodes: readonly RingNode[], name: (node: RingNode) => string = nodeName): string {
  return nodes.map(name).sort().join(',');
}
