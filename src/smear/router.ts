import type { Ring, RingNode } from '../ring/index.ts';
import { type Route, type SingleRoute, smearedRoute, variantsRoute } from './route.ts';
import type { Placement, SmearRules } from './rules.ts';

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

  constructor(ring: Ring<N>, rules: SmearRules, placement: Placement, copySuffix: string) {
    this.ring = ring;
    this.#rules = rules;
    this.#placement = placement;
    this.#copySuffix = copySuffix;
    this.#singles = new Map(ring.nodes.map((base) => [base, { kind: 'single', base }]));
  }

  /** `key` is the caller's, which rules name; `storageKey` is what is stored and hashed. */
  routeFor(key: string, storageKey: string): Route<N> {
    const copies = this.#rules.copiesOf(key);
    if (copies <= 1) return this.#singles.get(this.ring.owner(storageKey))!;
    return this.#smeared.get(storageKey) ?? this.#smear(storageKey, copies);
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
