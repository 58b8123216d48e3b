// What this version of the code is, and what it can do: told to a release's pre-traffic check. Imported when it is asked
// for, so that no cold start pays for it.

import { CacheError } from '../base/errors.ts';
import type { FetchOutcome, StoreOutcome } from '../base/outcome.ts';
import { PACKAGE_VERSION } from '../base/package-version.ts';
import type { NodeReport, SelfCheckReport } from '../base/self-check-report.ts';
import type { Millis, Seconds } from '../base/units.ts';
import { keyPrefix, storageKey } from '../memcached/storage-key.ts';
import type { Router } from '../smear/index.ts';
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

/** A wait for the nodes ends after one connect's time; a cold environment's first name look-up may take longer. */
const DISCOVERY_TRIES = 4;

type Verdict = Pick<NodeReport, 'reachable' | 'roundTripMillis' | 'writeReadDelete'>;

/** `core` is missing where the cache is switched off. */
export async function selfCheck(
  core: ClientCore | undefined,
  options: ResolvedOptions,
  { functionVersion, namespace, endsAt }: SelfCheck,
): Promise<SelfCheckReport> {
  const router = core && (await discovered(core, endsAt));
  const found = router instanceof CacheError ? undefined : router;
  const nodes = found?.ring.nodes ?? [];
  const topology = core?.cluster.topology;
  return {
    version: 1,
    packageVersion: PACKAGE_VERSION,
    functionVersion,
    fingerprint: cacheFingerprint(options),
    disabled: options.disabled,
    dialect: options.dialect,
    placement: options.smear.placement,
    schema: options.schema ?? null,
    invalidates: options.invalidates,
    namespace: options.namespace ?? null,
    codec: FORMAT_VERSION,
    topology:
      found === undefined || topology === undefined
        ? null
        : { version: topology.version, nodes: nodes.map(({ name }) => name) },
    ...(router instanceof CacheError && { problem: router.message }),
    ringFingerprint: found?.ring.fingerprint ?? null,
    nodes: await Promise.all(nodes.map((node) => checked(core!, node, namespace, endsAt))),
    weights: Object.fromEntries(
      nodes.filter(({ weight }) => weight !== 1).map(({ name, weight }) => [name, weight]),
    ),
  };
}

async function discovered({ cluster }: ClientCore, endsAt: Millis): Promise<Router<CacheNode> | CacheError> {
  for (let tries = 1; ; tries++) {
    const router = cluster.router() ?? (await cluster.discover(endsAt));
    if (!(router instanceof CacheError) || tries === DISCOVERY_TRIES) return router;
  }
}

async function checked(
  core: ClientCore,
  node: CacheNode,
  namespace: string,
  endsAt: Millis,
): Promise<NodeReport> {
  const { name, ip } = node;
  return { name, ...(ip !== undefined && { ip }), ...(await writeReadDelete(core, node, namespace, endsAt)) };
}

/** Every node, not only owners: a key of its own each time, since checks may run side by side. */
async function writeReadDelete(
  { clock, random }: ClientCore,
  node: CacheNode,
  namespace: string,
  endsAt: Millis,
): Promise<Verdict> {
  const token = random().toString(36).slice(2);
  const key = storageKey(keyPrefix(namespace, undefined), `self-check:${token}`);
  const value = Buffer.from(token);
  const stored = await node.store('set', key, { value, flags: 0, ttlSeconds: CHECK_TTL_SECONDS }, endsAt);
  if (stored.kind !== 'stored') {
    const reason = stored.kind === 'unavailable' ? stored.error.message : `the write was ${stored.kind}`;
    return verdict(isReached(stored), null, reason);
  }
  // Measured here, since the write may have had to connect first.
  const sentAt = clock.monotonic();
  const read = await node.get(key, endsAt);
  const roundTripMillis = Math.round((clock.monotonic() - sentAt) * 100) / 100;
  if (read.kind === 'unavailable') return verdict(isReached(read), null, read.error.message);
  if (read.kind === 'miss') return verdict(true, roundTripMillis, 'what was written is not there');
  if (!read.value.equals(value))
    return verdict(true, roundTripMillis, 'what was read is not what was written');
  const deleted = await node.delete(key, endsAt);
  if (deleted.kind === 'unavailable') return verdict(true, roundTripMillis, deleted.error.message);
  return verdict(true, roundTripMillis, deleted.kind === 'deleted' ? 'ok' : 'the delete found nothing');
}

const verdict = (reachable: boolean, roundTripMillis: number | null, writeReadDelete: string): Verdict => ({
  reachable,
  roundTripMillis,
  writeReadDelete,
});

/** A refusal is an answer. */
const isReached = (outcome: StoreOutcome | FetchOutcome): boolean =>
  outcome.kind !== 'unavailable' || outcome.error.code === 'NODE_REFUSED';
