import type { Ring, RingNode } from '../ring/index.ts';
import { type Route, type SingleRoute, type SmearedRoute, smearedRoute, variantsRoute } from './route.ts';
import type { Placement, SmearRules } from './rules.ts';
import { type HotLoad, readWeights } from './weights.ts';

/** A key that is known to be hot: by its storage key, its share of the load, and on how many nodes it is to be. */
export interface HotSpread {
  readonly key: string;
  /** 0..1. Without it all its nodes are read alike. */
  readonly share: number | undefined;
  readonly copies: number;
}

/** Routes of hot keys that are kept; a prefix rule may name more keys than memory should hold. */
const KEPT_ROUTES = 1024;

/**
 * Gives every key its route over one ring.
 *
 * A key that is not smeared costs one look at the rules and one at the ring: its route is made once for each node
 * and shared. Routes of smeared keys are kept.
 */
export class Router<N extends RingNode> {
  readonly ring: Ring<N>;
  readonly #rules: SmearRules;
  readonly #placement: Placement;
  readonly #copySuffix: string;
  readonly #singles: ReadonlyMap<N, SingleRoute<N>>;
  readonly #smeared = new Map<string, Route<N>>();
  /** The keys that were measured, in the order in which all readers know them. */
  readonly #hot: Map<string, HotSpread>;
  /** Copies that rules give to hot keys: found by the callers' names, and kept for the next router. */
  readonly #ruled: Map<string, number>;
  /** Their routes: made when the first of them is needed. */
  #weighted: Map<string, Route<N>> | undefined;

  /**
   * `hot` has no effect under the placement `suffix`, where writers must know what readers take for hot. `ruled` is for
   * routers alone, one after another.
   */
  constructor(
    ring: Ring<N>,
    rules: SmearRules,
    placement: Placement,
    copySuffix: string,
    hot: readonly HotSpread[] = [],
    ruled: Map<string, number> = new Map(),
  ) {
    this.ring = ring;
    this.#rules = rules;
    this.#placement = placement;
    this.#copySuffix = copySuffix;
    this.#singles = new Map(ring.nodes.map((base) => [base, { kind: 'single', base }]));
    this.#hot = new Map(placement === 'suffix' ? [] : hot.map((spread) => [spread.key, spread]));
    this.#ruled = ruled;
    for (const [key, copies] of ruled) {
      const known = this.#hot.get(key);
      if (known !== undefined) this.#hot.set(key, { ...known, copies });
    }
  }

  /** `key` is the caller's, which rules name; `storageKey` is what is stored and hashed. */
  routeFor(key: string, storageKey: string): Route<N> {
    const copies = this.#rules.copiesOf(key);
    if (this.#hot.size > 0) {
      const hot = this.#hot.get(storageKey);
      if (hot !== undefined) return this.#hotRoute(hot, copies);
    }
    if (copies === undefined || copies === 1) return this.#singles.get(this.ring.owner(storageKey))!;
    return this.#smeared.get(storageKey) ?? this.#smear(storageKey, copies);
  }

  /** What the rules say of a key's copies holds, one alone, too, and what was measured says how they are read. */
  #hotRoute(hot: HotSpread, ruled: number | undefined): Route<N> {
    const { key } = hot;
    if (ruled !== undefined && ruled !== hot.copies) {
      this.#hot.set(key, { ...hot, copies: ruled });
      if (this.#ruled.size >= KEPT_ROUTES) this.#ruled.clear();
      this.#ruled.set(key, ruled);
      this.#weighted = undefined;
    }
    this.#weighted ??= this.#weigh();
    return this.#weighted.get(key)!;
  }

  /** Routes of all hot keys, those with a share by weights that even them out. */
  #weigh(): Map<string, Route<N>> {
    const { ring } = this;
    const routes = new Map<string, Route<N>>();
    const indexes = new Map(ring.nodes.map((node, index) => [node, index]));
    const spreads: (HotLoad & { readonly key: string; readonly route: SmearedRoute<N> | SingleRoute<N> })[] =
      [];
    for (const { key, share, copies } of this.#hot.values()) {
      const route = smearedRoute(ring, key, this.#copySuffix, copies);
      routes.set(key, route.kind === 'single' ? this.#singles.get(route.base)! : route);
      const nodes = route.kind === 'single' ? [route.base] : [route.base, ...route.copyNodes];
      if (share !== undefined) {
        spreads.push({ key, route, share, nodes: nodes.map((node) => indexes.get(node)!) });
      }
    }
    if (spreads.length === 0) return routes;
    const sizes = ring.nodes.map(({ weight }) => weight || 1);
    const weights = readWeights(ring.arcs(), spreads, sizes);
    for (const [at, { key, route }] of spreads.entries()) {
      if (route.kind === 'smeared') routes.set(key, { ...route, weights: weights[at]! });
    }
    return routes;
  }

  #smear(storageKey: string, copies: number): Route<N> {
    const route =
      this.#placement === 'suffix'
        ? variantsRoute(this.ring, storageKey, copies)
        : smearedRoute(this.ring, storageKey, this.#copySuffix, copies);
    if (this.#smeared.size >= KEPT_ROUTES) this.#smeared.clear();
    this.#smeared.set(storageKey, route);
    return route;
  }
}
