import type { SelfCheckReport } from '../base/self-check-report.ts';
import { buildRing, diffRings, type Ring, type RingDialect } from '../ring/index.ts';

/** The share of keys, 0..1, that have another owner in the second version than in the first; `undefined` without a ring. */
export function movedShareOf(live: SelfCheckReport, next: SelfCheckReport): number | undefined {
  if (live.ringFingerprint === null || next.ringFingerprint === null) return undefined;
  // Equal if and only if every key has the same owner in both.
  if (live.ringFingerprint === next.ringFingerprint) return 0;
  const [before, after] = [ringOf(live), ringOf(next)];
  // A ring that cannot be built again, of a dialect that this check does not know, shares nothing that could be told.
  return before === undefined || after === undefined ? 1 : diffRings(before, after).movedShare;
}

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
