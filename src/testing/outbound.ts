import type { Socket } from 'node:net';
import type { NodeState } from './node-state.ts';

/** What becomes of the connection behind some bytes. */
type Ending = 'none' | 'fin' | 'reset' | 'stall';

interface Parcel {
  readonly bytes: Buffer;
  readonly ending: Ending;
  /** Not before this may it leave. */
  due: boolean;
}

/** The way of the replies to the socket, where the faults of replies lie in wait. */
export class Outbound {
  readonly #socket: Socket;
  readonly #state: NodeState;
  readonly #timers = new Set<NodeJS.Timeout>();
  #queue: Parcel[] = [];
  #ended = false;
  #stalled = false;

  constructor(socket: Socket, state: NodeState) {
    this.#socket = socket;
    this.#state = state;
  }

  /** Whether nothing more can leave. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Sends these replies in their order and, as far as no fault meddles, in one write. */
  send(replies: readonly Buffer[]): void {
    for (const reply of replies) this.#enqueue(reply);
    this.#drain();
  }

  /** Ends the connection behind what was sent. */
  end(): void {
    this.#queue.push({ bytes: Buffer.alloc(0), ending: 'fin', due: true });
    this.#drain();
  }

  /** Goes on after a stall. */
  resume(): void {
    this.#stalled = false;
    this.#drain();
  }

  /** Forgets what waits. */
  dispose(): void {
    this.#ended = true;
    this.#queue = [];
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  #enqueue(reply: Buffer): void {
    const { faults } = this.#state;
    if (faults.take('drop') !== undefined) return;
    const spoilt = this.#spoil(reply);
    const delay = faults.take('slow')?.delayMillis ?? 0;
    const parcels = this.#split(spoilt);
    for (const parcel of parcels) parcel.due = delay === 0;
    this.#queue.push(...parcels);
    if (delay === 0) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      for (const parcel of parcels) parcel.due = true;
      this.#drain();
    }, delay);
    this.#timers.add(timer);
  }

  /** The reply as `replace` and `garble` leave it. */
  #spoil(reply: Buffer): Buffer {
    const { faults } = this.#state;
    const replaced = faults.take('replace');
    const whole = replaced === undefined ? reply : Buffer.from(replaced.reply);
    const garble = faults.take('garble');
    if (garble === undefined) return whole;
    const garbled = Buffer.from(whole);
    Buffer.from(garble.bytes).copy(garbled, garble.at);
    return garbled;
  }

  #split(bytes: Buffer): Parcel[] {
    const { faults } = this.#state;
    const first = (afterBytes: number, ending: Ending): Parcel => ({
      bytes: bytes.subarray(0, afterBytes),
      ending,
      due: true,
    });
    const reset = faults.take('reset');
    if (reset !== undefined) return [first(reset.afterBytes ?? 0, 'reset')];
    const cut = faults.take('cut');
    if (cut !== undefined) return [first(cut.afterBytes, 'fin')];
    const stall = faults.take('stall');
    if (stall === undefined) return [first(bytes.length, 'none')];
    return [
      first(stall.afterBytes, 'stall'),
      { bytes: bytes.subarray(stall.afterBytes), ending: 'none', due: true },
    ];
  }

  #drain(): void {
    if (this.#ended || this.#stalled) return;
    this.#socket.cork();
    let ending: Ending = 'none';
    while (ending === 'none' && this.#queue[0]?.due === true) {
      const parcel = this.#queue.shift()!;
      this.#state.counters.bytes_written += parcel.bytes.length;
      if (parcel.bytes.length > 0) this.#socket.write(parcel.bytes);
      ending = parcel.ending;
    }
    this.#socket.uncork();
    if (ending === 'stall') this.#stalled = true;
    if (ending === 'fin' || ending === 'reset') this.#close(ending);
  }

  #close(ending: 'fin' | 'reset'): void {
    this.dispose();
    if (ending === 'fin') this.#socket.end();
    // The empty write's callback comes when the bytes before it are with the kernel.
    else this.#socket.write('', () => this.#socket.resetAndDestroy());
  }
}
