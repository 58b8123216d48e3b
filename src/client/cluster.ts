import type { Clock } from '../base/clock.ts';
import { CacheError, ClosedError, DiscoveryError, reasonOf } from '../base/errors.ts';
import type { Observer } from '../base/events.ts';
import type { Millis } from '../base/units.ts';
import { buildRing, nodeName, type RingDialect, type RingNode } from '../ring/index.ts';
import type { Router } from '../smear/index.ts';
import type { Topology, TopologyWatcher } from '../topology/index.ts';
import { bounded } from './bounded.ts';
import { CacheNode, type OpenTransport } from './cache-node.ts';
import { recallFormer, recordFormer } from './change-record.ts';
import { CONFIRMED_WITHIN_MILLIS, FormerRings } from './former-rings.ts';
import { OpenCalls } from './open-calls.ts';
import type { Routing } from './routing.ts';

export interface ClusterOptions {
  readonly dialect: RingDialect;
  readonly routing: Routing;
  readonly connectTimeoutMillis: Millis;
  readonly operationTimeoutMillis: Millis;
}

const LOOKING = new DiscoveryError('discovery', 'it takes longer than this call may wait');

/** The nodes as they stand now, and the router over them. Replaced whole, never changed. */
interface View {
  readonly topology: Topology;
  readonly router: Router<CacheNode>;
}

/**
 * The nodes of one cluster: finds them, keeps a transport to each, and follows changes of the list.
 *
 * A new list is read first and then swapped in; transports of nodes that stay are kept, those of nodes that left
 * are closed.
 */
export class Cluster {
  readonly #options: ClusterOptions;
  readonly #watcher: TopologyWatcher;
  readonly #loadTransport: () => Promise<OpenTransport>;
  readonly #clock: Clock;
  readonly #observe: Observer;
  readonly #background = new OpenCalls();
  /** The rings before this one. */
  readonly former: FormerRings;
  /** When the list in use was last known to hold, by the time of day. */
  #confirmedAt: Millis = Number.NEGATIVE_INFINITY;
  #open: OpenTransport | undefined;
  #view: View | undefined;
  #looking: Promise<void> | undefined;
  /** Whether former rings that others know of were asked for. */
  #hasRecalled: boolean;
  #recalling: Promise<void> | undefined;
  #fault: CacheError | undefined;
  #closed = false;

  constructor(
    options: ClusterOptions,
    watcher: TopologyWatcher,
    loadTransport: () => Promise<OpenTransport>,
    clock: Clock,
    observe: Observer,
  ) {
    this.#options = options;
    this.#watcher = watcher;
    this.#loadTransport = loadTransport;
    this.#clock = clock;
    this.#observe = observe;
    this.former = new FormerRings(clock);
    // A list that cannot change has no former one.
    this.#hasRecalled = !watcher.changes;
  }

  get topology(): Topology | undefined {
    return this.#view?.topology;
  }

