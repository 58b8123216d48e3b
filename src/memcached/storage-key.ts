// Keys come from users' input. This is the only door to the wire: what passes it cannot be cut short,
// refused by the server or read as a second command.

/** memcached's limit on a key, in bytes. */
const MAX_KEY_BYTES = 250;

/** Ends every copy's key. It carries no index: a copy stays valid when its place on the ring shifts. */
export const COPY_SUFFIX = '~sc';

/** Ends the key of a lock, where there are no leases. */
export const LOCK_SUFFIX = '~sl';

/** Ends the key of what stands in for a base whose node is down. */
export const GUTTER_SUFFIX = '~sg';

/** Keys of callers that end like these are hashed. */
const RESERVED_SUFFIXES = [COPY_SUFFIX, GUTTER_SUFFIX, LOCK_SUFFIX];
const TILDE = '~'.charCodeAt(0);

/** Starts every key of our own: hashed keys, counters, the hot list. */
export const RESERVED_PREFIX = 'sc~';
const HASHED = `${RESERVED_PREFIX}h~`;

/** Room for the longest that is ever appended: two of our suffixes (the lock of a stand-in), or a variant's number. */
const SUFFIX_ROOM = 8;

/** `[namespace:][schema:]` as it stands before every key. */
export function keyPrefix(namespace: string | undefined, schema: string | undefined): string {
  return (namespace === undefined ? '' : `${namespace}:`) + (schema === undefined ? '' : `${schema}:`);
}

// Visible ASCII, the one case that needs no byte count.
const PLAIN = /^[\x21-\x7e]+$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control bytes are what must not reach the wire
const UNSAFE = /[\x00-\x20\x7f]/;

/**
 * The key under which memcached stores `key`: itself with its prefix where memcached can hold that, else
 * the prefix and its SHA-256.
 *
 * Hashed are: an empty key, one over 250 bytes with prefix and suffix, one with spaces or control bytes, one
 * that is not well-formed Unicode, and one that could be taken for a copy, a lock, a stand-in or a key of our own.
 */
export function storageKey(prefix: string, key: string): string {
  return holdable(prefix, key) ? prefix + key : prefix + HASHED + digest(key);
}

function holdable(prefix: string, key: string): boolean {
  const room = MAX_KEY_BYTES - SUFFIX_ROOM - prefix.length;
  if (key.length > room) return false;
  if (hasReservedSuffix(key) || key.startsWith(RESERVED_PREFIX)) return false;
  if (PLAIN.test(key)) return true;
  return key !== '' && !UNSAFE.test(key) && key.isWellFormed() && Buffer.byteLength(key) <= room;
}

/** The one character that all of them have there spares other keys the comparisons. */
function hasReservedSuffix(key: string): boolean {
  return key.charCodeAt(key.length - 3) === TILDE && RESERVED_SUFFIXES.some((suffix) => key.endsWith(suffix));
}

function digest(key: string): string {
  // Loaded only when a key needs it: node:crypto costs 5 to 9 ms of a cold start.
  const hash = process.getBuiltinModule('node:crypto').createHash('sha256');
  // Lone surrogates are all one character in UTF-8, so such keys are hashed by their code units; 0xff, which
  // UTF-8 never holds, keeps the two kinds apart.
  if (key.isWellFormed()) hash.update(key, 'utf8');
  else hash.update(Buffer.of(0xff)).update(key, 'utf16le');
  return hash.digest('base64url');
}
