// The 32 bits of client flags that memcached keeps beside a value, in one table.
//
//   31      24 23             8 7      4 3      0
//  +----------+----------------+--------+--------+
//  |   mark   |    reserved    | packed | format |
//  +----------+----------------+--------+--------+
//
// A non-empty string has no bit set: any other client reads it as the bytes it is. All else carries the mark, so
// that an item of another client, whose flags mean something else, is told from ours.

const MARK = 0x5c000000;
const MARK_MASK = 0xff000000;
const PACKED_MASK = 0xf0;
const PACKED_SHIFT = 4;
const FORMAT_MASK = 0xf;

export const FORMATS = { string: 0, bytes: 1, json: 2, emptyString: 3, nothing: 4 } as const;
export type Format = keyof typeof FORMATS;

/** How an item's bytes were made smaller. */
export const PACKINGS = { none: 0, deflate: 1, zstd: 2 } as const;
export type Packing = keyof typeof PACKINGS;

/** Strings are for any client to read, so none is ever packed. */
const PACKED_FORMATS: readonly (Format | undefined)[] = ['bytes', 'json'];

const FORMAT_OF = byBits(FORMATS);
const PACKING_OF = byBits(PACKINGS);

export function flagsOf(format: Format, packing: Packing = 'none'): number {
  return format === 'string' ? 0 : MARK | (PACKINGS[packing] << PACKED_SHIFT) | FORMATS[format];
}

/** The format that `flags` name, or `undefined` where another client (or a later version of this one) wrote them. */
export function formatOf(flags: number): Format | undefined {
  if (flags === 0) return 'string';
  if ((flags & MARK_MASK) >>> 0 !== MARK) return undefined;
  if ((flags & ~(MARK_MASK | PACKED_MASK | FORMAT_MASK)) !== 0) return undefined;
  const format = FORMAT_OF[flags & FORMAT_MASK];
  if ((flags & PACKED_MASK) === 0) return format;
  return PACKED_FORMATS.includes(format) && packingOf(flags) !== undefined ? format : undefined;
}

/** Of flags that have a format, how its bytes are packed. */
export function packingOf(flags: number): Packing | undefined {
  return PACKING_OF[(flags & PACKED_MASK) >>> PACKED_SHIFT];
}

function byBits<Name extends string>(table: Readonly<Record<Name, number>>): Readonly<Record<number, Name>> {
  return Object.fromEntries(Object.entries<number>(table).map(([name, bits]) => [bits, name as Name]));
}
