// Commands of memcached's meta protocol, as text. Every one carries an opaque token (`O`), which the server echoes.
//
// Only what engines from 1.6.12 on know is used. Source: memcached, doc/protocol.txt, "Meta Commands".

import type { CountDirection, StoreMode } from './transport.ts';

/** `M` is left out for `set`, which is the default mode. */
const MODES: Readonly<Record<StoreMode, string>> = { set: '', add: ' ME', replace: ' MR' };

/** Value (`v`) and client flags (`f`). */
export function getLine(key: string, token: number): string {
  return `mg ${key} f v O${token}\r\n`;
}

/** The same, with the remaining time to live (`t`). */
export function getWithTtlLine(key: string, token: number): string {
  return `mg ${key} f t v O${token}\r\n`;
}

/**
 * A read that takes the lease of a missing item (`N`) or of one with less than `refreshSeconds` to live (`R`); the
 * winner is told by `W`, all others by `Z`, and a value that was given back as stale by `X`.
 */
export function leaseLine(key: string, leaseSeconds: number, refreshSeconds: number, token: number): string {
  const refresh = refreshSeconds > 0 ? ` R${refreshSeconds}` : '';
  return `mg ${key} N${leaseSeconds}${refresh} c f t v O${token}\r\n`;
}

/** The value and its remaining time, with the right to replace it (`c`). */
export function getWithCasLine(key: string, token: number): string {
  return `mg ${key} c f t v O${token}\r\n`;
}

/** Size (`s`), client flags and the right to replace, without the value; with `T` the item gets a new time to live. */
export function lookLine(key: string, touchSeconds: number | undefined, token: number): string {
  const touch = touchSeconds === undefined ? '' : `T${touchSeconds} `;
  return `mg ${key} ${touch}s f c O${token}\r\n`;
}

/** Counts (`MI`, `MD`) and gives the number it comes to (`v`). Without `N` it makes no item. */
export function countLine(key: string, direction: CountDirection, by: number, token: number): string {
  return `ma ${key} ${direction === 'up' ? 'MI' : 'MD'} D${by} v O${token}\r\n`;
}

/** Counts up from nothing (`N`, `J`), and tells the count (`v`) and the time the counter has left (`t`). */
export function sampleLine(key: string, windowSeconds: number, by: number, token: number): string {
  return `ma ${key} N${windowSeconds} J${by} D${by} t v O${token}\r\n`;
}

/** Stores by the right that `cas` is. The value and a line end must follow. */
export function fillLine(
  key: string,
  bytes: number,
  flags: number,
  ttlSeconds: number,
  cas: string,
  token: number,
): string {
  return `ms ${key} ${bytes} C${cas} T${ttlSeconds} F${flags >>> 0} O${token}\r\n`;
}

/** Gives a lease back: the stub goes, or the stale value is marked so that the next reader wins. */
export function giveBackLine(key: string, cas: string, keepStale: boolean, token: number): string {
  return `md ${key}${keepStale ? ' I' : ''} C${cas} O${token}\r\n`;
}

/** The value and a line end must follow. */
export function storeLine(
  mode: StoreMode,
  key: string,
  bytes: number,
  flags: number,
  ttlSeconds: number,
  token: number,
): string {
  return `ms ${key} ${bytes} T${ttlSeconds} F${flags >>> 0}${MODES[mode]} O${token}\r\n`;
}

export function deleteLine(key: string, token: number): string {
  return `md ${key} O${token}\r\n`;
}

export const VERSION_LINE = 'version\r\n';
