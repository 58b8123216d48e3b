#!/usr/bin/env node
// The process around the commands: the one place of the tool that reads the clock, chance and the environment.

import { setTimeout as after } from 'node:timers/promises';
import { systemClock } from '../base/clock.ts';
import { run } from './program.ts';

// Whoever reads us may stop early, as `| head` does.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit();
    throw error;
  });
}

const interruption = new AbortController();
process.once('SIGINT', () => interruption.abort());
process.once('SIGTERM', () => interruption.abort());

process.exitCode = await run(process.argv.slice(2), {
  clock: systemClock,
  random: Math.random,
  environment: process.env,
  stdout: process.stdout,
  stderr: process.stderr,
  sleep: (millis) => after(millis, undefined, { signal: interruption.signal }).catch(() => {}),
  interrupted: interruption.signal,
});
