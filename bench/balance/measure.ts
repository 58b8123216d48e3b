// One design on one ring: the nodes are emptied, a new fleet starts cold, and what the nodes served is read off their
// own counters over a window.

import { setTimeout as sleep } from 'node:timers/promises';
import { DESIGNS, type DesignName, learns } from './designs.ts';
import { Fleet, type FleetCounts } from './fleet.ts';
import type { Orders } from './messages.ts';
import type { Nodes } from './nodes.ts';
import { nodeNames } from './rings.ts';

/** How a fleet is made and for how long it is watched. */
export interface Plan {
  readonly processes: number;
  readonly environments: number;
  readonly lifeSeconds: number;
  /** Requests per second of the whole fleet. */
  readonly rate: number;
  /** From the cold start to the window. */
  readonly learnSeconds: number;
  readonly windowSeconds: number;
}

export interface Measured {
  /** Of `cmd_get` of the nodes. */
  readonly maxOverMean: number;
  /** Of every command that was sent to a node. */
  readonly maxOverMeanOfAll: number;
  /** Per second. */
  readonly rate: number;
  /** Reads in the window, of all nodes. */
  readonly reads: number;
  /** Commands sent per request. */
  readonly perRequest: number;
  /** Commands of the detection, by verb and kind of key, as shares of all commands. */
  readonly own: Readonly<Record<string, number>>;
  /** The share of the window's requests that were not made, since the machine could not keep up. */
  readonly shed: number;
  readonly warnings: number;
  readonly sockets: number;
  /** CPU of the fleet's processes, in cores. */
  readonly cores: number;
}

/** Designs that learn nothing are stable after their first seconds, and their window may be shorter. */
const STABLE_AFTER_SECONDS = 6;
const STABLE_WINDOW_SECONDS = 12;

export function planOf(design: DesignName, plan: Plan): Plan {
  if (learns(design)) return plan;
  return {
    ...plan,
    learnSeconds: Math.min(plan.learnSeconds, STABLE_AFTER_SECONDS),
    windowSeconds: Math.min(plan.windowSeconds, STABLE_WINDOW_SECONDS),
  };
}

export function ordersFor(
  nodes: Nodes,
  ring: number,
  design: DesignName,
  stream: string,
  { environments, lifeSeconds, rate }: Plan,
): Orders {
  return {
    names: nodeNames(ring, nodes.addresses.length),
    addresses: nodes.addresses,
    smear: DESIGNS[design],
    stream,
    environments,
    lifeSeconds,
    rate,
    deletes: 0,
    seed: 1_000 * ring + 1,
  };
}

export async function measure(
  nodes: Nodes,
  orders: Orders,
  { processes, learnSeconds, windowSeconds }: Plan,
): Promise<Measured> {
  await nodes.flush();
  const fleet = await Fleet.start(processes, orders);
  try {
    await sleep(learnSeconds * 1_000);
    const [before, servedBefore] = await Promise.all([fleet.count(), nodes.readsServed()]);
    const from = performance.now();
    await sleep(windowSeconds * 1_000);
    const [after, servedAfter] = await Promise.all([fleet.count(), nodes.readsServed()]);
    const seconds = (performance.now() - from) / 1_000;
    const served = servedAfter.map((reads, node) => reads - servedBefore[node]!);
    await fleet.end();
    return figuresOf(before, after, served, seconds);
  } finally {
    await fleet.kill();
  }
}

function figuresOf(
  before: FleetCounts,
  after: FleetCounts,
  served: readonly number[],
  seconds: number,
): Measured {
  const requests = after.requests - before.requests;
  const shed = after.shed - before.shed;
  const all = after.wire.all - before.wire.all;
  const { byNode, own } = after.wire;
  // Detection is counted from the cold start on, when it has most to do.
  const shares = Object.entries(own).map(([kind, count]) => [kind, count / after.wire.all]);
  return {
    maxOverMean: maxOverMean(served),
    maxOverMeanOfAll: maxOverMean(
      Object.entries(byNode).map(([node, count]) => count - (before.wire.byNode[node] ?? 0)),
    ),
    rate: requests / seconds,
    reads: sum(served),
    perRequest: all / requests,
    own: Object.fromEntries(shares),
    shed: shed / (shed + requests),
    warnings: after.warnings,
    sockets: after.sockets,
    cores: (after.cpuSeconds - before.cpuSeconds) / seconds,
  };
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

export const maxOverMean = (loads: readonly number[]): number =>
  Math.max(...loads) / (sum(loads) / loads.length);
