// The fleet's hot list as an operator deals with it: read from every node, changed where the fleet changes it.

import { reasonOf } from '../../base/errors.ts';
import { NEVER, type Seconds } from '../../base/units.ts';
import { CacheNode } from '../../client/cache-node.ts';
import { changeHotList, readHotList } from '../../client/hot-list-item.ts';
import { type HotList, mergeHotLists, NO_HOT_KEYS } from '../../hotkeys/index.ts';
import { MetaTransport } from '../../memcached/meta-transport.ts';
import { buildRing, type Ring } from '../../ring/index.ts';
import type { ClusterView } from '../nodes/cluster-view.ts';
import { resolveIps } from '../ring/where.ts';
import { printable } from '../screen/printable.ts';
import { CommandFailure, type World } from '../world.ts';

export interface FoundList {
  readonly list: HotList;
  /** Nodes that hold none, or an older one, or did not answer; the fleet brings them up to date by itself. */
  readonly behind: readonly string[];
  /** Nodes that hold what is no list, and why it is none. */
  readonly refused: readonly { readonly node: string; readonly reason: string }[];
  /** Nodes that did not answer, and why; they are among those behind. */
  readonly unreachable: readonly { readonly node: string; readonly reason: string }[];
  readonly ring: Ring;
}

/** What the nodes hold; an empty list where none answers, with all of them `unreachable`. */
export function readList(view: ClusterView, world: World): Promise<FoundList> {
  return withRing(view, world, (ring, failures) => readAll(ring, failures, nowOf(world)));
}

/** @throws CommandFailure where no node answers: that is no empty list. */
export function someNodeAnswered(found: FoundList): FoundList {
  if (found.unreachable.length < found.ring.nodes.length) return found;
  const reasons = found.unreachable.map(({ reason }) => printable(reason)).join('; ');
  throw new CommandFailure(`no node answers: ${reasons}; smearcache doctor says more`);
}

/**
 * Changes the list on its owner, tells all nodes, and gives it as it is then.
 *
 * @throws CommandFailure where the owner does not answer.
 */
export function changeList(
  view: ClusterView,
  world: World,
  change: (list: HotList, now: Seconds) => HotList,
): Promise<FoundList> {
  return withRing(view, world, async (ring, failures) => {
    const now = nowOf(world);
    // What only other nodes know yet is in it, too, or it would come back by them.
    const { list: known } = await readAll(ring, failures, now);
    const changed = await changeHotList(
      ring,
      (list) => change(mergeHotLists(list, known, now), now),
      now,
      NEVER,
      true,
    );
    if (changed === undefined)
      throw new CommandFailure(
        'the list could not be changed: its node does not answer, or others change it all the time; smearcache doctor says more',
      );
    return readAll(ring, failures, now);
  });
}

/** Seconds since 1970. */
export const nowOf = ({ clock }: World): Seconds => Math.floor(clock.wall() / 1000);

async function readAll(
  ring: Ring<CacheNode>,
  failures: ReadonlyMap<string, string>,
  now: Seconds,
): Promise<FoundList> {
  const held = await Promise.all(
    ring.nodes.map(async (node) => ({
      node: node.name,
      stored: await readHotList(node, ring.dialect, now, NEVER),
    })),
  );
  const lists = held.flatMap(({ stored }) => (stored === undefined ? [] : [stored.list]));
  const list = lists.reduce((merged, one) => mergeHotLists(merged, one, now), NO_HOT_KEYS);
  return {
    list,
    behind: held.filter(({ stored }) => (stored?.list.version ?? 0) < list.version).map(({ node }) => node),
    refused: held.flatMap(({ node, stored }) =>
      stored?.refused === undefined ? [] : [{ node, reason: stored.refused }],
    ),
    unreachable: held.flatMap(({ node, stored }) => {
      const reason = stored === undefined ? failures.get(node) : undefined;
      return reason === undefined ? [] : [{ node, reason }];
    }),
    ring,
  };
}

async function withRing<T>(
  view: ClusterView,
  { clock }: World,
  use: (ring: Ring<CacheNode>, failures: ReadonlyMap<string, string>) => Promise<T>,
): Promise<T> {
  const { dialect, connectTimeoutMillis, operationTimeoutMillis } = view.options;
  const failures = new Map<string, string>();
  const timeouts = { connectTimeoutMillis, operationTimeoutMillis };
  const nodes = (await resolveIps(view.nodes, [dialect])).map(
    (node) =>
      new CacheNode(
        node,
        (_host, _port, listener) =>
          new MetaTransport(`${node.host}:${node.port}`, view.dial(node), timeouts, clock, listener),
        connectTimeoutMillis + operationTimeoutMillis,
        clock,
        (event) => {
          if (event.kind === 'node-down') failures.set(event.node, reasonOf(event.error));
          if (event.kind === 'node-up') failures.delete(event.node);
        },
      ),
  );
  try {
    return await use(buildRing(nodes, { dialect }), failures);
  } finally {
    await Promise.all(nodes.map((node) => node.close()));
  }
}
