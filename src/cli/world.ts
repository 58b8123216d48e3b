import type { Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import type { Millis } from '../base/units.ts';
import type { Environment } from '../client/resolve-options.ts';

/** What of the process a command writes to. */
export interface Sink {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
}

/** All that commands know of the world around them; `main.ts` has the real one. */
export interface World {
  readonly clock: Clock;
  readonly random: Random;
  readonly environment: Environment;
  readonly stdin: NodeJS.ReadableStream;
  /** Results, and nothing else. */
  readonly stdout: Sink;
  /** Progress, and what went wrong. */
  readonly stderr: Sink;
  /** Resolves after this long, or as soon as `interrupted` says so. */
  sleep(millis: Millis): Promise<void>;
  /** Ctrl-C: a command that runs until it is stopped ends in order. */
  readonly interrupted: AbortSignal;
}

export const EXIT = {
  ok: 0,
  /** A finding, or what was asked for could not be had. */
  failure: 1,
  /** The command line was wrong. */
  misuse: 2,
  /** Ctrl-C, as shells count it: what was begun is not there. */
  interrupted: 130,
} as const;

/** What a command came to when it could not do what it was asked: one sentence for the operator. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure';
  readonly exitCode: number;

  constructor(message: string, exitCode: number = EXIT.failure) {
    super(message);
    this.exitCode = exitCode;
  }
}

export const misuse = (message: string): CommandFailure => new CommandFailure(message, EXIT.misuse);

/** Thrown by a command that has told what it found, and found something. */
export class Found extends Error {}
