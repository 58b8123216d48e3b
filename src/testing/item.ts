import type { Seconds } from '../base/units.ts';

/** The longest key of every command. */
export const KEY_MAX_BYTES = 250;

/** One stored item. `key` holds one character per byte. */
export interface Item {
  readonly key: string;
  readonly flags: number;
  value: Buffer;
  cas: bigint;
  /** On the node's own clock; 0 is never. */
  expiresAt: Seconds;
  /** What `l` counts from. Not every read moves it: see `bump`. */
  accessedAt: Seconds;
  /** Set by the first read, told by `h`. */
  fetched: boolean;
  /** Set by the second read. */
  active: boolean;
  /** Marked by `md I`, or stored by an `ms I` that came too late. Told by `X`. */
  stale: boolean;
  /** Somebody holds the right to fill it. Told by `Z`. */
  leased: boolean;
  /** The key came in base64 and goes out in base64. */
  binaryKey: boolean;
}

export interface NewItem {
  readonly key: string;
  readonly flags: number;
  readonly value: Buffer;
  readonly expiresAt: Seconds;
  readonly binaryKey?: boolean;
}

/** Header, cas unique, the NUL behind the key, the CRLF behind the value. */
const ITEM_OVERHEAD_BYTES = 48 + 8 + 1 + 2;
const CLIENT_FLAGS_BYTES = 4;

/** What an item takes of memory, as memcached counts it. */
export function itemBytes(key: string, flags: number, valueBytes: number): number {
  return ITEM_OVERHEAD_BYTES + key.length + valueBytes + (flags === 0 ? 0 : CLIENT_FLAGS_BYTES);
}
