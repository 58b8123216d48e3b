// Hashes of dialects that few fleets speak, from Node's own modules. Those are loaded when such a dialect is first
// used: node:crypto costs 5 to 9 ms, which the other dialects do not pay.

/** SHA-384: the first 16 bytes of the digest as four little-endian words. */
export function sha384(text: string, words: Uint32Array): void {
  const digest = shaOf('sha384', text);
  for (let i = 0; i < 4; i++) words[i] = digest.readUInt32LE(4 * i);
}

/** SHA-1: the first four bytes of the digest as one big-endian word. */
export function sha1(text: string, words: Uint32Array): void {
  words[0] = shaOf('sha1', text).readUInt32BE(0);
}

/** CRC-32 as in zlib, as one word. */
export function crc32(text: string, words: Uint32Array): void {
  words[0] = process.getBuiltinModule('node:zlib').crc32(text);
}

function shaOf(algorithm: string, text: string): Buffer {
  return process.getBuiltinModule('node:crypto').hash(algorithm, text, 'buffer');
}
