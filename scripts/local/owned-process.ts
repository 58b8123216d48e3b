import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import type { Socket } from 'node:net';

/**
 * Outlives us by a moment: it reads the ids of our processes, and when we are gone, however that happened, it
 * kills those that are left. A frozen process could not see to that itself, nor could we after a SIGKILL. An id is
 * negative, which means a whole group: what our processes have started goes with them.
 */
const REAPER = `
trap '' INT TERM HUP
owned=' '
while read -r change id; do
  case $change in
    +) owned="$owned$id " ;;
    -) owned="\${owned%% $id *} \${owned#* $id }" ;;
  esac
done
kill -s KILL -- $owned 2>/dev/null
`;

let reaper: Socket | undefined;

/**
 * Starts a process that does not survive this one, be it frozen or not. It leads a process group of its own, in no
 * terminal's foreground: Ctrl-C reaches us alone, and we end the others in order.
 */
export function spawnOwned(
  command: string,
  arguments_: readonly string[],
  options: SpawnOptions,
): ChildProcess {
  // First, so that no time passes between a process's start and its entry in the reaper's list.
  reaper ??= startReaper();
  const child = spawn(command, arguments_, { ...options, detached: true });
  const { pid } = child;
  if (pid === undefined) return child;
  reaper.write(`+ -${pid}\n`);
  child.once('exit', () => reaper?.write(`- -${pid}\n`));
  return child;
}

/** Settles when the process is gone, or was never there. */
export function endOf(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('error', () => resolve());
    child.once('exit', () => resolve());
  });
}

function startReaper(): Socket {
  const shell = spawn('sh', ['-c', REAPER], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  const input = shell.stdin as Socket;
  // Without a shell there is no net below us; an orderly end still ends every process.
  shell.on('error', () => {});
  input.on('error', () => {});
  shell.unref();
  input.unref();
  return input;
}
