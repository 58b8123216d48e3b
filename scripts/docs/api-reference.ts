import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { ROOT } from '../packaging/stage.ts';

/**
 * Writes the API reference into `folder`, in place of what was there.
 *
 * @throws Error that says what has no comment, or links to what is not there.
 */
export function writeApiReference(folder: string): void {
  const tool = join(ROOT, 'tools/docs');
  const typedoc = join(tool, 'node_modules/typedoc/bin/typedoc');
  const words = [typedoc, '--options', join(tool, 'typedoc.json'), '--out', folder];
  const { status, stderr, error } = spawnSync(process.execPath, words, { cwd: ROOT, encoding: 'utf8' });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(stripVTControlCharacters(stderr));
}
