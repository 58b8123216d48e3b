import {
  DELETED,
  type DeleteOutcome,
  type FetchOutcome,
  type Hit,
  MISS,
  NOT_FOUND,
  type StoreOutcome,
} from '../base/outcome.ts';
import type { Random } from '../base/random.ts';
import type { Millis, Seconds } from '../base/units.ts';
import type { WireItem } from '../memcached/transport.ts';
import type { Route, SmearedRoute } from '../smear/index.ts';
import type { CacheNode } from './cache-node.ts';

/** What a key's route answered, and the node that was asked last. */
export interface Located {
  readonly outcome: FetchOutcome;
  readonly node: CacheNode;
}

/** A place where an item may lie. */
export interface Place {
  readonly node: CacheNode;
  readonly key: string;
}

/**
 * One of the places where a key's item may lie: the base or one of the copies, each as likely as the others. With
 * `baseOnly` the base; of variants, which have none, any.
 */
export function placeOf(route: Route<CacheNode>, key: string, baseOnly: boolean, random: Random): Place {
  switch (route.kind) {
    case 'single':
      return { node: route.base, key };
    case 'smeared': {
      if (baseOnly) return { node: route.base, key };
      const drawn = Math.floor(random() * (route.copyNodes.length + 1));
      return drawn === 0
        ? { node: route.base, key }
        : { node: route.copyNodes[drawn - 1]!, key: route.copyKey };
    }
    case 'variants':
      return route.variants[Math.floor(random() * route.variants.length)]!;
    default:
      return route satisfies never;
  }
}

/** Whether a read that found nothing at `place` should go on to the base. */
export function fallsThrough(route: Route<CacheNode>, place: Place): route is SmearedRoute<CacheNode> {
  return route.kind === 'smeared' && place.node !== route.base;
}

/** How one read is to be done. */
export interface ReadPlan {
  /** Reads the base, never a copy. */
  readonly consistentRead: boolean;
  readonly copyTtlSeconds: Seconds;
  readonly random: Random;
  readonly endsAt: Millis;
  /** Takes work that the reader need not wait for. */
  readonly beside: (work: Promise<unknown>) => void;
}

/** Reads one key over its route: a copy that has nothing, or does not answer, is passed over for the base. */
export async function fetchItem(route: Route<CacheNode>, key: string, plan: ReadPlan): Promise<Located> {
  const { consistentRead, random, endsAt } = plan;
  const place = placeOf(route, key, consistentRead, random);
  const outcome = itemOf(await place.node.get(place.key, endsAt));
  if (outcome.kind === 'hit' || !fallsThrough(route, place)) return { outcome, node: place.node };
  const ofBase = itemOf(await route.base.getWithTtl(key, endsAt));
  // A copy's node that did not answer is spared the fill.
  if (ofBase.kind === 'hit' && outcome.kind === 'miss') fillCopy(place, ofBase, plan);
  return { outcome: ofBase, node: route.base };
}

/**
 * A copy is filled from the base and by a reader only; `add` never replaces what another reader put there. It lives no
 * longer than its base.
 */
export function fillCopy(place: Place, base: Hit, { copyTtlSeconds, endsAt, beside }: ReadPlan): void {
  const remaining = base.ttlSeconds ?? -1;
  const ttlSeconds = remaining < 0 ? copyTtlSeconds : Math.min(copyTtlSeconds, remaining);
  if (ttlSeconds < 1) return;
  const { value, flags } = base;
  beside(place.node.store('add', place.key, { value, flags, ttlSeconds }, endsAt));
}

/** An item without bytes and flags is the stub of somebody's lease, not a value: a stored empty string has flags. */
export function itemOf(outcome: FetchOutcome): FetchOutcome {
  return outcome.kind === 'hit' && outcome.value.length === 0 && outcome.flags === 0 ? MISS : outcome;
}

/** Writes the base and deletes the copies, side by side; the base's node alone acknowledges. */
export async function storeItem(
  route: Route<CacheNode>,
  key: string,
  item: WireItem,
  random: Random,
  endsAt: Millis,
): Promise<{ readonly outcome: StoreOutcome; readonly node: CacheNode }> {
  const { node, key: written } = placeOf(route, key, true, random);
  const [outcome] = await Promise.all([
    node.store('set', written, item, endsAt),
    deleteCopies(route, endsAt),
  ]);
  return { outcome, node };
}

/** Deletes the base and the copies, side by side; the base's node alone acknowledges. */
export async function deleteItem(
  route: Route<CacheNode>,
  key: string,
  endsAt: Millis,
): Promise<DeleteOutcome> {
  if (route.kind === 'variants') {
    // Etsy's scheme has no base: each variant is as good as the others, so each must go.
    return inAll(
      await Promise.all(route.variants.map((variant) => variant.node.delete(variant.key, endsAt))),
    );
  }
  const [outcome] = await Promise.all([route.base.delete(key, endsAt), deleteCopies(route, endsAt)]);
  return outcome;
}

/** One outcome for several deletes: not acknowledged where one was not, found where one was. */
export function inAll(outcomes: readonly DeleteOutcome[]): DeleteOutcome {
  return (
    outcomes.find(({ kind }) => kind === 'unavailable') ??
    (outcomes.some(({ kind }) => kind === 'deleted') ? DELETED : NOT_FOUND)
  );
}

function deleteCopies(route: Route<CacheNode>, endsAt: Millis): Promise<unknown> | undefined {
  if (route.kind !== 'smeared') return undefined;
  return Promise.all(route.copyNodes.map((node) => node.delete(route.copyKey, endsAt)));
}
