/**
 * Numbers as memcached reads them, which is as C's `strtol` family does: leading white space, one sign, digits,
 * then the end, a NUL, or white space with anything behind it. The odd corners are kept on purpose.
 */
const INTEGER = /^[ \t\n\v\f\r]*([+-]?)(\d+)(?![^ \t\n\v\f\r\0])/;

const UINT64 = 1n << 64n;
const INT64_SIGN = 1n << 63n;

/** A signed 32-bit number, or undefined where the text is none. A longer one, up to 64 bits, loses its upper half. */
export function parseInt32(text: string): number | undefined {
  const [, sign, digits] = INTEGER.exec(text) ?? [];
  if (digits === undefined) return undefined;
  const value = BigInt(digits) * (sign === '-' ? -1n : 1n);
  return value >= -INT64_SIGN && value < INT64_SIGN ? Number(BigInt.asIntN(32, value)) : undefined;
}

/** An unsigned 32-bit number. A longer one loses its upper half as well. */
export function parseUint32(text: string): number | undefined {
  const wide = parseUint64(text);
  return wide === undefined ? undefined : Number(BigInt.asUintN(32, wide));
}

/** An unsigned 64-bit number. A negative one that wraps to a small number is taken for that number. */
export function parseUint64(text: string): bigint | undefined {
  const [, sign, digits] = INTEGER.exec(text) ?? [];
  if (digits === undefined) return undefined;
  const magnitude = BigInt(digits);
  if (magnitude >= UINT64) return undefined;
  if (sign !== '-') return magnitude;
  const wrapped = BigInt.asUintN(64, -magnitude);
  return wrapped >= INT64_SIGN ? undefined : wrapped;
}
