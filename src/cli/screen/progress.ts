import type { World } from '../world.ts';
import { paletteOf } from './palette.ts';

/** Says on stderr what takes long; on a terminal the line is taken back when it is done. */
export function progress({ stderr, environment }: World, text: string): () => void {
  const { dim } = paletteOf(stderr, environment);
  if (stderr.isTTY !== true) {
    stderr.write(`${text}\n`);
    return () => {};
  }
  stderr.write(dim(text));
  return () => void stderr.write('\r\u001b[2K');
}
