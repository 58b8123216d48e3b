import type { Clock } from '../base/clock.ts';
import type { CacheError } from '../base/errors.ts';
import type { DeleteOutcome, FetchOutcome, StoreOutcome } from '../base/outcome.ts';
import type { Millis } from '../base/units.ts';
import type { Dial } from './dial.ts';
import { tooOldForMeta } from './engine-version.ts';
import { MetaTransport } from './meta-transport.ts';
import type {
  Capabilities,
  NodeTransport,
  StoreMode,
  TransportListener,
  TransportOptions,
  WireItem,
} from './transport.ts';

/**
 * The meta transport where the engine speaks it, else memjs. Each new connection tells the engine's version before
 * anything else is said, so the choice costs nothing where it stays with meta, and follows an engine that is replaced.
 */
export class AutoTransport implements NodeTransport {
  readonly #node: string;
  readonly #meta: MetaTransport;
  readonly #openMemjs: () => Promise<NodeTransport>;
  readonly #listener: TransportListener;
  #memjs: Promise<NodeTransport> | undefined;
  #chosen: NodeTransport | undefined;
  #tooOld = false;

  constructor(
    node: string,
    dial: Dial,
    options: TransportOptions,
    clock: Clock,
    listener: TransportListener,
    openMemjs: () => Promise<NodeTransport>,
  ) {
    this.#node = node;
    this.#openMemjs = openMemjs;
    this.#listener = listener;
    // An engine that is too old has answered all the same: its node is up.
    const metaListener: TransportListener = {
      answered: () => listener.answered(),
      failed: (error) => (this.#tooOld ? undefined : listener.failed(error)),
    };
    this.#meta = new MetaTransport(node, dial, options, clock, metaListener, (version) =>
      this.#accept(version),
    );
  }

  get capabilities(): Capabilities {
    return (this.#chosen ?? this.#meta).capabilities;
  }

  get(key: string, endsAt: Millis): Promise<FetchOutcome> {
    return this.#chosen?.get(key, endsAt) ?? this.#first((transport) => transport.get(key, endsAt));
  }

  getMany(keys: readonly string[], endsAt: Millis): Promise<readonly FetchOutcome[]> {
    return this.#chosen?.getMany(keys, endsAt) ?? this.#first((transport) => transport.getMany(keys, endsAt));
  }

  store(mode: StoreMode, key: string, item: WireItem, endsAt: Millis): Promise<StoreOutcome> {
    return (
      this.#chosen?.store(mode, key, item, endsAt) ??
      this.#first((transport) => transport.store(mode, key, item, endsAt))
    );
  }

  delete(key: string, endsAt: Millis): Promise<DeleteOutcome> {
    return this.#chosen?.delete(key, endsAt) ?? this.#first((transport) => transport.delete(key, endsAt));
  }

  rest(): void {
    (this.#chosen ?? this.#meta).rest();
  }

  async close(): Promise<void> {
    await this.#meta.close();
    await (await this.#memjs)?.close();
  }

  /** Before the engine is known: asks by meta, and once more by memjs if that shows it to be too old. */
  async #first<Outcome>(call: (transport: NodeTransport) => Promise<Outcome>): Promise<Outcome> {
    const outcome = await call(this.#meta);
    if (!this.#tooOld) return outcome;
    // Nothing of the call was sent: the version came first.
    this.#memjs ??= this.#openMemjs();
    const memjs = await this.#memjs;
    this.#chosen = memjs;
    return call(memjs);
  }

  #accept(version: string): CacheError | undefined {
    const problem = tooOldForMeta(this.#node, version);
    const tooOld = problem !== undefined;
    if (tooOld !== this.#tooOld || this.#chosen === undefined) {
      this.#listener.chose?.(tooOld ? 'memjs' : 'meta', version);
    }
    this.#tooOld = tooOld;
    this.#chosen = tooOld ? undefined : this.#meta;
    return problem;
  }
}
