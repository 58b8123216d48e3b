import { COPY_SUFFIX, RESERVED_PREFIX } from '../../memcached/storage-key.ts';
import type { Burst } from './burst.ts';

/** What is known of one node. */
export interface NodeSample {
  readonly node: string;
  readonly bursts: readonly Burst[];
  /** Fetches by its own counters. */
  readonly served: { readonly count: number; readonly seconds: number };
}

/** One hot key over the whole cluster: its base and its copies together. */
export interface RankedKey {
  /** Its storage key. */
  readonly key: string;
  readonly perSecond: number;
  readonly bytesPerSecond: number;
  /** Of all that the cluster serves, 0..1. */
  readonly share: number;
  /** Where it was asked for, the busiest first. */
  readonly nodes: readonly { readonly node: string; readonly perSecond: number }[];
  /** Whether copies were asked for. */
  readonly copied: boolean;
}

export interface Ranking {
  readonly keys: readonly RankedKey[];
  /** Requests a second of the cluster. */
  readonly perSecond: number;
  readonly bytesPerSecond: number;
  readonly nodes: readonly { readonly node: string; readonly perSecond: number }[];
  /** Fetches that were seen, of all nodes and bursts. */
  readonly seen: number;
  readonly distinctKeys: number;
}

/** Counters, the hot list and the like, which no user asked for; hashed keys are users' keys. */
const OWN_KEY = new RegExp(`^${RESERVED_PREFIX}(?!h~)`);

/** Ranks keys by requests a second: what was seen of a node gives its keys' shares, and its counters what they are shares of. */
export function rank(samples: readonly NodeSample[], most: number): Ranking {
  const keys = new Map<string, Gathered>();
  const nodes: { node: string; perSecond: number }[] = [];
  let [seen, bytesPerSecond] = [0, 0];
  for (const { node, bursts, served } of samples) {
    const perSecond = served.count / served.seconds;
    nodes.push({ node, perSecond });
    const seenHere = bursts.reduce((sum, burst) => sum + burst.seen, 0);
    seen += seenHere;
    for (const burst of bursts) {
      for (const [stored, { fetches, bytes }] of burst.keys) {
        if (OWN_KEY.test(stored)) continue;
        const bytesHere = (bytes / seenHere) * perSecond;
        bytesPerSecond += bytesHere;
        gather(keys, stored, node, (fetches / seenHere) * perSecond, bytesHere);
      }
    }
  }
  const perSecond = nodes.reduce((sum, node) => sum + node.perSecond, 0);
  const hottest = [...keys]
    .sort(([a, x], [b, y]) => y.perSecond - x.perSecond || (a < b ? -1 : 1))
    .slice(0, most)
    .map(([key, gathered]) => ranked(key, gathered, perSecond));
  return { keys: hottest, perSecond, bytesPerSecond, nodes, seen, distinctKeys: keys.size };
}

interface Gathered {
  perSecond: number;
  bytesPerSecond: number;
  copied: boolean;
  readonly nodes: Map<string, number>;
}

function gather(
  keys: Map<string, Gathered>,
  stored: string,
  node: string,
  perSecond: number,
  bytes: number,
): void {
  const copy = stored.endsWith(COPY_SUFFIX);
  const key = copy ? stored.slice(0, -COPY_SUFFIX.length) : stored;
  let entry = keys.get(key);
  if (entry === undefined) {
    entry = { perSecond: 0, bytesPerSecond: 0, copied: false, nodes: new Map() };
    keys.set(key, entry);
  }
  entry.perSecond += perSecond;
  entry.bytesPerSecond += bytes;
  entry.copied ||= copy;
  entry.nodes.set(node, (entry.nodes.get(node) ?? 0) + perSecond);
}

function ranked(
  key: string,
  { perSecond, bytesPerSecond, copied, nodes }: Gathered,
  total: number,
): RankedKey {
  const busiestFirst = [...nodes]
    .map(([node, rate]) => ({ node, perSecond: rate }))
    .sort((a, b) => b.perSecond - a.perSecond);
  return {
    key,
    perSecond,
    bytesPerSecond,
    share: total === 0 ? 0 : perSecond / total,
    nodes: busiestFirst,
    copied,
  };
}
