import {
  DELETED,
  type DeleteOutcome,
  type FetchOutcome,
  type Found,
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
import type { FormerRings } from './former-rings.ts';
import type { OwnWrites } from './own-writes.ts';

/** How long a reader may take from asking a copy to filling it. A copy is stale by no more than this and its own time. */
export const COPY_LEASE_SECONDS: Seconds = 3;

/** What a key's route answered, and the node that was asked last. */
export interface Located {
  readonly outcome: FetchOutcome;
  readonly node: CacheNode;
  /** The outcome is a copy's. */
  readonly isCopy?: boolean;
}

/** A place where an item may lie. */
export interface Place {
  readonly node: CacheNode;
  readonly key: string;
}

/**
 * One of the places where a key's item may lie: the base or one of the copies, drawn by the route's weights. With
 * `baseOnly` the base; of variants, which have none, any.
 */
function placeOf(route: Route<CacheNode>, key: string, baseOnly: boolean, random: Random): Place {
  switch (route.kind) {
    case 'single':
      return { node: route.base, key };
    case 'smeared': {
      if (baseOnly) return { node: route.base, key };
      const drawn = drawnFrom(route, random());
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

/** 0 for the base, else a copy's number; by the weights where there are any. `chance`: 0..1, below 1. */
function drawnFrom({ copyNodes, weights }: SmearedRoute<CacheNode>, chance: number): number {
  if (weights === undefined) return Math.floor(chance * (copyNodes.length + 1));
  let drawn = 0;
  while (chance >= weights[drawn]!) drawn++;
  return drawn;
}

/** Where a read goes first. */
export function readPlace(route: Route<CacheNode>, key: string, plan: ReadPlan): Place {
  const { consistentRead, ownWrites, random } = plan;
  // Only a smeared key has copies that could be older than a write of this process.
  const baseOnly = consistentRead || (route.kind === 'smeared' && ownWrites.has(key));
  return placeOf(route, key, baseOnly, random);
}

/** Whether a read that found nothing at `place` should go on to the base. */
export function fallsThrough(route: Route<CacheNode>, place: Place): route is SmearedRoute<CacheNode> {
  return route.kind === 'smeared' && place.node !== route.base;
}

/** How one read is to be done. */
export interface ReadPlan {
  /** Reads the base, never a copy. */
  readonly consistentRead: boolean;
  /** Keys that are read from their bases, too, since this process wrote them a moment ago. */
  readonly ownWrites: OwnWrites;
  /** Keys that this process wrote while what stands in for their bases can be older. */
  readonly recentWrites: OwnWrites;
  /** Where items lay that have moved. */
  readonly former: FormerRings;
  readonly copyTtlSeconds: Seconds;
  readonly leases: boolean;
  readonly random: Random;
  readonly endsAt: Millis;
  /** Takes work that the reader need not wait for. */
  readonly beside: (work: Promise<unknown>) => void;
}

/** Whether a read may be given what others keep elsewhere than at the owner: it may be older than the owner's word. */
export const mayStandIn = ({ consistentRead, recentWrites }: ReadPlan, key: string): boolean =>
  !consistentRead && !recentWrites.has(key);

/** Reads one key over its route: a copy that has nothing, or does not answer, is passed over for the base. */
export async function fetchItem(route: Route<CacheNode>, key: string, plan: ReadPlan): Promise<Located> {
  const place = readPlace(route, key, plan);
  const { endsAt } = plan;
  if (!fallsThrough(route, place)) {
    return { outcome: itemOf(await place.node.get(place.key, endsAt)), node: place.node };
  }
  const copy = await askCopy(place, plan);
  if (typeof copy !== 'function') return { outcome: copy, node: place.node, isCopy: true };
  const ofBase = itemOf(await route.base.getWithTtl(key, endsAt));
  copy(ofBase.kind === 'hit' ? ofBase : undefined);
  return { outcome: ofBase, node: route.base };
}

/** Fills the copy from what the base said after the copy was asked; `undefined` where there is nothing to fill it with. */
export type FillCopy = (base: Hit | undefined) => void;

/** Of a copy that is being filled by another reader, or whose node does not answer. */
const NO_FILL: FillCopy = () => {};

/**
 * A copy's value, or the way to fill it. The right to fill is taken before the base is read: a reader that is frozen in
 * between finds its lease gone, and cannot bring back what was deleted meanwhile.
 */
export async function askCopy(place: Place, plan: ReadPlan): Promise<Hit | FillCopy> {
  const { node, key } = place;
  const { endsAt, beside } = plan;
  if (!plan.leases || !node.leases) return askPlainCopy(place, plan);
  const outcome = await node.lease(key, COPY_LEASE_SECONDS, 0, endsAt);
  if (outcome.kind === 'hit') return outcome;
  if (outcome.kind !== 'won') return NO_FILL;
  return (base) => {
    const item = copyOf(base, plan.copyTtlSeconds);
    const { cas } = outcome;
    beside(item === undefined ? node.giveBack(key, cas, false, endsAt) : node.fill(key, item, cas, endsAt));
  };
}

async function askPlainCopy(place: Place, plan: ReadPlan): Promise<Hit | FillCopy> {
  const outcome = itemOf(await place.node.get(place.key, plan.endsAt));
  if (outcome.kind === 'hit') return outcome;
  // A node that did not answer is spared the fill.
  return outcome.kind === 'unavailable' ? NO_FILL : plainFill(place, plan);
}

/** Without leases `add` still keeps readers from replacing each other's fills, and no more than that. */
function plainFill({ node, key }: Place, { copyTtlSeconds, endsAt, beside }: ReadPlan): FillCopy {
  return (base) => {
    const item = copyOf(base, copyTtlSeconds);
    if (item !== undefined) beside(node.store('add', key, item, endsAt));
  };
}

/** `askCopy` of one that is known to have nothing: only the right to fill it is still to be had. */
export async function askMissingCopy(place: Place, plan: ReadPlan): Promise<Hit | FillCopy> {
  return plan.leases && place.node.leases ? askCopy(place, plan) : plainFill(place, plan);
}

/** A copy lives no longer than its base. */
export function copyOf(base: Hit | undefined, copyTtlSeconds: Seconds): WireItem | undefined {
  if (base === undefined) return undefined;
  const { value, flags, ttlSeconds: remaining = -1 } = base;
  const ttlSeconds = remaining < 0 ? copyTtlSeconds : Math.min(copyTtlSeconds, remaining);
  return ttlSeconds < 1 ? undefined : { value, flags, ttlSeconds };
}

/** An item without bytes and flags is the stub of somebody's lease, not a value: a stored empty string has flags. */
export function itemOf(outcome: FetchOutcome): FetchOutcome {
  return outcome.kind === 'hit' && outcome.value.length === 0 && outcome.flags === 0 ? MISS : outcome;
}

/** The same of an item that was not read. */
export const isStub = ({ bytes, flags }: Found): boolean => bytes === 0 && flags === 0;

/** Writes the base and deletes the copies, side by side; the base's node alone acknowledges. */
export async function storeItem(
  route: Route<CacheNode>,
  key: string,
  item: WireItem,
  random: Random,
  endsAt: Millis,
): Promise<{ readonly outcome: StoreOutcome; readonly node: CacheNode }> {
  const { node, key: written } = placeOf(route, key, true, random);
  const stored = node.store('set', written, item, endsAt);
  const copies = deleteCopies(route, endsAt);
  if (copies !== undefined) await copies;
  return { outcome: await stored, node };
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
