import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { PROJECT } from '../local/project.ts';

const run = promisify(execFile);

/** What a function is built of, and what the rehearsal reads. */
const PARTS = ['handlers', 'src', 'events', 'template.yaml', 'package.json'];

/** Puts one revision over the other into `target`: the first is whole, the others change it. */
export async function checkOutLayers(revisions: readonly string[], target: string): Promise<void> {
  for (const revision of revisions) await checkOut(revision, target);
}

/**
 * Puts a revision into `target`, an empty directory inside the project, so that packages are found. `revision` is what
 * git names (`HEAD~1`, a tag), or a directory: a whole project, or some files of one, which are laid over the working
 * tree. `.` is the working tree itself.
 */
export async function checkOut(revision: string, target: string): Promise<void> {
  await mkdir(target, { recursive: true });
  const directory = path.resolve(revision);
  if (existsSync(directory)) {
    const isWhole = existsSync(path.join(directory, 'template.yaml'));
    const isFirst = !existsSync(path.join(target, 'template.yaml'));
    // What a whole project lacks is taken from the working tree, too; each part is its own or ours, never a mixture.
    if (isFirst) {
      const missing = PARTS.filter((part) => !isWhole || !existsSync(path.join(directory, part)));
      await copyParts(PROJECT, target, missing);
    }
    await copyParts(directory, target, PARTS);
    return;
  }
  const commit = await run(
    'git',
    ['rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`],
    {
      cwd: PROJECT,
    },
  ).then(
    ({ stdout }) => stdout.trim(),
    () => undefined,
  );
  if (commit === undefined)
    throw new Error(`${revision} is neither a directory nor a revision that git knows`);
  const archive = path.join(target, '..', `${path.basename(target)}.tar`);
  await run('git', ['archive', '--output', archive, commit], { cwd: PROJECT });
  await run('tar', ['-xf', archive, '-C', target]);
}

async function copyParts(from: string, to: string, parts: readonly string[]): Promise<void> {
  for (const part of parts) {
    const source = path.join(from, part);
    if (existsSync(source)) await cp(source, path.join(to, part), { recursive: true });
  }
}
