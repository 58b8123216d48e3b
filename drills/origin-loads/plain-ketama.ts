import { Client } from 'memjs';
import { buildRing, nodeName, type Ring } from '../../src/ring/index.ts';

const TIMEOUT_SECONDS = 0.1;

/**
 * What a cache without any of our means does: the same placement, `get`, load and `set`. No lease, no gutter, no memory of
 * nodes that are down, no warm-up.
 */
export class PlainKetama {
  readonly #clients = new Map<string, Client>();
  #ring: Ring;

  constructor(nodes: readonly string[]) {
    this.#ring = ringOf(nodes);
  }

  /** From now on these. */
  use(nodes: readonly string[]): void {
    this.#ring = ringOf(nodes);
  }

  async wrap(key: string, load: () => Promise<string>, ttlSeconds: number): Promise<string> {
    const client = this.#clientOf(key);
    const found = await client.get(key).catch(() => undefined);
    if (found?.value) return found.value.toString();
    const value = await load();
    await client.set(key, value, { expires: ttlSeconds }).catch(() => {});
    return value;
  }

  #clientOf(key: string): Client {
    const name = nodeName(this.#ring.owner(key));
    let client = this.#clients.get(name);
    if (client === undefined) {
      const quiet = { log: () => {} };
      client = Client.create(name, { timeout: TIMEOUT_SECONDS, retries: 1, failoverTime: 1, logger: quiet });
      this.#clients.set(name, client);
    }
    return client;
  }
}

function ringOf(nodes: readonly string[]): Ring {
  return buildRing(
    nodes.map((name) => {
      const [host, port] = name.split(':');
      return { host: host!, port: Number(port) };
    }),
  );
}
