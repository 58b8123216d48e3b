import type { WatchedRead } from './wire-tap.ts';

/** The owner's share is judged by so many reads in a row. */
const READS = 40;

/** When the last of `READS` reads in a row left, of which the owner was sent at most half; `undefined` where none did. */
export function halvedAt(reads: readonly WatchedRead[], owner: string): number | undefined {
  let atOwner = 0;
  for (const [at, read] of reads.entries()) {
    if (read.node === owner) atOwner++;
    if (reads[at - READS]?.node === owner) atOwner--;
    if (at >= READS - 1 && atOwner <= READS / 2) return read.atMillis;
  }
  return undefined;
}
