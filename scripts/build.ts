// `npm run build`: dist from src by tsc, then a look at whether package.json and dist agree.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';

const root = new URL('../', import.meta.url);

rmSync(new URL('dist/', root), { recursive: true, force: true });
execFileSync('tsc', ['-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' });

interface Manifest {
  readonly exports: Record<string, string | { readonly types: string; readonly default: string }>;
  readonly bin?: Record<string, string>;
  readonly dependencies?: Record<string, string>;
  readonly optionalDependencies?: Record<string, string>;
}
const manifest = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as Manifest;

const named = [
  ...Object.values(manifest.exports).flatMap((entry) =>
    typeof entry === 'string' ? [entry] : Object.values(entry),
  ),
  ...Object.values(manifest.bin ?? {}),
];
const missing = named.filter((file) => !existsSync(new URL(file, root)));
const bundledNode = Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies }).filter(
  (name) => /^node(-bin)?-(linux|darwin|win)/.test(name),
);
if (missing.length > 0 || bundledNode.length > 0) {
  for (const file of missing)
    process.stderr.write(`package.json names ${file}, which the build did not make\n`);
  for (const name of bundledNode)
    process.stderr.write(`${name} is for development and must not be published\n`);
  process.exit(1);
}
process.stdout.write(`dist holds all ${named.length} files that package.json names\n`);
