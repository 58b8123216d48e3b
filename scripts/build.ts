// `npm run build`: dist from src by tsc, then a look at whether package.json and dist agree.
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Manifest, namedFiles, problemsOf } from './packaging/manifest.ts';

const root = fileURLToPath(new URL('../', import.meta.url));

rmSync(`${root}dist/`, { recursive: true, force: true });
execFileSync('tsc', ['-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' });

const manifest = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as Manifest;
const problems = problemsOf(manifest, root);
for (const problem of problems) process.stderr.write(`${problem}\n`);
if (problems.length > 0) process.exit(1);
process.stdout.write(`dist holds all ${namedFiles(manifest).length} files that package.json names\n`);
