// What a popularity does to the nodes of a ring, with smearing and without. Expected loads, computed and not drawn: by
// the same ring, thresholds and read weights that clients use.

import { copiesOf, MOST_HOT_KEYS } from '../../hotkeys/index.ts';
import { nodeName, type Ring } from '../../ring/index.ts';
import { readWeights } from '../../smear/weights.ts';
import type { Popularity } from './popularity.ts';

export interface HotKeyPlan {
  readonly key: string;
  readonly share: number;
  readonly copies: number;
  /** The owner first. */
  readonly nodes: readonly string[];
}

/** Smearing by one tolerance. */
export interface Trial {
  readonly tolerance: number;
  /** Share of the load above which a key is hot. */
  readonly threshold: number;
  readonly hot: readonly HotKeyPlan[];
  /** Copies beside the bases, of all hot keys. */
  readonly extraItems: number;
  /** Share of all requests, by node, in the ring's order. */
  readonly loads: readonly number[];
  /** The busiest node's load over the mean. */
  readonly imbalance: number;
}

export interface Simulation {
  readonly title: string;
  readonly keyCount: number;
  readonly requests?: number;
  readonly dialect: string;
  readonly nodes: readonly string[];
  /** Without smearing. */
  readonly before: { readonly loads: readonly number[]; readonly imbalance: number };
  readonly recommended: Trial;
  readonly trials: readonly Trial[];
  /** `[rank, share]` of some ranks, for a curve. */
  readonly curve: readonly (readonly [number, number])[];
}

const TOLERANCES = [0.3, 0.2, 0.1, 0.05, 0.03, 0.02, 0.01];

/**
 * `tolerance` fixes what would else be searched: the largest that keeps the busiest node within `target` times the mean,
 * or, where none does, within a fiftieth of the best.
 */
export function simulate(
  popularity: Popularity,
  ring: Ring,
  spell: (key: string) => string,
  { target, tolerance }: { readonly target: number; readonly tolerance?: number | undefined },
): Simulation {
  const indexes = new Map(ring.nodes.map((node, i) => [nodeName(node), i]));
  const owners = popularity.keys.map(({ key }) => indexes.get(nodeName(ring.owner(spell(key))))!);
  const arcs = ring.arcs();
  const loads = arcs.map((arc) => arc * popularity.rest);
  for (const [i, { share }] of popularity.keys.entries()) loads[owners[i]!]! += share;
  const trial = (chosen: number): Trial => tryTolerance(chosen, popularity, ring, spell, loads, owners);
  const tolerances = tolerance === undefined ? TOLERANCES : [tolerance];
  const trials = tolerances.map(trial);
  const { title, keyCount, requests } = popularity;
  return {
    title,
    keyCount,
    ...(requests !== undefined && { requests }),
    dialect: ring.dialect,
    nodes: ring.nodes.map(nodeName),
    before: { loads, imbalance: imbalanceOf(loads) },
    recommended: choose(trials, target),
    trials,
    curve: curveOf(popularity),
  };
}

function tryTolerance(
  tolerance: number,
  { keys }: Popularity,
  ring: Ring,
  spell: (key: string) => string,
  before: readonly number[],
  owners: readonly number[],
): Trial {
  const nodes = ring.nodes.length;
  const threshold = tolerance / nodes;
  const hot: (HotKeyPlan & { readonly places: readonly number[] })[] = [];
  for (const { key, share } of keys) {
    if (share <= threshold || hot.length === MOST_HOT_KEYS) break;
    const copies = copiesOf(share, nodes, { tolerance });
    const places = ring.successors(spell(key), copies).map((node) => ring.nodes.indexOf(node));
    hot.push({ key, share, copies, nodes: places.map((at) => nodeName(ring.nodes[at]!)), places });
  }
  const weights = readWeights(
    ring.arcs(),
    hot.map(({ share, places }) => ({ share, nodes: places })),
    ring.nodes.map(({ weight }) => weight || 1),
  );
  const loads = [...before];
  for (const [i, { share, places }] of hot.entries()) {
    loads[owners[i]!]! -= share;
    let upTo = 0;
    for (const [j, place] of places.entries()) {
      loads[place]! += share * (weights[i]![j]! - upTo);
      upTo = weights[i]![j]!;
    }
  }
  return {
    tolerance,
    threshold,
    hot: hot.map(({ places: _, ...plan }) => plan),
    extraItems: hot.reduce((sum, { copies }) => sum + copies - 1, 0),
    loads,
    imbalance: imbalanceOf(loads),
  };
}

function choose(trials: readonly Trial[], target: number): Trial {
  const best = Math.min(...trials.map(({ imbalance }) => imbalance));
  const wanted = Math.max(target, best * 1.02);
  return trials.find(({ imbalance }) => imbalance <= wanted)!;
}

const imbalanceOf = (loads: readonly number[]): number =>
  Math.max(...loads) / (loads.reduce((sum, load) => sum + load, 0) / loads.length);

/** Ranks that lie evenly on a logarithmic axis. */
function curveOf({ keys }: Popularity): [number, number][] {
  const points: [number, number][] = [];
  for (let at = 0; at < keys.length; at = Math.max(at + 1, Math.floor(at * 1.15))) {
    points.push([at + 1, keys[at]!.share]);
  }
  return points;
}
