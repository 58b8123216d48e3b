// One process of the fleet: many environments, and an open loop of requests to them.

import { type Random, seededRandom } from '../../src/base/random.ts';
import type { FromWorker, Orders, ToWorker, WorkerCounts } from './messages.ts';
import { Population } from './population.ts';
import { resolveNames } from './rings.ts';
import { type Draw, keyOfRank, streamOf } from './streams.ts';
import { WireTap } from './wire-tap.ts';

const TICK_MILLIS = 4;
/** Beyond this the machine cannot keep up, and more would only end in time-outs. */
const MOST_UNDER_WAY = 2_000;

const tap = new WireTap();
let load: Load | undefined;

/** Sends what is due at each tick, however long the last one took. */
class Load {
  requests = 0;
  shed = 0;
  surge: { readonly key: string; readonly share: number } | undefined;
  readonly population: Population;
  readonly #orders: Orders;
  readonly #random: Random;
  readonly #draw: Draw;
  readonly #startedAt = performance.now();
  readonly #timer: NodeJS.Timeout;

  constructor(orders: Orders) {
    this.#orders = orders;
    this.#draw = streamOf(orders.stream);
    this.#random = seededRandom(orders.seed);
    this.#startedAt = performance.now();
    this.population = new Population(orders, seededRandom(orders.seed + 1), this.#startedAt);
    this.#timer = setInterval(() => this.#tick(), TICK_MILLIS);
  }

  async end(): Promise<void> {
    clearInterval(this.#timer);
    await this.population.end();
  }

  #tick(): void {
    const now = performance.now();
    const due = Math.floor(((now - this.#startedAt) / 1_000) * this.#orders.rate) - this.requests - this.shed;
    for (let i = 0; i < due; i++) {
      if (this.population.underWay >= MOST_UNDER_WAY) this.shed++;
      else this.#request(now);
    }
  }

  #request(now: number): void {
    this.requests++;
    const drawn = this.#draw(this.#random);
    const key = this.surge !== undefined && this.#random() < this.surge.share ? this.surge.key : drawn;
    const { deletes } = this.#orders;
    this.population.request(key, now, deletes > 0 && key === keyOfRank(1) && this.#random() < deletes);
  }
}

process.on('message', (message: ToWorker) => {
  void carryOut(message)
    .catch((error): FromWorker => ({ kind: 'failed', reason: String(error?.stack ?? error) }))
    .then((answer) => process.send!(answer));
});
// The bench is gone.
process.on('disconnect', () => process.exit());

async function carryOut(message: ToWorker): Promise<FromWorker> {
  switch (message.kind) {
    case 'start':
      resolveNames(message.orders.names, message.orders.addresses);
      load = new Load(message.orders);
      break;
    case 'surge':
      tap.watch(message.key);
      load!.surge = message;
      break;
    case 'count':
      break;
    case 'stop':
      await load!.end();
      break;
    default:
      return message satisfies never;
  }
  return { kind: 'done', counts: counts(load!), watchedReads: tap.watchedReads };
}

function counts({ requests, shed, population }: Load): WorkerCounts {
  const { user, system } = process.cpuUsage();
  return {
    requests,
    shed,
    warnings: population.warnings,
    births: population.births,
    sockets: tap.sockets,
    cpuSeconds: (user + system) / 1e6,
    wire: tap.counts,
  };
}
