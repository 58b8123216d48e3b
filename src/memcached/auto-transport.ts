import type { Clock } from '../base/clock.ts';
import { type CacheError, ClosedError, NodeConnectionError } from '../base/errors.ts';
import {
  type CasOutcome,
  type CountOutcome,
  type DeleteOutcome,
  type FetchOutcome,
  type LeaseOutcome,
  type LookOutcome,
  type SampleOutcome,
  type StoreOutcome,
  type Unavailable,
  unavailable,
} from '../base/outcome.ts';
import type { Millis, Seconds } from '../base/units.ts';
import type { Dial } from './dial.ts';
import { tooOldForMeta } from './engine-version.ts';
import { MetaTransport } from './meta-transport.ts';
import type {
  Capabilities,
  CountDirection,
  NodeTransport,
  StoreMode,
  TransportListener,
  TransportOptions,
  WireItem,
} from './transport.ts';

/**
 * The meta transport where the engine speaks it, else memjs. Each new connection by meta tells the engine's version
 * before anything else is said, so the choice costs nothing where it stays with meta. An engine can be replaced under
 * its name: after trouble with memjs the version is asked again.
 */
export class AutoTransport implements NodeTransport {
  readonly #node: string;
  readonly #meta: MetaTransport;
  readonly #openMemjs: (listener: TransportListener) => Promise<NodeTransport>;
  readonly #listener: TransportListener;
  #memjs: Promise<NodeTransport> | undefined;
  #chosen: NodeTransport | undefined;
  #told: 'meta' | 'memjs' | undefined;
  #tooOld = false;
  #closed = false;

