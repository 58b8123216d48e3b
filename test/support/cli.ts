import { Readable } from 'node:stream';
import { systemClock } from '../../src/base/clock.ts';
import { seededRandom } from '../../src/base/random.ts';
import { run } from '../../src/cli/program.ts';
import type { World } from '../../src/cli/world.ts';

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** The standard output, read as JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: each test knows its own command's shape
  readonly json: any;
}

export interface CommandSetting {
  readonly environment?: Record<string, string>;
  readonly terminal?: boolean;
  readonly columns?: number;
  readonly clock?: World['clock'];
  readonly sleep?: World['sleep'];
  readonly interrupted?: AbortSignal;
}

/** Runs one command line of the operator's tool inside of this process. */
export async function smearcache(
  words: readonly string[],
  setting: CommandSetting = {},
): Promise<CommandResult> {
  const written = { stdout: '', stderr: '' };
  const sink = (name: keyof typeof written) => ({
    write: (text: string) => {
      written[name] += text;
    },
    isTTY: setting.terminal ?? false,
    columns: setting.columns,
    rows: 40,
  });
  const code = await run(words, {
    clock: setting.clock ?? systemClock,
    random: seededRandom(1),
    environment: setting.environment ?? {},
    stdin: Readable.from([]),
    stdout: sink('stdout'),
    stderr: sink('stderr'),
    sleep: setting.sleep ?? ((millis) => new Promise((resolve) => setTimeout(resolve, millis))),
    interrupted: setting.interrupted ?? new AbortController().signal,
  });
  return {
    code,
    ...written,
    get json() {
      return JSON.parse(written.stdout);
    },
  };
}
