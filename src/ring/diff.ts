import { nodeName, type RingNode } from './node.ts';
import { ContinuumRing, type Ring } from './ring.ts';

/** What a change of rings does to one node. All are shares of the key space, 0..1. */
export interface NodeChange {
  readonly name: string;
  /** What it owns in each ring; 0 where it is not a member. */
  readonly before: number;
  readonly after: number;
  /** What it owns only after the change: keys that it has yet to be filled with. */
  readonly gained: number;
  /** What it owned only before. */
  readonly lost: number;
}

/** What a change of the node list does to the keys. */
export interface RingDiff {
  /** Share of the key space, 0..1, whose owner changes; owners are compared by `host:port`. */
  readonly movedShare: number;
  /** Names of the nodes in one ring only. */
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** Every node of either ring: those of `before` in their order, then the added ones. */
  readonly nodes: readonly NodeChange[];
  /** Whether the shares are exact, or measured over 20,000 fixed keys: rings that hash keys differently have no common space. */
  readonly exact: boolean;
}

const SAMPLE_KEYS = 20_000;

/** Compares where two rings place keys. */
export function diffRings(before: Ring, after: Ring): RingDiff {
  const tally = new Tally();
  const exact = before instanceof ContinuumRing && after instanceof ContinuumRing && hashAlike(before, after);
  if (exact) mergeContinua(before, after, tally);
  else sampleKeys(before, after, tally);

  const namesBefore = before.nodes.map(nodeName);
  const namesAfter = after.nodes.map(nodeName);
  const added = namesAfter.filter((name) => !namesBefore.includes(name));
  return {
    movedShare: tally.movedShare(),
    added,
    removed: namesBefore.filter((name) => !namesAfter.includes(name)),
    nodes: [...namesBefore, ...added].map((name) => tally.changeOf(name)),
    exact,
  };
}

/** A lone node owns every key, whatever its hash. */
function hashAlike(before: ContinuumRing<RingNode>, after: ContinuumRing<RingNode>): boolean {
  return before.keyHash === after.keyHash || before.nodes.length === 1 || after.nodes.length === 1;
}

/** Between two neighbouring points of both continua together, every key has one owner before and one after. */
function mergeContinua(before: ContinuumRing<RingNode>, after: ContinuumRing<RingNode>, tally: Tally): void {
  const from = before.continuum;
  const to = after.continuum;
  let start = -1;
  for (let i = 0, j = 0; i < from.points.length && j < to.points.length; ) {
    const end = Math.min(from.points[i]!, to.points[j]!);
    tally.count(before.names[from.owners[i]!]!, after.names[to.owners[j]!]!, end - start);
    start = end;
    if (from.points[i] === end) i++;
    if (to.points[j] === end) j++;
  }
}

function sampleKeys(before: Ring, after: Ring, tally: Tally): void {
  for (let i = 0; i < SAMPLE_KEYS; i++) {
    const key = `sample:${i}`;
    tally.count(nodeName(before.owner(key)), nodeName(after.owner(key)), 1);
  }
}

/** Adds up in whole units (hashes or keys), so that shares carry no rounding until the one division. */
class Tally {
  readonly #changes = new Map<string, { before: number; after: number; gained: number; lost: number }>();
  #moved = 0;
  #total = 0;

  count(ownerBefore: string, ownerAfter: string, units: number): void {
    const from = this.#entry(ownerBefore);
    const to = this.#entry(ownerAfter);
    this.#total += units;
    from.before += units;
    to.after += units;
    if (from === to) return;
    this.#moved += units;
    from.lost += units;
    to.gained += units;
  }

  movedShare(): number {
    return this.#moved / this.#total;
  }

  changeOf(name: string): NodeChange {
    const { before, after, gained, lost } = this.#entry(name);
    const total = this.#total;
    return { name, before: before / total, after: after / total, gained: gained / total, lost: lost / total };
  }

  #entry(name: string) {
    let entry = this.#changes.get(name);
    if (entry === undefined) {
      entry = { before: 0, after: 0, gained: 0, lost: 0 };
      this.#changes.set(name, entry);
    }
    return entry;
  }
}
