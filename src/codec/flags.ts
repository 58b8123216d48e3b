// The 32 bits of client flags that memcached keeps beside a value, in one table.
//
//   31      24 23     16 15      8 7      4 3      0
//  +----------+---------+---------+--------+--------+
//  |   mark   |   hot   | reserved| packed | format |
//  +----------+---------+---------+--------+--------+
//
// A non-empty string has no bit set: any other client reads it as the bytes it is. All else carries the mark, so
// that an item of another client, whose flags mean something else, is told from ours.
//
// `hot` tells whoever reads the item that its key is hot, and how hot. Of a string the lower half stays zero even then:
// other clients keep what they know of a value there (PHP's leaves the upper half to its users).

const MARK = 0x5c000000;
const MARK_MASK = 0xff000000;
const HOT_MASK = 0x00ff0000;
const HOT_SHIFT = 16;
/** A step of the hot bits, from a share of 1 at 255 down to 0.00005. */
const HOT_STEP = 1.04;
const MOST_HOT = 255;
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
  if (!isMarked(flags)) return undefined;
  if ((flags & ~(MARK_MASK | HOT_MASK | PACKED_MASK | FORMAT_MASK)) !== 0) return undefined;
  const format = FORMAT_OF[flags & FORMAT_MASK];
  if ((flags & PACKED_MASK) === 0) return format;
  return PACKED_FORMATS.includes(format) && packingOf(flags) !== undefined ? format : undefined;
}

/** Of flags that have a format, how its bytes are packed. */
export function packingOf(flags: number): Packing | undefined {
  return PACKING_OF[(flags & PACKED_MASK) >>> PACKED_SHIFT];
}

/**
 * The flags of an item of ours, which say now that its key has this share (0..1) of the cluster's load; 0 takes the word
 * back. Flags of others stay as they are.
 */
export function withHotShare(flags: number, share: number): number {
  if (formatOf(flags) === undefined) return flags;
  const cool = (flags & ~HOT_MASK) >>> 0;
  if (share <= 0) return cool === MARK ? 0 : cool;
  const hot = Math.round(MOST_HOT + Math.log(share) / Math.log(HOT_STEP));
  return (MARK | cool | (Math.min(MOST_HOT, Math.max(1, hot)) << HOT_SHIFT)) >>> 0;
}

/** Whether the flags tell of a share: for the read path, one comparison where they have no mark. */
export const isHot = (flags: number): boolean => flags >= MARK && (flags & HOT_MASK) !== 0 && isMarked(flags);

/** The share that the flags tell of, within two percent of it; 0 where they tell of none. */
export function hotShareOf(flags: number): number {
  const hot = (flags & HOT_MASK) >>> HOT_SHIFT;
  return hot === 0 || !isMarked(flags) ? 0 : HOT_STEP ** (hot - MOST_HOT);
}

const isMarked = (flags: number): boolean => (flags & MARK_MASK) >>> 0 === MARK;

function byBits<Name extends string>(table: Readonly<Record<Name, number>>): Readonly<Record<number, Name>> {
  return Object.fromEntries(Object.entries<number>(table).map(([name, bits]) => [bits, name as Name]));
}
