import type { RingNode } from '../../src/ring/index.ts';
import type { Topology, TopologySource } from '../../src/topology/index.ts';

/** A source whose list the test changes. */
export class ListedSource implements TopologySource {
  readonly name = "the test's list";
  readonly changes = true;
  #topology: Topology;

  constructor(nodes: readonly RingNode[]) {
    this.#topology = { version: '1', nodes };
  }

  list(nodes: readonly RingNode[]): void {
    this.#topology = { version: String(Number(this.#topology.version) + 1), nodes };
  }

  async read(): Promise<Topology> {
    return this.#topology;
  }
}
