import net from 'node:net';
import type { Random } from '../../src/base/random.ts';

/** What becomes of replies. With `every`, of every so-many-th piece of them only. */
export type Misdeed =
  /** So many bytes still go out, then the connection ends in the middle of them. */
  | { readonly kind: 'cut'; readonly afterBytes: number; readonly every: number }
  | { readonly kind: 'reset'; readonly every: number }
  | { readonly kind: 'garble'; readonly every: number; readonly random: Random }
  | { readonly kind: 'delay'; readonly millis: number };

interface Pair {
  readonly client: net.Socket;
  readonly server: net.Socket;
}

/** A TCP proxy in front of one real memcached, on an address and a port of its own. */
export class Relay {
  readonly host: string;
  readonly port: number;
  misdeed: Misdeed | undefined;
  /** How often it did what it should not. */
  misdeeds = 0;
  readonly #server: net.Server;
  readonly #relays = new Set<Pair>();
  /** Whose peers are gone without a word. */
  readonly #orphans = new Set<net.Socket>();
  #pieces = 0;

  private constructor(server: net.Server, targetPort: number) {
    this.#server = server;
    const { address, port } = server.address() as net.AddressInfo;
    this.host = address;
    this.port = port;
    server.on('connection', (client) => this.#relay(client, targetPort));
  }

  static async listen(host: string, port: number, targetPort: number): Promise<Relay> {
    const server = net.createServer({ noDelay: true });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port }, resolve);
    });
    return new Relay(server, targetPort);
  }

  /** Forgets all connections and tells nobody, as a NAT or a host that is gone does: what clients send is lost. */
  dropSilently(): void {
    for (const relay of this.#relays) {
      this.#relays.delete(relay);
      this.#orphans.add(relay.client);
      relay.server.removeAllListeners('data').destroy();
      relay.client.removeAllListeners('data').resume();
    }
  }

  reset(): void {
    for (const { client } of this.#relays) client.resetAndDestroy();
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const { client, server } of this.#relays) {
      client.destroy();
      server.destroy();
    }
    for (const orphan of this.#orphans) orphan.destroy();
    await closed;
  }

  #relay(client: net.Socket, port: number): void {
    const server = net.connect({ host: '127.0.0.1', port, noDelay: true });
    const relay = { client, server };
    this.#relays.add(relay);
    const end = (): void => {
      // Of an orphan the peer is gone; the client must not learn of it.
      if (!this.#relays.delete(relay)) return;
      client.destroy();
      server.destroy();
    };
    server.on('error', end).on('close', end);
    client.on('error', end).on('close', () => {
      this.#orphans.delete(client);
      end();
    });
    client.on('data', (bytes) => server.write(bytes));
    server.on('data', (bytes) => this.#pass(client, bytes));
  }

  #pass(client: net.Socket, bytes: Buffer): void {
    const { misdeed } = this;
    const isDue = misdeed !== undefined && (misdeed.kind === 'delay' || ++this.#pieces % misdeed.every === 0);
    if (!isDue) {
      client.write(bytes);
      return;
    }
    this.misdeeds++;
    switch (misdeed.kind) {
      case 'cut':
        client.end(bytes.subarray(0, Math.min(misdeed.afterBytes, bytes.length - 1)));
        break;
      case 'reset':
        client.resetAndDestroy();
        break;
      case 'garble':
        client.write(garbled(bytes, misdeed.random));
        break;
      case 'delay':
        setTimeout(() => void (client.destroyed || client.write(bytes)), misdeed.millis).unref();
        break;
      default:
        misdeed satisfies never;
    }
  }
}

/** A token of another request, another type, a length that is wrong, a line that does not end. */
const GARBLES: readonly ((header: string) => string)[] = [
  (header) => header.replace(/ O\S+/, (token) => ` O${[...token.slice(2)].reverse().join('')}7`),
  (header) => `?${header.slice(1)}`,
  (header) => header.replace(/^VA (\d+)/, (_, length) => `VA ${Number(length) + 3}`),
  (header) => header.replace(/^VA (\d+)/, (_, length) => `VA ${Number(length) - 3}`),
  (header) => header.replace(/\r\n$/, '  '),
];

/** Only headers: a value whose bytes were changed on the way is for TCP to notice. */
function garbled(bytes: Buffer, random: Random): Buffer {
  const header = /^(?:VA|HD|EN|NF|NS|EX)\b[^\r]*\r\n/.exec(bytes.toString('latin1'))?.[0];
  if (header === undefined) return bytes;
  const garble = GARBLES[Math.floor(random() * GARBLES.length)]!;
  return Buffer.concat([Buffer.from(garble(header), 'latin1'), bytes.subarray(header.length)]);
}
