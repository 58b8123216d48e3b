import type { Sink } from '../world.ts';

/** Writes a command's result: the value as JSON, or the lines that a person reads. */
export function report(
  stdout: Sink,
  flags: { readonly json?: boolean },
  value: unknown,
  lines: () => readonly string[],
): void {
  stdout.write(`${flags.json ? JSON.stringify(value, null, 2) : lines().join('\n')}\n`);
}