  constructor(
    node: string,
    dial: Dial,
    options: TransportOptions,
    clock: Clock,
    listener: TransportListener,
    openMemjs: (listener: TransportListener) => Promise<NodeTransport>,
  ) {
    this.#node = node;
    this.#openMemjs = openMemjs;
    this.#listener = listener;
    // An engine that is too old has answered all the same: its node is up.
    const ofMeta: TransportListener = {
      answered: () => listener.answered(),
      failed: (error) => (this.#tooOld ? undefined : listener.failed(error)),
    };
    this.#meta = new MetaTransport(node, dial, options, clock, ofMeta, (version) => this.#accept(version));
  }

  get capabilities(): Capabilities {
    return (this.#chosen ?? this.#meta).capabilities;
  }

  get(key: string, endsAt: Millis): Promise<FetchOutcome> {
    return this.#chosen?.get(key, endsAt) ?? this.#first((transport) => transport.get(key, endsAt), same);
  }

  getWithTtl(key: string, endsAt: Millis): Promise<FetchOutcome> {
    return (
      this.#chosen?.getWithTtl(key, endsAt) ??
      this.#first((transport) => transport.getWithTtl(key, endsAt), same)
    );
  }

  getMany(keys: readonly string[], endsAt: Millis): Promise<readonly FetchOutcome[]> {
    return (
      this.#chosen?.getMany(keys, endsAt) ??
      this.#first<readonly FetchOutcome[]>(
        (transport) => transport.getMany(keys, endsAt),
        (outcome) => keys.map(() => outcome),
      )
    );
  }

  store(mode: StoreMode, key: string, item: WireItem, endsAt: Millis): Promise<StoreOutcome> {
    return (
      this.#chosen?.store(mode, key, item, endsAt) ??
      this.#first((transport) => transport.store(mode, key, item, endsAt), same)
    );
  }

  delete(key: string, endsAt: Millis): Promise<DeleteOutcome> {
    return (
      this.#chosen?.delete(key, endsAt) ?? this.#first((transport) => transport.delete(key, endsAt), same)
    );
  }

  lease(key: string, leaseSeconds: Seconds, refreshSeconds: Seconds, endsAt: Millis): Promise<LeaseOutcome> {
    return (
      this.#chosen?.lease(key, leaseSeconds, refreshSeconds, endsAt) ??
      this.#first((transport) => transport.lease(key, leaseSeconds, refreshSeconds, endsAt), same)
    );
  }

  getWithCas(key: string, endsAt: Millis): Promise<CasOutcome> {
    return (
      this.#chosen?.getWithCas(key, endsAt) ??
      this.#first((transport) => transport.getWithCas(key, endsAt), same)
    );
  }

  look(key: string, touchSeconds: Seconds | undefined, endsAt: Millis): Promise<LookOutcome> {
    return (
      this.#chosen?.look(key, touchSeconds, endsAt) ??
      this.#first((transport) => transport.look(key, touchSeconds, endsAt), same)
    );
  }

  count(key: string, direction: CountDirection, by: number, endsAt: Millis): Promise<CountOutcome> {
    return (
      this.#chosen?.count(key, direction, by, endsAt) ??
      this.#first((transport) => transport.count(key, direction, by, endsAt), same)
    );
  }

  sample(key: string, windowSeconds: Seconds, by: number, endsAt: Millis): Promise<SampleOutcome> {
    return (
      this.#chosen?.sample(key, windowSeconds, by, endsAt) ??
      this.#first((transport) => transport.sample(key, windowSeconds, by, endsAt), same)
    );
  }

  fill(key: string, item: WireItem, cas: string, endsAt: Millis): Promise<StoreOutcome> {
    return (
      this.#chosen?.fill(key, item, cas, endsAt) ??
      this.#first((transport) => transport.fill(key, item, cas, endsAt), same)
    );
  }

  giveBack(key: string, cas: string, keepStale: boolean, endsAt: Millis): Promise<DeleteOutcome> {
    return (
      this.#chosen?.giveBack(key, cas, keepStale, endsAt) ??
      this.#first((transport) => transport.giveBack(key, cas, keepStale, endsAt), same)
    );
  }

  rest(): void {
    (this.#chosen ?? this.#meta).rest();
  }

  async retire(): Promise<void> {
    this.#closed = true;
    await Promise.all([this.#meta.retire(), this.#loaded().then((memjs) => memjs?.retire())]);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([this.#meta.close(), this.#loaded().then((memjs) => memjs?.close())]);
  }

  /** memjs where it was loaded; one that did not load has nothing to close. */
  async #loaded(): Promise<NodeTransport | undefined> {
    return this.#memjs?.catch(() => undefined);
  }

  /** Before the engine is known: asks by meta, and once more by memjs if that shows it to be too old. */
  async #first<Outcome>(
    call: (transport: NodeTransport) => Promise<Outcome>,
    refused: (outcome: Unavailable) => Outcome,
  ): Promise<Outcome> {
    if (!this.#tooOld) {
      const outcome = await call(this.#meta);
      if (!this.#tooOld) return outcome;
    }
    if (this.#closed) return refused(unavailable(new ClosedError(`the connection to ${this.#node}`)));
    // Nothing of the call was sent: the version comes first.
    try {
      this.#memjs ??= this.#openMemjs({
        answered: () => this.#listener.answered(),
        failed: (error) => this.#failed(error),
      });
      const memjs = await this.#memjs;
      // It may have been loaded behind the end.
      if (this.#closed) await memjs.close();
      this.#chosen = memjs;
    } catch (error) {
      this.#memjs = undefined;
      return refused(unavailable(new NodeConnectionError(this.#node, 'memjs could not be loaded', error)));
    }
    return call(this.#chosen);
  }

  /** memjs failed: the engine may have been replaced, so its version is asked before the next call. */
  #failed(error: CacheError): void {
    this.#tooOld = false;
    this.#chosen = undefined;
    this.#listener.failed(error);
  }

  #accept(version: string): CacheError | undefined {
    const problem = tooOldForMeta(this.#node, version);
    this.#tooOld = problem !== undefined;
    this.#chosen = this.#tooOld ? undefined : this.#meta;
    const transport = this.#tooOld ? 'memjs' : 'meta';
    if (transport !== this.#told) this.#listener.chose?.(transport, version);
    this.#told = transport;
    return problem;
  }
}

const same = (outcome: Unavailable): Unavailable => outcome;
