// `npm run docs:api`: the reference of all that the package exports, from the comments of its sources.
import { join } from 'node:path';
import { writeApiReference } from './docs/api-reference.ts';
import { ROOT } from './packaging/stage.ts';

writeApiReference(join(ROOT, 'docs/api'));
