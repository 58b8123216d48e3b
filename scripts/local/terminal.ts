import { styleText } from 'node:util';

// Whoever reads us may stop early, as `| head` does; that is no reason to leave things lying about.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

type Style = Parameters<typeof styleText>[0];

/** Coloured where the stream is a terminal that shows colours. */
export function styled(style: Style, text: string, stream: NodeJS.WriteStream = process.stdout): string {
  return styleText(style, text, { stream });
}

export function say(line = ''): void {
  process.stdout.write(`${line}\n`);
}

export function note(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** For what goes wrong in a command as a whole: one line, and the exit code says so. */
export function fail(error: unknown): void {
  note(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
