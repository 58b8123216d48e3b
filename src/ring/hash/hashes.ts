import { crc32, sha1, sha384 } from './built-in.ts';
import { fnv1a64 } from './fnv1a-64.ts';
import { md5 } from './md5.ts';
import { oneAtATime } from './one-at-a-time.ts';

export interface Hash {
  /** Two rings place the same key by the same number only if this is the same. */
  readonly name: string;
  /**
   * Hashes the UTF-8 bytes of `text` and writes the leading 32-bit words of the digest, one to four of them.
   * They are written, not returned: a number past 2^30 that a call returns may cost an allocation.
   */
  readonly digest: (text: string, words: Uint32Array) => void;
}

export const HASHES = {
  md5: { name: 'md5', digest: md5 },
  sha384: { name: 'sha384', digest: sha384 },
  sha1: { name: 'sha1', digest: sha1 },
  oneAtATime: { name: 'one-at-a-time', digest: oneAtATime },
  fnv1a64: { name: 'fnv1a-64', digest: fnv1a64 },
  crc32: { name: 'crc32', digest: crc32 },
} as const satisfies Record<string, Hash>;

/** The most words a hash writes. */
export const DIGEST_WORDS = 4;
