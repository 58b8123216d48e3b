import type { Millis } from '../../base/units.ts';
import { nodeName, type RingNode } from '../../ring/index.ts';
import type { ClusterView } from '../nodes/cluster-view.ts';
import type { World } from '../world.ts';
import { type Burst, type Look, lookAt } from './burst.ts';
import type { NodeSample } from './ranking.ts';
import { RETRY_MILLIS, ServedCounter } from './served-counter.ts';

/** How a node answered when it was last looked at. */
export interface NodeState {
  readonly node: string;
  /** Whether anything of it is in the picture: it was watched, and counted. */
  readonly seen: boolean;
  readonly trouble?: { readonly kind: 'refused' | 'unreachable'; readonly reason: string };
}

/** Older bursts are forgotten: what was hot is not what is hot. */
const KEPT_MILLIS: Millis = 15_000;

interface Watched {
  readonly ringNode: RingNode;
  readonly counter: ServedCounter;
  bursts: { readonly at: Millis; readonly burst: Burst }[];
  trouble?: NodeState['trouble'];
  retryAt: Millis;
}

/** Bursts of all nodes, the last seconds of them. */
export class Watch {
  readonly #view: ClusterView;
  readonly #world: World;
  readonly #burstMillis: Millis;
  readonly #keepMillis: Millis;
  readonly #nodes: readonly Watched[];

  /** `keepMillis`: bursts older than this are left out of the picture. */
  constructor(view: ClusterView, world: World, burstMillis: Millis, keepMillis: Millis = KEPT_MILLIS) {
    this.#view = view;
    this.#world = world;
    this.#burstMillis = burstMillis;
    // Each node must be in the picture at least once, however many take turns.
    this.#keepMillis = Math.max(keepMillis, 2 * burstMillis * view.nodes.length);
    this.#nodes = view.nodes.map((ringNode) => ({
      ringNode,
      counter: new ServedCounter(view.dial(ringNode), world, view.options.connectTimeoutMillis),
      bursts: [],
      retryAt: 0,
    }));
  }

  /** Looks at one node after the other, or at all at once; `looked` is told after each, and says whether to go on. */
  async round(all: boolean, looked: () => boolean): Promise<void> {
    await this.#count();
    if (all) {
      await Promise.all(this.#nodes.map((node) => this.#look(node)));
      await this.#count();
      looked();
      return;
    }
    for (const node of this.#nodes) {
      await this.#look(node);
      await this.#count();
      if (!looked()) return;
    }
  }

  /** Nodes that were watched and counted. */
  get samples(): readonly NodeSample[] {
    return this.#nodes.flatMap(({ ringNode, bursts, counter: { served } }) =>
      served === undefined
        ? []
        : [{ node: nodeName(ringNode), bursts: bursts.map(({ burst }) => burst), served }],
    );
  }

  get states(): readonly NodeState[] {
    return this.#nodes.map(({ ringNode, trouble, bursts, counter }) => ({
      node: nodeName(ringNode),
      seen: bursts.length > 0 && counter.served !== undefined,
      ...(trouble && { trouble }),
    }));
  }

  /** Whether no node lets itself be watched, so that going on is of no use. */
  get useless(): boolean {
    return this.#nodes.every(({ trouble }) => trouble !== undefined);
  }

  close(): void {
    for (const { counter } of this.#nodes) counter.close();
  }

  async #count(): Promise<void> {
    await Promise.all(this.#nodes.map(({ counter }) => counter.read(this.#keepMillis)));
  }

  async #look(watched: Watched): Promise<void> {
    const { clock } = this.#world;
    if (clock.monotonic() < watched.retryAt) return;
    // Its shares would be shares of nothing.
    if (watched.counter.trouble !== undefined) {
      watched.trouble = { kind: 'unreachable', reason: watched.counter.trouble };
      return;
    }
    const dial = this.#view.dial(watched.ringNode);
    const { connectTimeoutMillis } = this.#view.options;
    const look: Look = await lookAt(dial, this.#world, this.#burstMillis, connectTimeoutMillis);
    const now = clock.monotonic();
    watched.bursts = watched.bursts.filter(({ at }) => now - at < this.#keepMillis);
    if (look.kind === 'burst') {
      watched.bursts.push({ at: now, burst: look });
      delete watched.trouble;
    } else {
      watched.trouble = look;
      watched.retryAt = now + RETRY_MILLIS;
    }
  }
}
