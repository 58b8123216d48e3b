import type { Ring, RingNode } from '../ring/index.ts';
import { type Route, type SingleRoute, smearedRoute, variantsRoute } from './route.ts';
import type { Placement, SmearRules } from './rules.ts';
import { readWeights } from './weights.ts';

/** A key that is known to be hot: by its storage key, its share (0..1) of the load, and on how many nodes it is to be. */
export interface HotSpread {
  readonly key: string;
  readonly share: number;
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
  /** Their routes: made when the first of them is needed. */
  #weighted: Map<string, Route<N>> | undefined;

  /** `hot` has no effect under the placement `suffix`, where writers must know what readers take for hot. */
  constructor(
    ring: Ring<N>,
    rules: SmearRules,
    placement: Placement,
    copySuffix: string,
    hot: readonly HotSpread[] = [],
  ) {
    this.ring = ring;
    this.#rules = rules;
    this.#placement = placement;
    this.#copySuffix = copySuffix;
    this.#singles = new Map(ring.nodes.map((base) => [base, { kind: 'single', base }]));
    this.#hot = new Map(placement === 'suffix' ? [] : hot.map((spread) => [spread.key, spread]));
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
      this.#weighted = undefined;
    }
    this.#weighted ??= this.#weigh();
    return this.#weighted.get(key)!;
  }

  #weigh(): Map<string, Route<N>> {
    const { ring } = this;
    const indexes = new Map(ring.nodes.map((node, index) => [node, index]));
    const spreads = [...this.#hot.values()].map(({ key, share, copies }) => {
      const route = smearedRoute(ring, key, this.#copySuffix, copies);
      const nodes = route.kind === 'single' ? [route.base] : [route.base, ...route.copyNodes];
      return { key, route, share, nodes: nodes.map((node) => indexes.get(node)!) };
    });
    const sizes = ring.nodes.map(({ weight }) => weight || 1);
    const weights = readWeights(ring.arcs(), spreads, sizes);
    return new Map(
      spreads.map(({ key, route }, at) => [
        key,
        route.kind === 'single' ? this.#singles.get(route.base)! : { ...route, weights: weights[at]! },
      ]),
    );
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
