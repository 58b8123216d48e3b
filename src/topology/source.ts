import type { RingNode } from '../ring/index.ts';

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
  /**
   * Reads the list; never an empty one.
   *
   * @param signal ends the reading, whose answer nobody awaits any more.
   * @throws DiscoveryError where there is no answer, or one that is not a node list.
   */
  read(signal?: AbortSignal): Promise<Topology>;
}
