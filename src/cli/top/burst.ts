// One look at what one node is asked, for about a second. Watching costs the node up to a third of its throughput, and
// under load it leaves log lines out by chance; shares survive that, so rates are the shares of its own counters.

import type { Millis } from '../../base/units.ts';
import type { Dial } from '../../memcached/dial.ts';
import { TextLink } from '../nodes/text-link.ts';
import type { World } from '../world.ts';
import { parseFetch } from './fetch-line.ts';

export interface KeyCount {
  fetches: number;
  bytes: number;
}

export interface Burst {
  readonly kind: 'burst';
  /** What was seen of each key. */
  readonly keys: ReadonlyMap<string, KeyCount>;
  readonly seen: number;
  /** Lines that are none of a fetch. */
  readonly unreadable: number;
}

export type Look = Burst | { readonly kind: 'refused' | 'unreachable'; readonly reason: string };

/** A line has no end where what talks is no memcached. */
const LONGEST_LINE = 4_096;

/** Watches one node's fetches for `millis`. */
export async function lookAt(dial: Dial, world: World, millis: Millis, timeoutMillis: Millis): Promise<Look> {
  const watching = await TextLink.open(dial, timeoutMillis);
  if ('failed' in watching) return { kind: 'unreachable', reason: watching.failed };
  try {
    const tally = new LineTally();
    // On success nothing more is an answer: the log begins on the very next byte.
    const answer = await watching.ask('watch fetchers', ONE_LINE_AND_MORE);
    if (answer.kind === 'failed') return { kind: 'unreachable', reason: answer.reason };
    if (!answer.text.startsWith('OK\r\n'))
      return { kind: 'refused', reason: answer.text.slice(0, 80).trimEnd() };
    let lost: string | undefined;
    tally.feed(answer.text.slice(4));
    watching.stream(
      (text) => tally.feed(text),
      (reason) => {
        lost = reason;
      },
    );
    await world.sleep(millis);
    if (lost !== undefined) return { kind: 'unreachable', reason: lost };
    const { keys, seen, unreadable } = tally;
    return { kind: 'burst', keys, seen, unreadable };
  } finally {
    watching.close();
  }
}

const ONE_LINE_AND_MORE = /^[^\n]*\n/;

/** Counts whole lines as they come in, whatever pieces they come in. */
export class LineTally {
  readonly keys = new Map<string, KeyCount>();
  seen = 0;
  unreadable = 0;
  #rest = '';

  feed(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop()!;
    if (this.#rest.length > LONGEST_LINE) {
      this.#rest = '';
      this.unreadable++;
    }
    for (const line of lines) this.#count(line.endsWith('\r') ? line.slice(0, -1) : line);
  }

  #count(line: string): void {
    const fetch = parseFetch(line);
    if (fetch === undefined) {
      // The node says itself how many it left out, which its counters tell better.
      if (line !== '' && !/^\[?skipped\b/.test(line)) this.unreadable++;
      return;
    }
    this.seen++;
    const known = this.keys.get(fetch.key);
    if (known === undefined) this.keys.set(fetch.key, { fetches: 1, bytes: fetch.size });
    else {
      known.fetches++;
      known.bytes += fetch.size;
    }
  }
}
