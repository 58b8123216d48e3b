// Simulated environments of one process. Each is a client of its own, with its own sockets, ring and hot-key state, as
// Lambda would have it; what they share is the process and its event loop.

import type { Random } from '../../src/base/random.ts';
import { type Cache, createCache } from '../../src/index.ts';
import type { Orders } from './messages.ts';

/** A value of 100 B; a string is stored as its bytes. */
const VALUE = 'v'.repeat(100);
const TTL_SECONDS = 3_600;
/** A busy machine is no fault of the cache: a time-out would have a node taken for dead, and its load moved. */
const PATIENCE = { connectTimeoutMillis: 10_000, operationTimeoutMillis: 10_000 };

interface Environment {
  readonly cache: Cache;
  readonly endsAt: number;
  underWay: number;
  retired: boolean;
}

export class Population {
  births = 0;
  /** What clients warned of, nodes that they took for dead above all, and calls that failed. */
  warnings = 0;
  underWay = 0;
  readonly #orders: Orders;
  readonly #random: Random;
  readonly #alive: Environment[];
  readonly #logger = { debug: () => undefined, info: () => undefined, warn: () => void this.warnings++ };

  constructor(orders: Orders, random: Random, now: number) {
    this.#orders = orders;
    this.#random = random;
    // All are new, but die one by one.
    this.#alive = Array.from({ length: orders.environments }, () => this.#born(now, random() * 2));
  }

  /** One request in one environment; those whose life is over are replaced when their turn comes. */
  request(key: string, now: number, deletes: boolean): void {
    const at = Math.floor(this.#random() * this.#alive.length);
    if (this.#alive[at]!.endsAt < now) {
      retire(this.#alive[at]!);
      this.#alive[at] = this.#born(now, 0.5 + this.#random());
    }
    void this.#carryOut(this.#alive[at]!, key, deletes);
  }

  async end(): Promise<void> {
    await Promise.all(this.#alive.map(({ cache }) => cache.close()));
  }

  async #carryOut(environment: Environment, key: string, deletes: boolean): Promise<void> {
    const { cache } = environment;
    environment.underWay++;
    this.underWay++;
    try {
      if (deletes) await cache.delete(key);
      else await cache.wrap(key, () => VALUE, { ttlSeconds: TTL_SECONDS });
    } catch {
      this.warnings++;
    }
    environment.underWay--;
    this.underWay--;
    if (environment.retired) retire(environment);
  }

  #born(now: number, lives: number): Environment {
    this.births++;
    const { names, smear, lifeSeconds } = this.#orders;
    const cache = createCache({
      discovery: { nodes: names },
      transport: 'meta',
      smear,
      logger: this.#logger,
      ...PATIENCE,
    });
    return { cache, endsAt: now + lives * lifeSeconds * 1_000, underWay: 0, retired: false };
  }
}

/** Its client is closed when its last request has ended. */
function retire(environment: Environment): void {
  environment.retired = true;
  if (environment.underWay === 0) void environment.cache.close();
}
