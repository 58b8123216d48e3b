// Docs: docs/adr/0005-writes-see-stubs-as-absent.md
//
// Writes that depend on what the item is, and act on the base alone. memcached takes the stub of a lease for an item;
// so each of them looks before it trusts an answer that a stub may have given, and then replaces exactly what it saw, by
// the item's number for compare-and-swap, which every change of its value changes (a `touch` does not: its time to live is then overwritten).

import { NodeRefusedError } from '../base/errors.ts';
import {
  type CasOutcome,
  type CountOutcome,
  NOT_FOUND,
  REFUSED,
  type StoreOutcome,
  TOUCHED,
  type TouchOutcome,
  type UpdateOutcome,
  unavailable,
} from '../base/outcome.ts';
import type { Seconds } from '../base/units.ts';
import { encodeValue } from '../codec/value.ts';
import type { CountDirection, WireItem } from '../memcached/transport.ts';
import type { BaseItem } from './base-item.ts';
import type { Change, Loader } from './cache.ts';
import { isStub } from './dispatch.ts';

/** How often a write starts over where others change the item between its look and its command. */
const TRIES = 5;

/** What is to be counted, once it was checked. `initial`: what to store where there is nothing to count. */
export interface Counting {
  readonly direction: CountDirection;
  readonly by: number;
  readonly initial: { readonly value: number; readonly ttlSeconds: Seconds } | undefined;
}

/** A compare-and-swap loop, once it was checked. */
export interface Updating<T> {
  readonly change: Change<T>;
  readonly ttlSeconds: Seconds;
  readonly tries: number;
}

/** Stores where there is nothing. The holder of a stub's lease then finds its fill refused. */
export async function addItem(base: BaseItem, item: WireItem): Promise<StoreOutcome> {
  for (let tries = 0; tries < TRIES; tries++) {
    const added = await base.store('add', item);
    if (added.kind !== 'refused') return added;
    const found = await base.look();
    if (found.kind === 'unavailable') return found;
    // What was in the way is gone: once more.
    if (found.kind === 'miss') continue;
    if (!isStub(found)) return REFUSED;
    const swapped = await base.swap(found.cas, item);
    if (swapped.kind !== 'refused') return swapped;
  }
  return REFUSED;
}

/** Stores in the place of an item, which a stub is not. */
export async function replaceItem(base: BaseItem, item: WireItem): Promise<StoreOutcome> {
  for (let tries = 0; tries < TRIES; tries++) {
    const found = await base.look();
    if (found.kind === 'unavailable') return found;
    if (found.kind === 'miss' || isStub(found)) return REFUSED;
    if (found.cas === undefined) break;
    const swapped = await base.swap(found.cas, item);
    if (swapped.kind !== 'refused') return swapped;
  }
  // It was there at every look, and was another one each time: memcached's own condition must do.
  return base.store('replace', item);
}

/** memcached's own way to begin a count is not used: its item has no flags, and would be read as a string. */
export async function countItem(base: BaseItem, { direction, by, initial }: Counting): Promise<CountOutcome> {
  for (let tries = 0; tries < TRIES; tries++) {
    const counted = await base.count(direction, by);
    if (counted.kind !== 'not-found' && counted.kind !== 'refused') return counted;
    if (counted.kind === 'refused') {
      const found = await base.look();
      if (found.kind === 'unavailable') return found;
      if (found.kind === 'found' && !isStub(found)) return REFUSED;
    }
    if (initial === undefined) return NOT_FOUND;
    const { value, ttlSeconds } = initial;
    const begun = await addItem(base, { ...encodeValue(value), ttlSeconds });
    if (begun.kind === 'stored') return { kind: 'counted', value };
    if (begun.kind === 'unavailable') return begun;
  }
  return unavailable(new NodeRefusedError(base.node.name, 'the item came and went at every try'));
}

export async function touchItem(base: BaseItem, ttlSeconds: Seconds): Promise<TouchOutcome> {
  const before = await base.look();
  if (before.kind === 'unavailable') return before;
  if (before.kind === 'miss' || isStub(before)) return NOT_FOUND;
  const touched = await base.touch(ttlSeconds);
  if (touched.kind === 'unavailable') return touched;
  if (touched.kind === 'miss') return NOT_FOUND;
  if (!isStub(touched)) return TOUCHED;
  // It slipped in meanwhile, and would now keep others waiting for longer than its lease.
  if (touched.cas !== undefined) await base.giveBack(touched.cas);
  return NOT_FOUND;
}

/**
 * `read` gives an item's value, `undefined` where there is none or it cannot be read; `compute` bounds a change in time.
 * Rejects as the change does, and where its value cannot be stored.
 *
 * A swap whose reply is lost ends the loop: a second one could find its own value, and apply the change to it.
 */
export async function updateItem<T>(
  base: BaseItem,
  { change, ttlSeconds, tries }: Updating<T>,
  read: (found: CasOutcome) => T | undefined,
  compute: (change: Loader<T | undefined>) => Promise<T | undefined>,
): Promise<UpdateOutcome<T>> {
  for (let tried = 0; tried < tries; tried++) {
    const found = await base.getWithCas();
    if (found.kind === 'unavailable') return found;
    const current = read(found);
    const value = await compute(() => change(current));
    if (value === undefined) return { kind: 'unchanged', value: current };
    const item = { ...encodeValue(value), ttlSeconds };
    const outcome = await (found.kind === 'hit' ? base.swap(found.cas, item) : base.store('add', item));
    if (outcome.kind === 'stored') return { kind: 'stored', value };
    if (outcome.kind !== 'refused') return outcome;
  }
  return REFUSED;
}
