// MD5 (RFC 1321) over 32-bit integers. Here it is a way to spread keys, not a safeguard.
//
// node:crypto would be slower: an object or a string per digest costs more than hashing one block in JavaScript,
// the module takes milliseconds of a cold start, and OpenSSL refuses MD5 in FIPS mode. No digest bytes are made
// either: what Ketama reads as little-endian words is the state itself.
//
// Four steps are written out and looped over. All 64 written out are a quarter faster once compiled, but three times
// slower until then, and a cold start builds a ring with code that is not compiled yet.
import { messageOf } from './message.ts';

/** Whole parts of 2^32 times the sine of 1 to 64. */
const CONSTANTS = Int32Array.from(
  { length: 64 },
  (_, i) => Math.floor(Math.abs(Math.sin(i + 1)) * 2 ** 32) | 0,
);

/** Writes the digest of `text` (as UTF-8) as four little-endian words. */
export function md5(text: string, digest: Uint32Array): void {
  const message = messageOf(text);
  const { words, length } = message;
  const blocks = (length + 72) >>> 6;
  pad(words, length, blocks << 4);
  digestBlocks(words, blocks << 4, digest);
}

/** One bit, then zeros, then the length in bits; the text ends within a word, whose other bytes are garbage. */
function pad(words: Int32Array, length: number, end: number): void {
  const last = length >>> 2;
  const usedBits = (length & 3) << 3;
  words[last] = (words[last]! & ((1 << usedBits) - 1)) | (0x80 << usedBits);
  for (let i = last + 1; i < end; i++) words[i] = 0;
  words[end - 2] = length << 3;
  words[end - 1] = length >>> 29;
}

function digestBlocks(words: Int32Array, end: number, digest: Uint32Array): void {
  let a0 = 0x67452301;
  let b0 = 0xefcdab89 | 0;
  let c0 = 0x98badcfe | 0;
  let d0 = 0x10325476;
  for (let o = 0; o < end; o += 16) {
    let a = a0;
    let b = b0;
    let c = c0;
    let d = d0;
    // Round 1
    for (let i = 0; i < 16; i += 4) {
      a = (a + words[o + i]! + CONSTANTS[i]! + (d ^ (b & (c ^ d)))) | 0;
      a = (((a << 7) | (a >>> 25)) + b) | 0;
      d = (d + words[o + i + 1]! + CONSTANTS[i + 1]! + (c ^ (a & (b ^ c)))) | 0;
      d = (((d << 12) | (d >>> 20)) + a) | 0;
      c = (c + words[o + i + 2]! + CONSTANTS[i + 2]! + (b ^ (d & (a ^ b)))) | 0;
      c = (((c << 17) | (c >>> 15)) + d) | 0;
      b = (b + words[o + i + 3]! + CONSTANTS[i + 3]! + (a ^ (c & (d ^ a)))) | 0;
      b = (((b << 22) | (b >>> 10)) + c) | 0;
    }
    // Round 2
    for (let i = 16, word = 1; i < 32; i += 4, word += 20) {
      a = (a + words[o + (word & 15)]! + CONSTANTS[i]! + (c ^ (d & (b ^ c)))) | 0;
      a = (((a << 5) | (a >>> 27)) + b) | 0;
      d = (d + words[o + ((word + 5) & 15)]! + CONSTANTS[i + 1]! + (b ^ (c & (a ^ b)))) | 0;
      d = (((d << 9) | (d >>> 23)) + a) | 0;
      c = (c + words[o + ((word + 10) & 15)]! + CONSTANTS[i + 2]! + (a ^ (b & (d ^ a)))) | 0;
      c = (((c << 14) | (c >>> 18)) + d) | 0;
      b = (b + words[o + ((word + 15) & 15)]! + CONSTANTS[i + 3]! + (d ^ (a & (c ^ d)))) | 0;
      b = (((b << 20) | (b >>> 12)) + c) | 0;
    }
    // Round 3
    for (let i = 32, word = 5; i < 48; i += 4, word += 12) {
      a = (a + words[o + (word & 15)]! + CONSTANTS[i]! + (b ^ c ^ d)) | 0;
      a = (((a << 4) | (a >>> 28)) + b) | 0;
      d = (d + words[o + ((word + 3) & 15)]! + CONSTANTS[i + 1]! + (a ^ b ^ c)) | 0;
      d = (((d << 11) | (d >>> 21)) + a) | 0;
      c = (c + words[o + ((word + 6) & 15)]! + CONSTANTS[i + 2]! + (d ^ a ^ b)) | 0;
      c = (((c << 16) | (c >>> 16)) + d) | 0;
      b = (b + words[o + ((word + 9) & 15)]! + CONSTANTS[i + 3]! + (c ^ d ^ a)) | 0;
      b = (((b << 23) | (b >>> 9)) + c) | 0;
    }
    // Round 4
    for (let i = 48, word = 0; i < 64; i += 4, word += 28) {
      a = (a + words[o + (word & 15)]! + CONSTANTS[i]! + (c ^ (b | ~d))) | 0;
      a = (((a << 6) | (a >>> 26)) + b) | 0;
      d = (d + words[o + ((word + 7) & 15)]! + CONSTANTS[i + 1]! + (b ^ (a | ~c))) | 0;
      d = (((d << 10) | (d >>> 22)) + a) | 0;
      c = (c + words[o + ((word + 14) & 15)]! + CONSTANTS[i + 2]! + (a ^ (d | ~b))) | 0;
      c = (((c << 15) | (c >>> 17)) + d) | 0;
      b = (b + words[o + ((word + 21) & 15)]! + CONSTANTS[i + 3]! + (d ^ (c | ~a))) | 0;
      b = (((b << 21) | (b >>> 11)) + c) | 0;
    }
    a0 = (a0 + a) | 0;
    b0 = (b0 + b) | 0;
    c0 = (c0 + c) | 0;
    d0 = (d0 + d) | 0;
  }
  digest[0] = a0;
  digest[1] = b0;
  digest[2] = c0;
  digest[3] = d0;
}
