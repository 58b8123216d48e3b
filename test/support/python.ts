import { spawnSync } from 'node:child_process';

export interface PythonRun {
  readonly status: number | null;
  readonly stdout: string;
  /** Both streams, to show when it failed. */
  readonly output: string;
}

export function runPython(...args: string[]): PythonRun {
  const { status, stdout, stderr, error } = spawnSync('python3', args, {
    encoding: 'utf8',
    maxBuffer: 16 * 1024 * 1024,
  });
  return { status, stdout, output: `${stdout}${stderr}${error?.message ?? ''}`.trim() };
}
