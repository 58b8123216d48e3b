// What a change of the node list leaves to do: items that moved are asked of their former owners, for as long as they can
// live there.

import { type FetchOutcome, type Hit, MISS } from '../base/outcome.ts';
import type { Seconds } from '../base/units.ts';
import type { ReadThroughResult } from './cache.ts';
import type { CacheNode } from './cache-node.ts';
import type { Calls } from './calls.ts';
import type { ClientCore } from './client-core.ts';
import { askMissingCopy, copyOf, itemOf, type Place, type ReadPlan } from './dispatch.ts';
import { acceptable } from './validation.ts';
import type { Wanted } from './wanted.ts';

/**
 * An item that its new owner has not, from its former one. The new owner is given a copy, under a lease that is taken
 * before the former owner is read, and for no longer than a copy lives: a delete that reached both ends it for good.
 */
export async function fetchMoved(owner: Place, plan: ReadPlan): Promise<FetchOutcome> {
  const former = plan.former.sourceOf(owner.key, owner.node);
  if (former === undefined) return MISS;
  const copy = await askMissingCopy(owner, plan);
  if (typeof copy !== 'function') return copy;
  const outcome = itemOf(await former.getWithTtl(owner.key, plan.endsAt));
  copy(outcome.kind === 'hit' ? outcome : undefined);
  return outcome.kind === 'hit' ? outcome : MISS;
}

/** The same for a read-through that holds the lease of the new owner. */
export async function takeMoved<T>(
  core: ClientCore,
  calls: Calls,
  wanted: Wanted<T>,
  owner: Place,
  former: CacheNode,
  cas: string,
): Promise<ReadThroughResult<T> | undefined> {
  const { open, endsAt } = calls;
  const outcome = itemOf(await open.during(former.getWithTtl(owner.key, endsAt)));
  if (outcome.kind !== 'hit' || !isFresh(outcome, wanted)) return undefined;
  const item = copyOf(outcome, core.copyTtlSeconds);
  if (item === undefined) return undefined;
  const release = (): void => void open.during(owner.node.giveBack(owner.key, cas, false, endsAt));
  const accepted = await calls.holding(release, () => acceptable(calls, wanted, outcome));
  if (accepted === undefined) return undefined;
  void open.during(owner.node.fill(owner.key, item, cas, endsAt));
  return { kind: 'hit', value: accepted.value, node: former.name };
}

const isFresh = <T>({ ttlSeconds = -1 }: Hit, { staleSeconds }: Wanted<T>): boolean =>
  ttlSeconds < 0 || ttlSeconds > staleSeconds;

/**
 * How little an item may have left to live before a reader is asked to renew it. Of a key that moved it may be a copy from
 * its former owner, which is short-lived by nature: none is asked then.
 */
export function refreshSeconds<T>(
  core: ClientCore,
  { staleSeconds }: Wanted<T>,
  owner: CacheNode,
  key: string,
): Seconds {
  const { former } = core.cluster;
  if (staleSeconds === 0 || !former.active) return staleSeconds;
  return former.sourceOf(key, owner) === undefined ? staleSeconds : 0;
}

/** Whether an item of a key that moved is its owner's own, and past its freshness. */
export const isOwnAndStale = <T>(core: ClientCore, { ttlSeconds = -1 }: Hit, wanted: Wanted<T>): boolean =>
  ttlSeconds > core.copyTtlSeconds && ttlSeconds <= wanted.staleSeconds;
