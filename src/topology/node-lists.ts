import type { Random } from '../base/random.ts';
import type { RingNode } from '../ring/index.ts';
import { countOf, type Topology, type TopologySource } from './source.ts';

/** More would not fit into the time that a look may take. */
const MOST_ASKED = 2;

/**
 * A source whose list is also known to the nodes that it lists: every ElastiCache node answers `config get cluster`.
 *
 * Before the first list there is nobody else to ask. From then on a configuration endpoint that does not answer, a name
 * without a resolver for one, is made up for by up to two nodes of the list. With `nodesFirst` the nodes are asked
 * before the source, which is then an API that should be spared.
 *
 * A node may lag behind: one that tells a lower version than the known tells nothing new. A cluster made anew under its
 * old name is found by the source alone.
 */
export function withNodeLists(
  source: TopologySource,
  ofNode: (node: RingNode) => TopologySource,
  random: Random,
  nodesFirst = false,
): TopologySource {
  const askNodes = async (signal: AbortSignal | undefined, known: Topology): Promise<Topology> => {
    const { nodes } = known;
    const first = Math.floor(random() * nodes.length);
    let reason: unknown;
    for (let i = 0; i < Math.min(MOST_ASKED, nodes.length); i++) {
      signal?.throwIfAborted();
      try {
        const told = await ofNode(nodes[(first + i) % nodes.length]!).read();
        const [next, last] = [countOf(told), countOf(known)];
        return next !== undefined && last !== undefined && next < last ? known : told;
      } catch (error) {
        reason = error;
      }
    }
    throw reason;
  };
  const read = async (signal?: AbortSignal, known?: Topology): Promise<Topology> => {
    if (known === undefined) return source.read(signal);
    const ask = [() => source.read(signal), () => askNodes(signal, known)] as const;
    const [first, second] = nodesFirst ? [ask[1], ask[0]] : ask;
    try {
      return await first();
    } catch (reason) {
      signal?.throwIfAborted();
      // It is the source's own failure that an operator can mend.
      return second().catch((error: unknown) => Promise.reject(nodesFirst ? error : reason));
    }
  };
  return { ...source, read };
}
