// The package as it is published, made apart from the checkout. The checkout itself is private, and has no `dist` until
// it is built: published by mistake it would be a package without code.

import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Manifest, problemsOf } from './manifest.ts';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Fields of the checkout's own. */
const OWN_FIELDS = ['private', 'scripts', 'workspaces', 'devDependencies'];
const DOCUMENTS = ['README.md', 'CHANGELOG.md', 'LICENSE'];

/**
 * Builds the package into `folder`, which is emptied first, and gives its manifest. `repository` is the URL of its
 * sources, which npm compares with where a package with provenance was built.
 *
 * @throws Error where it lacks a file that its manifest names.
 */
export function stagePackage(folder: string, repository?: string): Manifest {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  const build = ['-p', join(ROOT, 'tsconfig.build.json'), '--outDir', join(folder, 'dist')];
  execFileSync(process.execPath, [tsc, ...build], { cwd: ROOT, stdio: 'inherit' });
  for (const name of DOCUMENTS) copyFileSync(join(ROOT, name), join(folder, name));
  const own = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Manifest;
  const manifest = publicManifest(own, repository);
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  const problems = problemsOf(manifest, folder);
  if (problems.length > 0) throw new Error(problems.join('\n'));
  return manifest;
}

function publicManifest(own: Manifest, repository: string | undefined): Manifest {
  const kept = Object.entries(own).filter(([field]) => !OWN_FIELDS.includes(field));
  const source = repository === undefined ? {} : { repository: { type: 'git', url: repository } };
  return { ...(Object.fromEntries(kept) as Manifest), ...source };
}

/** Packs what was staged in `folder` into `destination`, and gives the tarball's path. */
export function pack(folder: string, { name, version }: Manifest, destination: string): string {
  execFileSync('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', destination], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return join(destination, `${name}-${version}.tgz`);
}