  /** The router, at once; `undefined` until the nodes are known. Looks for changes beside the caller when due. */
  router(): Router<CacheNode> | undefined {
    if (this.#view !== undefined && this.#watcher.isDue()) void this.#look();
    return this.#view?.router;
  }

  /** The router for a write, at once; `undefined` where more is to be known first: then `routerForWrites`. */
  writeRouter(): Router<CacheNode> | undefined {
    if (!this.#hasRecalled) return undefined;
    return this.#isOld ? undefined : this.router();
  }

  get #isOld(): boolean {
    return this.#watcher.isDue() && this.#clock.wall() - this.#confirmedAt > CONFIRMED_WITHIN_MILLIS;
  }

  /**
   * The router, or why there is none. Waits for the first node list, no longer than a connect may take and not past
   * `endsAt`.
   */
  async discover(endsAt: Millis): Promise<Router<CacheNode> | CacheError> {
    return this.#view === undefined ? this.freshRouter(endsAt) : this.#found();
  }

  /**
   * The router over a list that is no older than it may be, or why there is none: a look that is due is awaited, no
   * longer than a connect may take and not past `endsAt`, and then it is the known list again. For what must reach the
   * owner that others see, as a delete must.
   */
  async freshRouter(endsAt: Millis): Promise<Router<CacheNode> | CacheError> {
    if (!this.#closed && (this.#looking !== undefined || this.#watcher.isDue())) {
      const patience = this.#clock.monotonic() + this.#options.connectTimeoutMillis;
      await bounded(this.#look(), Math.min(endsAt, patience), this.#clock);
    }
    return this.#found();
  }

  /**
   * `freshRouter`, and once in a process what others know of former rings: a write must reach those who read by them.
   */
  async routerForWrites(endsAt: Millis): Promise<Router<CacheNode> | CacheError> {
    const router = await this.freshRouter(endsAt);
    // By a list of before a freeze the write would be acknowledged by a node that nobody asks any more.
    if (this.#isOld && this.#looking !== undefined) return LOOKING;
    if (!this.#hasRecalled && !(router instanceof CacheError)) {
      this.#recalling ??= this.#recall(router, endsAt);
      await this.#recalling;
    }
    return router;
  }

  /** Asked again with the next write where nobody answered. */
  async #recall({ ring }: Router<CacheNode>, endsAt: Millis): Promise<void> {
    this.#hasRecalled = await this.#background.during(recallFormer(this.former, ring, this.#clock, endsAt));
    this.#recalling = undefined;
  }

  #found(): Router<CacheNode> | CacheError {
    if (this.#closed) return new ClosedError('the cache');
    return this.#view?.router ?? this.#fault ?? LOOKING;
  }

  /**
   * Waits for what runs beside the callers, no longer than until `endsAt`, and puts the timers away; `undefined`
   * where nothing is to be awaited.
   */
  settle(endsAt: Millis): Promise<void> | undefined {
    const settled = this.#background.settled();
    if (settled !== undefined) return bounded(settled, endsAt, this.#clock).then(() => this.#rest());
    this.#rest();
    return undefined;
  }

  /** Takes no more calls, waits for `inFlight`, and closes all connections. */
  async close(inFlight: Promise<void> | undefined): Promise<void> {
    this.#closed = true;
    const nodes = this.#nodes;
    this.#view = undefined;
    await Promise.all([inFlight, this.#background.settled()]);
    await Promise.all(nodes.map((node) => node.close()));
  }

  #rest(): void {
    for (const node of this.#nodes) node.rest();
  }

  get #nodes(): readonly CacheNode[] {
    return this.#view?.router.ring.nodes ?? [];
  }

  /** Looks for the node list; all who come while it is being looked for share the answer. Never rejects. */
  #look(): Promise<void> {
    if (this.#looking === undefined) {
      this.#looking = this.#background.during(this.#refresh()).finally(() => {
        this.#looking = undefined;
      });
    }
    return this.#looking;
  }

  async #refresh(): Promise<void> {
    try {
      const open = await this.#transport();
      const refreshed = await this.#watcher.refresh(this.#view?.topology);
      if (this.#closed) return;
      if (refreshed.kind === 'changed') this.#install(refreshed.topology, open);
      if (refreshed.kind === 'failed') this.#report(refreshed.error);
      else this.#confirmedAt = refreshed.confirmedAt ?? this.#confirmedAt;
    } catch (error) {
      // The transport did not load, or the list is not for this dialect: one that hashes IPs was given none.
      this.#report(new DiscoveryError('discovery', reasonOf(error), error));
    }
  }

  async #transport(): Promise<OpenTransport> {
    this.#open ??= await this.#loadTransport();
    return this.#open;
  }

  #install(topology: Topology, open: OpenTransport): void {
    const known = new Map(this.#nodes.map((node) => [node.name, node]));
    const nodes = topology.nodes.map((node) => {
      const kept = known.get(nodeName(node));
      if (kept === undefined || !kept.isStill(node)) return this.#newNode(node, open);
      known.delete(kept.name);
      return kept;
    });
    const ring = buildRing(nodes, { dialect: this.#options.dialect });
    const before = this.#view?.router.ring;
    this.#view = { topology, router: this.#options.routing.over(ring) };
    this.#fault = undefined;
    if (before !== undefined) {
      this.former.replace(before, ring, this.#confirmedAt);
      void this.#background.during(
        recordFormer(this.former, ring, this.#clock, this.#options.operationTimeoutMillis),
      );
      // It has seen the change itself.
      this.#hasRecalled = true;
    }
    for (const gone of known.values()) void this.#background.during(gone.retire());
    this.#observe({
      kind: 'topology-changed',
      version: topology.version,
      nodes: nodes.map(({ name }) => name),
    });
  }

  /** Other keys are hot now: routes are made anew. */
  reroute(): void {
    if (this.#view === undefined) return;
    const { topology, router } = this.#view;
    this.#view = { topology, router: this.#options.routing.over(router.ring) };
  }

  #newNode(node: RingNode, open: OpenTransport): CacheNode {
    const { connectTimeoutMillis, operationTimeoutMillis, routing } = this.#options;
    const probeMillis = connectTimeoutMillis + operationTimeoutMillis;
    return new CacheNode(node, open, probeMillis, this.#clock, this.#hear, routing.markHot);
  }

  readonly #hear: Observer = (event) => {
    if (event.kind === 'node-down') this.#watcher.hasten();
    this.#observe(event);
  };

  #report(error: CacheError): void {
    this.#fault = error;
    this.#observe({ kind: 'discovery-failed', error, keptNodes: this.#nodes.length });
  }
}
