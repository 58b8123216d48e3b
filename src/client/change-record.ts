// What tells an environment that starts after a change of the node list which rings there were before: a small item on every
// node. It is believed only as far as that deletes go to more nodes; nothing is read by it.

import type { Clock } from '../base/clock.ts';
import type { Millis, Seconds } from '../base/units.ts';
import { flagsOf } from '../codec/flags.ts';
import { RESERVED_PREFIX } from '../memcached/storage-key.ts';
import { buildRing, nodeName, type Ring, type RingDialect, type RingNode } from '../ring/index.ts';
import type { CacheNode } from './cache-node.ts';
import type { FormerRings } from './former-rings.ts';

/** One former ring: its nodes, and for how long deletes must still reach them. */
interface FormerNodes {
  readonly nodes: readonly RingNode[];
  readonly seconds: Seconds;
}

const MOST_RINGS = 16;
const MOST_NODES = 100;
const MOST_SECONDS: Seconds = 4_000;

/** Clients of another dialect place keys by other rings. */
const recordKey = (dialect: RingDialect): string => `${RESERVED_PREFIX}former~${dialect}`;

/** Tells all nodes of `ring` what was before it. Settles once they have answered, or did not. */
export async function recordFormer(
  former: FormerRings,
  ring: Ring<CacheNode>,
  clock: Clock,
  timeoutMillis: Millis,
): Promise<void> {
  const now = clock.wall();
  const rings = former.known.map(({ ring: { nodes }, deleteUntil }) => ({
    nodes: nodes.map(({ host, port, weight, ip }) => ({ host, port, weight, ip })),
    seconds: Math.ceil((deleteUntil - now) / 1_000),
  }));
  if (rings.length === 0) return;
  const ttlSeconds = Math.max(1, ...rings.map(({ seconds }) => seconds));
  const item = { value: Buffer.from(JSON.stringify(rings)), flags: flagsOf('json'), ttlSeconds };
  const endsAt = clock.monotonic() + 2 * timeoutMillis;
  await Promise.all(ring.nodes.map((node) => node.store('set', recordKey(ring.dialect), item, endsAt)));
}

/** Asks a node of `ring` what was before it. `false` where none answered. */
export async function recallFormer(
  former: FormerRings,
  ring: Ring<CacheNode>,
  clock: Clock,
  endsAt: Millis,
): Promise<boolean> {
  const asked = ring.nodes.find((node) => !node.spared);
  const outcome = await asked?.get(recordKey(ring.dialect), endsAt);
  if (outcome === undefined || outcome.kind === 'unavailable') return false;
  if (outcome.kind === 'miss') return true;
  const present = new Map(ring.nodes.map((node) => [node.name, node]));
  const { dialect } = ring;
  for (const { nodes, seconds } of formerIn(outcome.value)) {
    try {
      const before = buildRing<RingNode>(
        nodes.map((node) => present.get(nodeName(node)) ?? node),
        { dialect },
      );
      former.recall(before, ring, clock.wall() + seconds * 1_000);
    } catch {
      // Whoever wrote it: no ring can be built of these nodes.
    }
  }
  return true;
}

/** What of a record can be used; anybody may have written it. */
function formerIn(record: Buffer): readonly FormerNodes[] {
  try {
    const rings: unknown = JSON.parse(record.toString('utf8'));
    return Array.isArray(rings) ? rings.slice(0, MOST_RINGS).filter(isFormer) : [];
  } catch {
    return [];
  }
}

function isFormer(ring: unknown): ring is FormerNodes {
  const { nodes, seconds } = (ring ?? {}) as Partial<Record<keyof FormerNodes, unknown>>;
  if (!Array.isArray(nodes) || nodes.length === 0 || nodes.length > MOST_NODES) return false;
  return typeof seconds === 'number' && seconds > 0 && seconds <= MOST_SECONDS;
}
