// What this version of the code is, and what it can do: told to a release's pre-traffic check.

import { CacheError } from '../base/errors.ts';
import { PACKAGE_VERSION } from '../base/package-version.ts';
import type { NodeReport, SelfCheckReport } from '../base/self-check-report.ts';
import type { Millis, Seconds } from '../base/units.ts';
import { storageKey } from '../memcached/storage-key.ts';
import { cacheFingerprint, FORMAT_VERSION } from './cache-fingerprint.ts';
import type { CacheNode } from './cache-node.ts';
import type { ClientCore } from './client-core.ts';
import type { ResolvedOptions } from './resolve-options.ts';

/** What is asked. */
export interface SelfCheck {
  readonly functionVersion: string;
  /** Where the check's own items lie. */
  readonly namespace: string;
  /** No operation outlives it (monotonic). */
  readonly endsAt: Millis;
}

/** What the check writes goes by itself where the delete is lost. */
const CHECK_TTL_SECONDS: Seconds = 60;

/** `core` is missing where the cache is switched off. */
export async function selfCheck(
  core: ClientCore | undefined,
  options: ResolvedOptions,
  { functionVersion, namespace, endsAt }: SelfCheck,
): Promise<SelfCheckReport> {
  const router = await core?.cluster.discover(endsAt);
  const [problem, ring] = router instanceof CacheError ? [router.message] : [undefined, router?.ring];
  const nodes = ring?.nodes ?? [];
  const reports = await Promise.all(nodes.map((node) => checked(core!, node, namespace, endsAt)));
  // Puts the timers away, as at the end of any invocation.
  await core?.cluster.settle(endsAt);
  const { dialect, disabled, smear, invalidates } = options;
  return {
    version: 1,
    packageVersion: PACKAGE_VERSION,
    functionVersion,
    fingerprint: cacheFingerprint(options),
    disabled,
    dialect,
    placement: smear.placement,
    schema: options.schema ?? null,
    invalidates,
    namespace: options.namespace ?? null,
    codec: FORMAT_VERSION,
    topology: ring
      ? { version: core!.cluster.topology!.version, nodes: nodes.map(({ name }) => name) }
      : null,
    problem,
    ringFingerprint: ring?.fingerprint ?? null,
    nodes: reports,
    weights: Object.fromEntries(nodes.map(({ name, weight }) => [name, weight]).filter(([, w]) => w !== 1)),
  };
}

/** Every node, not only owners, under a key of its own each time: checks may run side by side. */
async function checked(
  { clock, random }: ClientCore,
  node: CacheNode,
  namespace: string,
  endsAt: Millis,
): Promise<NodeReport> {
  const { name, ip } = node;
  const value = Buffer.from(`${random()}`);
  const key = storageKey(`${namespace}:`, `self-check:${value}`);
  let roundTripMillis: number | null = null;
  const report = (outcome: { readonly kind: string; readonly error?: CacheError }): NodeReport => ({
    name,
    ip,
    // A refusal is an answer.
    reachable: !outcome.error || outcome.error.code === 'NODE_REFUSED',
    roundTripMillis,
    writeReadDelete: outcome.error?.message ?? outcome.kind,
  });
  const stored = await node.store('set', key, { value, flags: 0, ttlSeconds: CHECK_TTL_SECONDS }, endsAt);
  if (stored.kind !== 'stored') return report(stored);
  // Measured here, since the write may have had to connect first.
  const sentAt = clock.monotonic();
  const read = await node.get(key, endsAt);
  if (read.kind === 'unavailable') return report(read);
  roundTripMillis = Math.round((clock.monotonic() - sentAt) * 100) / 100;
  if (read.kind !== 'hit') return report(read);
  if (!read.value.equals(value)) return report({ kind: 'another value was read' });
  const deleted = await node.delete(key, endsAt);
  return report(deleted.kind === 'deleted' ? { kind: 'ok' } : deleted);
}
