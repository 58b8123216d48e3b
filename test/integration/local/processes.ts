import { readFileSync } from 'node:fs';

/** As /proc names it: `T` is stopped, `Z` has ended and waits for its parent to notice; `undefined` is gone. */
export function processState(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.charAt(0);
  } catch {
    return undefined;
  }
}

/** An orphan that has ended is no longer running, even where the system's first process is slow to bury it. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return processState(pid) !== 'Z';
}
