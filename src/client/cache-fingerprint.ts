import { nodeName } from '../ring/index.ts';
import type { ResolvedOptions } from './resolve-options.ts';

/** Raised when the way that keys or values are stored changes: then equal options no longer mean equal items. */
export const FORMAT_VERSION = 3;

/**
 * A short hash of what decides where and how a key is stored: dialect, weights, key format, schema, smear rules and
 * codec. The node list is left out, since it changes while a fleet runs; equal fingerprints over equal lists find
 * equal items.
 */
export function cacheFingerprint(options: ResolvedOptions): string {
  const { discovery, dialect, namespace, schema, smear } = options;
  const weights =
    discovery.kind === 'nodes'
      ? discovery.nodes
          .filter(({ weight = 1 }) => weight !== 1)
          .map((node) => `${nodeName(node)} ${node.weight}`)
      : [];
  const { rules, placement, copyTtlSeconds, auto } = smear;
  // In one order, whatever the order they were listed in.
  const smeared = rules.map(({ key, prefix, copies }) => JSON.stringify([key, prefix, copies])).sort();
  const all = [
    FORMAT_VERSION,
    dialect,
    weights.sort(),
    namespace,
    schema,
    smeared,
    placement,
    copyTtlSeconds,
    auto,
  ];
  // Asked for rarely, so the hash is loaded only then.
  const { createHash } = process.getBuiltinModule('node:crypto');
  return createHash('sha256').update(JSON.stringify(all)).digest('hex').slice(0, 16);
}
