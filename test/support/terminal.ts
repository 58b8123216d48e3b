import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { isOnPath } from './memcached.ts';

const run = promisify(execFile);

/** Whether there is a tmux; suites that look at a real terminal are skipped where there is none. */
export const terminalAvailable: boolean = isOnPath('tmux');

/** A terminal of 100 by 50 in which one program runs, on a tmux server of its own. */
export interface Terminal extends AsyncDisposable {
  /** What it shows once `pattern` is there; throws with the screen where it does not come in time. */
  until(pattern: RegExp, withinMillis?: number): Promise<string>;
  /** Presses a key, as tmux names it: `C-c`. */
  press(key: string): Promise<void>;
}

let opened = 0;

export async function openTerminal(
  command: readonly string[],
  environment: Record<string, string> = {},
): Promise<Terminal> {
  const server = `smearcache-${process.pid}-${opened++}`;
  const tmux = (...words: string[]) => run('tmux', ['-L', server, '-f', '/dev/null', ...words]);
  const variables = Object.entries(environment).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
  const quoted = command.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
  // The shell stays, so that what the program left on the screen can be read after it.
  const shell = `${quoted}; echo "exit code $?"; exec sleep 60`;
  await tmux('new-session', '-d', '-x', '100', '-y', '50', ...variables, shell);
  const screen = async (): Promise<string> => (await tmux('capture-pane', '-p')).stdout;
  return {
    async until(pattern, withinMillis = 15_000) {
      const giveUpAt = performance.now() + withinMillis;
      let shown = await screen();
      while (!pattern.test(shown)) {
        if (performance.now() > giveUpAt) throw new Error(`${pattern} is not on the screen:\n${shown}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
        shown = await screen();
      }
      return shown;
    },
    press: async (key) => void (await tmux('send-keys', key)),
    async [Symbol.asyncDispose]() {
      await tmux('kill-server').catch(() => {});
    },
  };
}
