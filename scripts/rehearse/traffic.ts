import { setTimeout as sleep } from 'node:timers/promises';
import type { ReplayedRequest } from './requests.ts';

const CONCURRENCY = 4;

export interface Pace {
  readonly requestsPerMinute: number;
  /** How many times faster than the clock; `Infinity` waits for nothing. */
  readonly speed: number;
}

/** Sends requests to an API, in turn and minute by minute. */
export class Traffic {
  readonly #requests: readonly ReplayedRequest[];
  readonly #pace: Pace;
  #sent = 0;

  constructor(requests: readonly ReplayedRequest[], pace: Pace) {
    this.#requests = requests;
    this.#pace = pace;
  }

  /** All of a minute's requests; it lasts as long as they take, or as the pace says. */
  async minute(url: string): Promise<void> {
    const endsAt = performance.now() + 60_000 / this.#pace.speed;
    const last = this.#sent + this.#pace.requestsPerMinute;
    const worker = async (): Promise<void> => {
      while (this.#sent < last) await send(url, this.#requests[this.#sent++ % this.#requests.length]!);
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, worker));
    const rest = endsAt - performance.now();
    if (rest > 0) await sleep(rest);
  }
}

async function send(url: string, { method, target, body }: ReplayedRequest): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url + target, { method, headers, ...(body !== undefined && { body }) });
  await response.arrayBuffer();
}
