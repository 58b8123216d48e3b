import { flagsOf, formatOf } from './flags.ts';

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
 * Strings as their UTF-8 bytes, Buffers and other bytes as they are, all else as JSON.
 *
 * @throws TypeError for a value that JSON cannot hold (`undefined`, a function, a BigInt, a cycle, a Map):
 * that is the caller's mistake, and storing something else in its place would hide it.
 */
export function encodeValue(value: unknown): EncodedValue {
  if (value === '') return { value: EMPTY, flags: flagsOf('emptyString') };
  // A lone surrogate has no bytes in UTF-8; JSON can spell it.
  if (typeof value === 'string' && value.isWellFormed()) {
    return { value: Buffer.from(value), flags: flagsOf('string') };
  }
  if (ArrayBuffer.isView(value)) {
    return { value: copied(value.buffer, value.byteOffset, value.byteLength), flags: flagsOf('bytes') };
  }
  if (value instanceof ArrayBuffer) {
    return { value: copied(value, 0, value.byteLength), flags: flagsOf('bytes') };
  }
  const json = toJson(value);
  return { value: Buffer.from(json), flags: flagsOf('json') };
}

/** The bytes as they are now: the caller may change them, or give their memory away, before they are sent. */
function copied(buffer: ArrayBufferLike, offset: number, length: number): Buffer {
  return Buffer.from(new Uint8Array(buffer, offset, length));
}

function toJson(value: unknown): string {
  // JSON would make `null` of these, and `{}` of those.
  if (typeof value === 'number' && !Number.isFinite(value)) throw unstorable(String(value));
  if (value instanceof Map || value instanceof Set) throw unstorable(`a ${value.constructor.name}`);
  if (value instanceof Promise) throw unstorable('a promise: await it first');
  let json: string | undefined;
  try {
    json = JSON.stringify(value);
  } catch (cause) {
    throw new TypeError(`the cache cannot store this value: ${(cause as Error).message}`, { cause });
  }
  if (json === undefined) {
    throw unstorable(typeof value);
  }
  return json;
}

function unstorable(what: string): TypeError {
  return new TypeError(
    `the cache cannot store ${what}: give a string, a Buffer or a value that JSON can hold`,
  );
}

/** The value of an item. What cannot be read is a fact to count, never an exception. */
export function decodeValue(bytes: Buffer, flags: number): Decoded {
  const format = formatOf(flags);
  switch (format) {
    case 'string':
      return { kind: 'value', value: bytes.toString('utf8') };
    case 'bytes':
      return { kind: 'value', value: bytes };
    case 'emptyString':
      return { kind: 'value', value: '' };
    case 'nothing':
      return { kind: 'value', value: undefined };
    case 'json':
      return parseJson(bytes);
    case undefined:
      return { kind: 'undecodable', reason: `flags 0x${flags.toString(16)} are not of this package` };
    default:
      return format satisfies never;
  }
}

function parseJson(bytes: Buffer): Decoded {
  try {
    return { kind: 'value', value: JSON.parse(bytes.toString('utf8')) };
  } catch (cause) {
    return { kind: 'undecodable', reason: (cause as Error).message };
  }
}
