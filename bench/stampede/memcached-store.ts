import { Client } from 'memjs';

/** What lies in memcached for libraries that bring no memcached store of their own. */
interface Stored {
  readonly text: string;
  /** Wall clock; they ask for the time left. */
  readonly endsAt: number;
}

const LONG_SECONDS = 3_600;

/** The same memcached nodes as a plain string store, by memjs. It is what their adapters below are made of. */
export class MemcachedStore {
  readonly #client: Client;

  constructor(nodes: readonly string[]) {
    this.#client = Client.create(nodes.join(','), { timeout: 1, retries: 1 });
  }

  async get(key: string): Promise<string | undefined> {
    return (await this.#stored(key))?.text;
  }

  async set(key: string, text: string, ttlMillis: number | undefined): Promise<true> {
    const millis = ttlMillis ?? LONG_SECONDS * 1_000;
    const stored: Stored = { text, endsAt: Date.now() + millis };
    await this.#client.set(key, JSON.stringify(stored), { expires: Math.ceil(millis / 1_000) });
    return true;
  }

  async delete(key: string): Promise<boolean> {
    return this.#client.delete(key);
  }

  /** 0 where there is none. */
  async remainingMillis(key: string): Promise<number> {
    return Math.max(0, ((await this.#stored(key))?.endsAt ?? 0) - Date.now());
  }

  async #stored(key: string): Promise<Stored | undefined> {
    const { value } = await this.#client.get(key);
    if (value === null) return undefined;
    const stored = JSON.parse(value.toString()) as Stored;
    // memcached counts whole seconds.
    return stored.endsAt > Date.now() ? stored : undefined;
  }
}
