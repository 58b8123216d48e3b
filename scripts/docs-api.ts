// `npm run docs:api`: the reference of all that the package exports, from the comments of its sources.
import { join } from 'node:path';
import { writeApiReference } from './docs/api-reference.ts';
import { ROOT } from './packaging/stage.ts';

try {
  writeApiReference(join(ROOT, 'docs/api'));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
