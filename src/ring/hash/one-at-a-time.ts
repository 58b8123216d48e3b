// Bob Jenkins's one-at-a-time hash as libhashkit computes it (libmemcached's default hash).
//
// C's `char` is signed on x86, so a byte from 0x80 up is added as a negative number; on arm64 it is not, and the
// same C library places non-ASCII keys elsewhere there. This follows x86. ASCII keys are the same on both.
import { messageOf } from './message.ts';

/** Writes the hash of `text` (as UTF-8) as one word. */
export function oneAtATime(text: string, words: Uint32Array): void {
  const { bytes, length } = messageOf(text);
  let hash = 0;
  for (let i = 0; i < length; i++) {
    hash = (hash + ((bytes[i]! << 24) >> 24)) | 0;
    hash = (hash + (hash << 10)) | 0;
    hash ^= hash >>> 6;
  }
  hash = (hash + (hash << 3)) | 0;
  hash ^= hash >>> 11;
  words[0] = hash + (hash << 15);
}
