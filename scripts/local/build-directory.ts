import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { LOCAL_DIRECTORY } from './project.ts';

const PREFIX = 'build-';

export interface BuildDirectory {
  readonly path: string;
  remove(): Promise<void>;
}

/**
 * A directory for bundles. It lies inside the project, so that what is external to them (the AWS SDK, which Lambda
 * brings along) is found in node_modules.
 */
export async function openBuildDirectory(): Promise<BuildDirectory> {
  await mkdir(LOCAL_DIRECTORY, { recursive: true });
  await sweep();
  const directory = await mkdtemp(path.join(LOCAL_DIRECTORY, `${PREFIX}${process.pid}-`));
  return { path: directory, remove: () => removeDirectory(directory) };
}

/** Removes what a killed run has left behind. */
async function sweep(): Promise<void> {
  const names = await readdir(LOCAL_DIRECTORY);
  const abandoned = names.filter((name) => {
    return name.startsWith(PREFIX) && !isRunning(Number.parseInt(name.slice(PREFIX.length), 10));
  });
  await Promise.all(abandoned.map((name) => removeDirectory(path.join(LOCAL_DIRECTORY, name))));
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0); // signal 0 only asks
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function removeDirectory(directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true });
}
