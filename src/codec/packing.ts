// Makes large values smaller. JSON records of a shop, on one core of a server (Node 24; the time to pack and to unpack in
// microseconds, and what is left of the size):
//
//             1 kB           4 kB           16 kB          100 kB          1 MB
//   deflate   12 + 5   45%   19 + 8   31%   43 + 17  26%   424 + 94  25%   5000 + 1300  25%
//   zstd      17 + 12  47%   23 + 15  30%   45 + 24  25%   180 + 93  22%   2300 +  870  21%
//
// both at level 1. The next levels save one or two points more for up to twice the time; JSON.stringify alone takes 190
// and 2900 µs for the last two. Below 2 kB the bytes saved cross the network in less time than unpacking takes. Up to
// 16 kB deflate is the faster one, and every Node reads it; above, zstd is, where Node has it (from 22.15 on).

import type { Bytes } from '../base/units.ts';
import type { Packing } from './flags.ts';

/** Smaller values are left as they are. */
const PACK_FROM: Bytes = 2_048;
const ZSTD_FROM: Bytes = 16_384;
const LEVEL = 1;
/** A packed form that is not smaller than this share of the value is not worth the time of its readers. */
const WORTH_IT = 0.9;
/** The largest value that is packed or unpacked: an item of a few kB can name far more memory than there is. */
export const UNPACKED_LIMIT: Bytes = 32 * 1024 * 1024;
/** zstd wants a window in memory before it has read a byte: 8 MiB at the most, where level 1 asks for half a MiB. */
const WINDOW_LOG_LIMIT = 23;
/** How many bytes from the middle of a value are looked at to see whether it is packed already. */
const SAMPLE: Bytes = 1_024;

type PackedAs = Exclude<Packing, 'none'>;

export interface Packed {
  readonly packing: PackedAs;
  readonly bytes: Buffer;
}

/** What is used of `node:zlib`; the zstd half is missing before Node 22.15. */
type Zlib = Pick<typeof import('node:zlib'), 'constants' | 'deflateSync' | 'inflateSync'> &
  Partial<Pick<typeof import('node:zlib'), 'zstdCompressSync' | 'zstdDecompressSync'>>;

/** Loaded by the first value that needs it: 2 ms that a cold start does not pay. */
const loadZlib = (): Zlib => process.getBuiltinModule('node:zlib');

/** `bytes` made smaller, or `undefined` where that is not worth it. */
export function packed(bytes: Uint8Array): Packed | undefined {
  const { length } = bytes;
  if (length < PACK_FROM || length > UNPACKED_LIMIT || isDense(bytes)) return undefined;
  const result = smaller(bytes, loadZlib());
  return result.bytes.length <= length * WORTH_IT ? result : undefined;
}

function smaller(bytes: Uint8Array, { constants, deflateSync, zstdCompressSync }: Zlib): Packed {
  if (bytes.length < ZSTD_FROM || zstdCompressSync === undefined) {
    return { packing: 'deflate', bytes: deflateSync(bytes, { level: LEVEL }) };
  }
  const params = {
    [constants.ZSTD_c_compressionLevel]: LEVEL,
    // deflate always has one: what was garbled on the way must not be read as something else.
    [constants.ZSTD_c_checksumFlag]: 1,
  };
  return { packing: 'zstd', bytes: zstdCompressSync(bytes, { params }) };
}

/**
 * The bytes that were packed; or why they cannot be had, in words: they are cut or garbled, larger than
 * `UNPACKED_LIMIT`, or of a packing that this Node does not know.
 */
export function unpacked(packing: PackedAs, bytes: Buffer): Buffer | string {
  const { constants, inflateSync, zstdDecompressSync } = loadZlib();
  const maxOutputLength = UNPACKED_LIMIT;
  try {
    switch (packing) {
      case 'deflate':
        return inflateSync(bytes, { maxOutputLength });
      case 'zstd': {
        if (zstdDecompressSync === undefined) return 'this version of Node has no zstd';
        const params = { [constants.ZSTD_d_windowLogMax]: WINDOW_LOG_LIMIT };
        return zstdDecompressSync(bytes, { maxOutputLength, params });
      }
      default:
        return packing satisfies never;
    }
  } catch (cause) {
    return `its ${packing} data cannot be unpacked: ${(cause as Error).message}`;
  }
}

/**
 * Whether no byte is much more frequent than the others, as in what is compressed or encrypted already. That a byte
 * equals another one by chance is 1 in 256 there; in text it is 1 in 20, in base64 1 in 64.
 */
function isDense(bytes: Uint8Array): boolean {
  const start = (bytes.length - SAMPLE) >> 1;
  const counts = new Uint16Array(256);
  for (let i = start; i < start + SAMPLE; i++) counts[bytes[i]!]!++;
  let equalPairs = 0;
  for (const count of counts) equalPairs += count * (count - 1);
  return equalPairs < (SAMPLE * (SAMPLE - 1)) / 150;
}
