// Counts what the clients of this process send, command by command, before it reaches a node. It listens to every
// socket that is opened, so it needs to know nothing of the client but its wire format.

import { subscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';

const LINE_END = '\r\n';
/** Our own keys, without hashed ones, which are callers'. Group 1 says what for. */
const OWN_KEY = /(?:^|:)sc~(?!h~)([^~:]*)/;

export interface WireCounts {
  /** Every command on a key. */
  all: number;
  /** Commands by the address they went to. */
  readonly byNode: Record<string, number>;
  /** Commands on keys of the client's own, by verb and kind of key: counters, totals, lists. */
  readonly own: Record<string, number>;
}

/** One read of the watched key: when, by the wall clock, and at which address. */
export interface WatchedRead {
  readonly atMillis: number;
  readonly node: string;
}

export class WireTap {
  /** Open ones. */
  sockets = 0;
  readonly counts: WireCounts = { all: 0, byNode: {}, own: {} };
  watchedReads: WatchedRead[] = [];
  #watched: string | undefined;

  constructor() {
    subscribe('net.client.socket', (message) => {
      const { socket } = message as { socket: Socket };
      // Connecting resets `write`; the client's own listener comes after this one.
      socket.once('connect', () => this.#tap(socket));
    });
  }

  /** From now on reads of the item under `key`, or `key` with a suffix of ours, are noted one by one. */
  watch(key: string): void {
    this.#watched = key;
    this.watchedReads = [];
  }

  #tap(socket: Socket): void {
    const node = socket.remoteAddress ?? 'gone';
    const { write } = socket;
    this.sockets++;
    socket.once('close', () => this.sockets--);
    const tapped = (data: string | Uint8Array, ...rest: unknown[]): boolean => {
      this.#count(typeof data === 'string' ? data : Buffer.from(data).toString('latin1'), node);
      return Reflect.apply(write, socket, [data, ...rest]) as boolean;
    };
    socket.write = tapped as Socket['write'];
  }

  /** Whole commands; values are sent with their line as long as they are short. */
  #count(text: string, node: string): void {
    const { counts } = this;
    for (let at = 0; at < text.length; ) {
      const end = text.indexOf(LINE_END, at);
      if (end < 0) return;
      const [verb = '', key = '', bytes] = text.slice(at, end).split(' ', 3);
      at = end + LINE_END.length;
      if (verb === 'version') continue;
      if (verb === 'ms') at += Number(bytes) + LINE_END.length;
      counts.all++;
      counts.byNode[node] = (counts.byNode[node] ?? 0) + 1;
      const own = OWN_KEY.exec(key);
      if (own !== null || verb === 'ma') {
        const kind = `${verb} ${own?.[1] ?? 'other'}`;
        counts.own[kind] = (counts.own[kind] ?? 0) + 1;
      }
      if (verb === 'mg' && this.#watched !== undefined && isItemOf(this.#watched, key))
        this.watchedReads.push({ atMillis: Date.now(), node });
    }
  }
}

const isItemOf = (watched: string, key: string): boolean =>
  key === watched || (key.startsWith(watched) && key[watched.length] === '~');
