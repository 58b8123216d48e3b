import net from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';

interface Endpoint {
  readonly port: number;
}

/** A socket without a protocol: what a test says goes out, and what comes back is text, one character a byte. */
export class RawClient {
  readonly socket: net.Socket;
  #received = '';
  #ended = false;
  #error: NodeJS.ErrnoException | undefined;
  #wake: () => void = () => {};

  private constructor(port: number) {
    this.socket = net.connect({ host: '127.0.0.1', port, noDelay: true });
    this.socket.setEncoding('latin1');
    this.socket.on('data', (text) => {
      this.#received += text;
      this.#wake();
    });
    this.socket.once('end', () => this.#end());
    this.socket.once('close', () => this.#end());
    this.socket.on('error', (error) => {
      this.#error = error;
    });
  }

  static async connect({ port }: Endpoint): Promise<RawClient> {
    const client = new RawClient(port);
    await new Promise<void>((resolve, reject) => {
      client.socket.once('connect', resolve);
      client.socket.once('error', reject);
    });
    return client;
  }

  /** Everything that came and was not taken. */
  get received(): string {
    return this.#received;
  }

  /** Why the connection broke, e.g. 'ECONNRESET'. */
  get errorCode(): string | undefined {
    return this.#error?.code;
  }

  write(text: string): void {
    this.socket.write(text, 'latin1');
  }

  /** Waits for so many bytes and takes them; fewer where the connection ends before. */
  async take(byteLength: number): Promise<string> {
    while (this.#received.length < byteLength && !this.#ended) await this.#news();
    const taken = this.#received.slice(0, byteLength);
    this.#received = this.#received.slice(byteLength);
    return taken;
  }

  /** Sends, and takes all up to and with `until`, or what there is when the connection ends. */
  async ask(text: string, until: string): Promise<string> {
    this.write(text);
    while (!this.#received.includes(until) && !this.#ended) await this.#news();
    const at = this.#received.indexOf(until);
    return this.take(at === -1 ? this.#received.length : at + until.length);
  }

  /** All that is still to come until the other side ends the connection. */
  async rest(): Promise<string> {
    while (!this.#ended) await this.#news();
    return this.take(this.#received.length);
  }

  close(): void {
    this.socket.destroy();
  }

  #news(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #end(): void {
    this.#ended = true;
    this.#wake();
  }
}

/**
 * Sends these pieces on a connection of their own, one event loop turn apart, says no more, and gives all that
 * comes back. So no marker is needed behind the last reply, whatever the commands come to.
 */
export async function exchange(endpoint: Endpoint, pieces: readonly string[]): Promise<string> {
  const client = await RawClient.connect(endpoint);
  try {
    for (const [index, piece] of pieces.entries()) {
      if (index > 0) await nextTurn();
      client.write(piece);
    }
    client.socket.end();
    return await client.rest();
  } finally {
    client.close();
  }
}
