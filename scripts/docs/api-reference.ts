import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from '../packaging/stage.ts';

/**
 * Writes the API reference into `folder`, in place of what was there.
 *
 * @throws Error that says what has no comment, or links to what is not there.
 */
export function writeApiReference(folder: string): void {
  const tool = join(ROOT, 'tools/docs');
  const typedoc = join(tool, 'node_modules/typedoc/bin/typedoc');
  execFileSync(process.execPath, [typedoc, '--options', join(tool, 'typedoc.json'), '--out', folder], {
    cwd: ROOT,
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
  });
}
