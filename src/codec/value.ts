import { isUtf8 } from 'node:buffer';
import { type Format, flagsOf, formatOf, packingOf } from './flags.ts';
import { packed, unpacked } from './packing.ts';
import { bigIntIn, lostInJson } from './unstorable.ts';

/** A value as bytes and client flags. */
export interface EncodedValue {
  readonly value: Buffer;
  readonly flags: number;
}

export type Decoded =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'undecodable'; readonly reason: string };

const EMPTY = Buffer.alloc(0);

/** Stands for `undefined`: that there is no value is known, and need not be asked again. */
export const NOTHING: EncodedValue = { value: EMPTY, flags: flagsOf('nothing') };

/**
 * Strings as their UTF-8 bytes, Buffers and other bytes (typed arrays, a DataView, an ArrayBuffer) as they are, all else
 * as JSON. Bytes and JSON are packed where that pays.
 *
 * @throws TypeError for a value that JSON cannot hold (`undefined`, a function, a BigInt, a cycle), or of which it would
 * leave nothing (a Map, a Promise, bytes inside of an object): that is the caller's mistake, and storing something
 * else in its place would hide it.
 */
export function encodeValue(value: unknown): EncodedValue {
  if (value === '') return { value: EMPTY, flags: flagsOf('emptyString') };
  // A lone surrogate has no bytes in UTF-8; JSON can spell it.
  if (typeof value === 'string' && value.isWellFormed()) {
    return { value: Buffer.from(value), flags: flagsOf('string') };
  }
  const bytes = bytesOf(value);
  // They are copied where they are not packed: the caller may change them, or give their memory away, before they are sent.
  if (bytes !== undefined) return smallest('bytes', bytes) ?? plain('bytes', Buffer.from(bytes));
  const json = Buffer.from(toJson(value));
  return smallest('json', json) ?? plain('json', json);
}

function bytesOf(value: unknown): Uint8Array | undefined {
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  return value instanceof ArrayBuffer ? new Uint8Array(value) : undefined;
}

const plain = (format: Format, value: Buffer): EncodedValue => ({ value, flags: flagsOf(format) });

function smallest(format: Format, bytes: Uint8Array): EncodedValue | undefined {
  const made = packed(bytes);
  return made && { value: made.bytes, flags: flagsOf(format, made.packing) };
}

function toJson(value: unknown): string {
  // JSON would make `null` of it.
  if (typeof value === 'number' && !Number.isFinite(value)) throw unstorable(String(value));
  let json: string | undefined;
  let lost: string | undefined;
  try {
    try {
      json = JSON.stringify(value);
    } catch (cause) {
      lost = bigIntIn(value);
      if (lost === undefined) throw cause;
    }
    if (json !== undefined) lost = lostInJson(value, json);
  } catch (cause) {
    throw new TypeError(`the cache cannot store this value: ${(cause as Error).message}`, { cause });
  }
  if (lost !== undefined) throw unstorable(lost);
  if (json === undefined) throw unstorable(typeof value);
  return json;
}

function unstorable(what: string): TypeError {
  return new TypeError(
    `the cache cannot store ${what}: give a string, a Buffer or a value that JSON can hold`,
  );
}

/** The value of an item. What cannot be read is a fact to count, never an exception. */
export function decodeValue(stored: Buffer, flags: number): Decoded {
  const format = formatOf(flags);
  if (format === undefined) return undecodable(`flags 0x${flags.toString(16)} are not of this package`);
  const packing = packingOf(flags) ?? 'none';
  const bytes = packing === 'none' ? stored : unpacked(packing, stored);
  if (typeof bytes === 'string') return undecodable(bytes);
  switch (format) {
    case 'string': {
      const text = textOf(bytes);
      return text === undefined ? undecodable('its text is not UTF-8') : { kind: 'value', value: text };
    }
    case 'bytes':
      return { kind: 'value', value: bytes };
    case 'emptyString':
      return { kind: 'value', value: '' };
    case 'nothing':
      return { kind: 'value', value: undefined };
    case 'json':
      return parseJson(bytes);
    default:
      return format satisfies never;
  }
}

const undecodable = (reason: string): Decoded => ({ kind: 'undecodable', reason });

/** `undefined` where it is not UTF-8: another client's bytes under flags 0 would come back as something else. */
function textOf(bytes: Buffer): string | undefined {
  const text = bytes.toString('utf8');
  // What is not UTF-8 always leaves this mark, which a text may also hold by itself.
  return text.includes('\ufffd') && !isUtf8(bytes) ? undefined : text;
}

function parseJson(bytes: Buffer): Decoded {
  const text = textOf(bytes);
  if (text === undefined) return undecodable('its JSON is not UTF-8');
  try {
    return { kind: 'value', value: JSON.parse(text) };
  } catch {
    // The parser's own words quote the value, which has no place in a log.
    return undecodable('its JSON is broken');
  }
}
