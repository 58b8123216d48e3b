import { execFile } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { cp, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { PROJECT } from '../local/project.ts';
import { Misuse } from './misuse.ts';

const run = promisify(execFile);

const TEMPLATE = 'template.yaml';
const SHORT = 7;
/** What a function is built of, and what the rehearsal reads. */
const PARTS = ['handlers', 'src', 'events', TEMPLATE, 'package.json'];

/**
 * Puts a revision into `target`, and over it, one after the other, directories with some files of a project. Returns what
 * all that is called, for people.
 */
export async function checkOutLayers(
  [revision, ...overlays]: readonly [string, ...string[]],
  target: string,
): Promise<string> {
  const name = await checkOut(revision, target);
  for (const overlay of overlays) await layOver(overlay, target);
  if (overlays.length === 0) return name;
  return `${name} with ${overlays.map((overlay) => path.relative('', overlay)).join(' and ')}`;
}

/**
 * Puts a revision into `target`, an empty directory inside the project, so that packages are found. `revision` is what
 * git names (`HEAD~1`, a tag), or a project's directory, one with a template.yaml. `.` is the working tree itself.
 * Returns its name, and the commit where that is another.
 *
 * @throws Misuse for all else.
 */
export async function checkOut(revision: string, target: string): Promise<string> {
  const directory = path.resolve(revision);
  const isProject = existsSync(path.join(directory, TEMPLATE));
  const commit = isProject ? undefined : await commitOf(revision);
  if (!isProject && commit === undefined) throw new Misuse(whyNot(revision, directory));
  await mkdir(target, { recursive: true });
  if (commit === undefined) {
    // What a project lacks is taken from the working tree; each part is its own or ours, never a mixture.
    const lacking = PARTS.filter((part) => !existsSync(path.join(directory, part)));
    await copyParts(PROJECT, target, lacking);
    await copyParts(directory, target, PARTS);
    return directory === process.cwd() ? 'the working tree' : revision;
  }
  const archive = path.join(target, '..', `${path.basename(target)}.tar`);
  await run('git', ['archive', '--output', archive, commit], { cwd: PROJECT });
  await run('tar', ['-xf', archive, '-C', target]);
  if (!existsSync(path.join(target, TEMPLATE))) throw new Misuse(`${revision} has no ${TEMPLATE}`);
  return commit.startsWith(revision) ? revision : `${revision} (${commit.slice(0, SHORT)})`;
}

async function layOver(overlay: string, target: string): Promise<void> {
  const directory = path.resolve(overlay);
  if (!PARTS.some((part) => existsSync(path.join(directory, part)))) {
    throw new Misuse(`${overlay} holds nothing that could be laid over a revision: ${PARTS.join(', ')}`);
  }
  await copyParts(directory, target, PARTS);
}

async function commitOf(revision: string): Promise<string | undefined> {
  const question = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`];
  return run('git', question, { cwd: PROJECT }).then(
    ({ stdout }) => stdout.trim(),
    () => undefined,
  );
}

function whyNot(revision: string, directory: string): string {
  const kind = statSync(directory, { throwIfNoEntry: false });
  const what =
    kind === undefined
      ? 'git does not know it, and there is no such directory'
      : kind.isDirectory()
        ? `the directory holds no ${TEMPLATE}`
        : 'it is a file';
  return `${revision} is no revision (${what}): name what git knows, or a directory with a ${TEMPLATE}`;
}

async function copyParts(from: string, to: string, parts: readonly string[]): Promise<void> {
  for (const part of parts) {
    const source = path.join(from, part);
    if (existsSync(source)) await cp(source, path.join(to, part), { recursive: true });
  }
}
