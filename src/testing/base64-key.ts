const ALPHABET = /[A-Za-z0-9+/=]/g;

/**
 * The key behind a `b` flag, one character per byte, or undefined where it is not base64. memcached skips
 * characters outside the alphabet, insists on whole groups of four, and stops at the first padded group.
 */
export function decodeBase64Key(text: string): string | undefined {
  const symbols = (text.match(ALPHABET) ?? []).join('');
  if (symbols === '' || symbols.length % 4 !== 0) return undefined;
  const padded = symbols.indexOf('=');
  if (padded === -1) return Buffer.from(symbols, 'base64').toString('latin1');

  const group = symbols.slice(padded - (padded % 4), padded - (padded % 4) + 4);
  const pads = group.split('=').length - 1;
  if (pads > 2) return undefined;
  const whole = Buffer.from(symbols.slice(0, padded - (padded % 4)), 'base64');
  // A pad counts as six zero bits wherever it stands in its group.
  const last = Buffer.from(group.replaceAll('=', 'A'), 'base64').subarray(0, 3 - pads);
  return Buffer.concat([whole, last]).toString('latin1');
}

export const encodeBase64Key = (key: string): string => Buffer.from(key, 'latin1').toString('base64');
