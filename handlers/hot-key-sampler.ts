// On a schedule, where the template's HotKeySampling says so: watches what the nodes are asked for a second, and offers
// what was hot to the fleet's list. For that second each node gives up to a third of its throughput.

import type { Context } from 'aws-lambda';
import { systemClock } from '../src/base/clock.ts';
import { run } from '../src/cli/program.ts';
import type { Sink } from '../src/cli/world.ts';
import { logger } from './logger.ts';

/** What is imported lasts for longer than the longest schedule. */
const COMMAND = ['top', '--all', '--for', '1s', '--burst', '1s', '--import', '--hold', '20m', '--json'];

/** Time left to say what became of it. */
const MARGIN_MILLIS = 2_000;

/** What the command prints, as far as it is told here. */
interface Seen {
  readonly source: string;
  readonly imported?: readonly string[];
  readonly notWatched?: readonly string[];
}

export interface Sampled {
  /** Storage keys that went to the list. */
  readonly imported: readonly string[];
  /** Nodes that could not be watched. */
  readonly notWatched: readonly string[];
}

/** @throws Error that says why no node could be watched: the function's own errors are to show it. */
export const handler = async (_event: unknown, context: Context): Promise<Sampled> => {
  logger.addContext(context);
  const end = Math.max(0, context.getRemainingTimeInMillis() - MARGIN_MILLIS);
  const [stdout, stderr] = [new Collected(), new Collected()];
  const code = await run(COMMAND, {
    clock: systemClock,
    random: Math.random,
    environment: process.env,
    stdin: process.stdin,
    stdout,
    stderr,
    sleep: (millis) => new Promise((resolve) => setTimeout(resolve, millis)),
    interrupted: AbortSignal.timeout(end),
  });
  const seen = code === 0 ? (JSON.parse(stdout.text) as Seen) : undefined;
  if (seen?.source !== 'watch') throw new Error(`no node could be watched: ${stderr.text.trim()}`);
  const { imported = [], notWatched = [] } = seen;
  logger.info('hot keys were sampled', { imported, notWatched });
  return { imported, notWatched };
};

class Collected implements Sink {
  text = '';

  write(text: string): void {
    this.text += text;
  }
}
