import type { HotRules } from '../hotkeys/index.ts';
import { COPY_SUFFIX } from '../memcached/storage-key.ts';
import type { Ring, RingNode } from '../ring/index.ts';
import { type Placement, Router, type SmearRules } from '../smear/index.ts';
import type { MarkHot } from './cache-node.ts';
import type { HotKeys } from './hot-keys.ts';

/** What is known of the fleet's hot keys, and how many copies are made of them. */
export interface HotRouting {
  readonly keys: HotKeys;
  readonly rules: HotRules;
}

/** Which keys are smeared: those that the rules name, and those that turned out to be hot. */
export class Routing {
  readonly #rules: SmearRules;
  readonly #placement: Placement;
  readonly #hot: HotRouting | undefined;
  readonly #ruled = new Map<string, number>();

  /** Without `hot` only the rules count. */
  constructor(rules: SmearRules, placement: Placement, hot?: HotRouting) {
    this.#rules = rules;
    this.#placement = placement;
    this.#hot = hot;
  }

  /** By what is known now: when that changes, routes are to be made anew. */
  over<N extends RingNode>(ring: Ring<N>): Router<N> {
    const spreads = this.#hot?.keys.spreads(ring.nodes.length, this.#hot.rules);
    return new Router(ring, this.#rules, this.#placement, COPY_SUFFIX, spreads, this.#ruled);
  }

  /** Whether the items of `key` are variants, none of them a base. Known without its nodes. */
  hasVariants(key: string): boolean {
    return this.#placement === 'suffix' && (this.#rules.copiesOf(key) ?? 1) > 1;
  }

  get markHot(): MarkHot | undefined {
    return this.#hot?.keys.mark;
  }
}
