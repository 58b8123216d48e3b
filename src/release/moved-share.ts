import type { NodeReport, SelfCheckReport } from '../base/self-check-report.ts';
import { buildRing, diffRings, type Ring, type RingDialect } from '../ring/index.ts';

export interface Moved {
  /** The share of keys, 0..1, that have another owner in the second version than in the first. */
  readonly share: number;
  /** The same without those whose owner the first version cannot use: it has no item of theirs to lose. */
  readonly lost: number;
}

const ALL: Moved = { share: 1, lost: 1 };
const NONE: Moved = { share: 0, lost: 0 };

/** `undefined` without a ring. */
export function movedOf(live: SelfCheckReport, next: SelfCheckReport): Moved | undefined {
  if (live.ringFingerprint === null || next.ringFingerprint === null) return undefined;
  // Equal if and only if every key has the same owner in both.
  if (live.ringFingerprint === next.ringFingerprint) return NONE;
  const [before, after] = [ringOf(live), ringOf(next)];
  // A ring that cannot be built again, of a dialect that this check does not know, shares nothing that could be told.
  if (before === undefined || after === undefined) return ALL;
  const { movedShare, nodes } = diffRings(before, after);
  const unwell = new Set(live.nodes.filter((node) => !isWell(node)).map(({ name }) => name));
  const kept = nodes.filter(({ name }) => unwell.has(name)).reduce((sum, { lost }) => sum + lost, 0);
  return { share: movedShare, lost: Math.max(0, movedShare - kept) };
}

/** It can be reached, written, read and deleted at. */
export const isWell = ({ reachable, writeReadDelete }: NodeReport): boolean =>
  reachable && writeReadDelete === 'ok';

function ringOf({ dialect, topology, nodes, weights }: SelfCheckReport): Ring | undefined {
  const ips = new Map(nodes.map(({ name, ip }) => [name, ip]));
  try {
    const members = (topology?.nodes ?? []).map((name) => {
      const colon = name.lastIndexOf(':');
      const ip = ips.get(name);
      return {
        host: name.slice(0, colon),
        port: Number(name.slice(colon + 1)),
        weight: weights[name] ?? 1,
        ...(ip !== undefined && { ip }),
      };
    });
    return buildRing(members, { dialect: dialect as RingDialect });
  } catch {
    return undefined;
  }
}
