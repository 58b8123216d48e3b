// What twemproxy and libmemcached call fnv1a_64: FNV-1a with the 64-bit offset and prime cut to 32 bits.
//
// As in one-at-a-time, bytes are sign-extended: `char` is signed on x86, which this follows; on arm64 the same C
// code places non-ASCII keys elsewhere.
import { messageOf } from './message.ts';

/** The low halves of 0xcbf29ce484222325 and 0x100000001b3. */
const OFFSET = 0x84222325 | 0;
const PRIME = 0x1b3;

/** Writes the hash of `text` (as UTF-8) as one word. */
export function fnv1a64(text: string, words: Uint32Array): void {
  const { bytes, length } = messageOf(text);
  let hash = OFFSET;
  for (let i = 0; i < length; i++) hash = Math.imul(hash ^ ((bytes[i]! << 24) >> 24), PRIME);
  words[0] = hash;
}
