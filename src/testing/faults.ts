import type { Millis } from '../base/units.ts';

/** Faults are counted, never left to chance. */
interface Counted {
  /** So often all is well before the fault begins; 0 by default. */
  readonly skip?: number;
  /** So often the fault is met before it ends by itself; for ever by default. */
  readonly times?: number;
}

/** Replies leave this much later, in real time whatever the node's clock; their order is kept. */
export interface SlowFault extends Counted {
  readonly kind: 'slow';
  /** In milliseconds. */
  readonly delayMillis: Millis;
}

/** A reply's first bytes leave, then the connection ends (FIN). */
export interface CutFault extends Counted {
  readonly kind: 'cut';
  /** So many bytes of the reply still leave. */
  readonly afterBytes: number;
}

/** The same with a reset (RST), which may overtake the bytes before it. */
export interface ResetFault extends Counted {
  readonly kind: 'reset';
  /** 0 by default. */
  readonly afterBytes?: number;
}

/** A reply's first bytes leave, then nothing more on this connection until the fault is cleared. */
export interface StallFault extends Counted {
  readonly kind: 'stall';
  /** So many bytes of the reply still leave. */
  readonly afterBytes: number;
}

/** The command is carried out, its reply is lost, and the connection goes on as if nothing had been. */
export interface DropFault extends Counted {
  readonly kind: 'drop';
}

/** Bytes of a reply are overwritten; its length stays. */
export interface GarbleFault extends Counted {
  readonly kind: 'garble';
  readonly bytes: string | Uint8Array;
  /** Where in the reply they begin; 0 by default. */
  readonly at?: number;
}

/** This is sent in a reply's place. A text line needs its CR LF. */
export interface ReplaceFault extends Counted {
  readonly kind: 'replace';
  readonly reply: string | Uint8Array;
}

/** Bytes are taken and nothing is done, as by a stopped process. When it is cleared all is done and answered. */
export interface HangFault {
  readonly kind: 'hang';
}

/** What needs room for an item finds none. Met once for each such item. */
export interface OutOfMemoryFault extends Counted {
  readonly kind: 'out-of-memory';
}

/** A connection beyond the limit is told `ERROR Too many open connections`. Met once for each of them. */
export interface MaxConnectionsFault extends Counted {
  readonly kind: 'max-connections';
  readonly limit: number;
}

/** What a node is to do wrong. Faults of replies are met once for each reply, in the order of the replies. */
export type Fault =
  | SlowFault
  | CutFault
  | ResetFault
  | StallFault
  | DropFault
  | GarbleFault
  | ReplaceFault
  | HangFault
  | OutOfMemoryFault
  | MaxConnectionsFault;

/** The name of a fault. */
export type FaultKind = Fault['kind'];
/** The fault of this name. */
export type FaultOf<Kind extends FaultKind> = Extract<Fault, { kind: Kind }>;

interface Armed {
  readonly fault: Fault;
  skip: number;
  times: number;
}

/** The faults of one node: one of each kind at a time, set and cleared whenever a test likes. */
export class Faults {
  readonly #armed = new Map<FaultKind, Armed>();
  readonly #listeners = new Set<(kind: FaultKind | undefined) => void>();

  /** Begins a fault; one of the same kind ends. Throws RangeError for a `skip` or `times` that is no count. */
  set(fault: Fault): void {
    const counted: Counted = fault.kind === 'hang' ? {} : fault;
    const { skip = 0, times = Number.POSITIVE_INFINITY } = counted;
    if (!(skip >= 0 && times >= 1)) throw new RangeError('a fault needs skip >= 0 and times >= 1');
    this.#armed.set(fault.kind, { fault, skip, times });
  }

  /** Ends the fault of this kind, or all. */
  clear(kind?: FaultKind): void {
    if (kind === undefined) this.#armed.clear();
    else this.#armed.delete(kind);
    for (const listener of this.#listeners) listener(kind);
  }

  /** Faults that are yet to be met. */
  get active(): readonly Fault[] {
    return Array.from(this.#armed.values(), ({ fault }) => fault);
  }

  /** @internal The fault of this kind without meeting it. */
  look<Kind extends FaultKind>(kind: Kind): FaultOf<Kind> | undefined {
    return this.#armed.get(kind)?.fault as FaultOf<Kind> | undefined;
  }

  /** @internal Meets the fault of this kind: undefined where all is well this time. */
  take<Kind extends FaultKind>(kind: Kind): FaultOf<Kind> | undefined {
    const armed = this.#armed.get(kind);
    if (armed === undefined) return undefined;
    if (armed.skip > 0) {
      armed.skip--;
      return undefined;
    }
    if (--armed.times <= 0) this.#armed.delete(kind);
    return armed.fault as FaultOf<Kind>;
  }

  /** @internal Calls back after each `clear`, with its kind. Returns how to stop that. */
  onClear(listener: (kind: FaultKind | undefined) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
