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
const FORMAT_MASK = 0xf;

export const FORMATS = { string: 0, bytes: 1, json: 2, emptyString: 3, nothing: 4 } as const;
export type Format = keyof typeof FORMATS;

const FORMAT_OF: Readonly<Record<number, Format>> = Object.fromEntries(
  Object.entries(FORMATS).map(([format, bits]) => [bits, format as Format]),
);

export function flagsOf(format: Format): number {
  return format === 'string' ? 0 : MARK | FORMATS[format];
}

/** The format that `flags` name, or `undefined` where another client (or a later version of this one) wrote them. */
export function formatOf(flags: number): Format | undefined {
  if (flags === 0) return 'string';
  if ((flags & MARK_MASK) >>> 0 !== MARK) return undefined;
  if ((flags & ~(MARK_MASK | FORMAT_MASK)) !== 0) return undefined;
  return FORMAT_OF[flags & FORMAT_MASK];
}
