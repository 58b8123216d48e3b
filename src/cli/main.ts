#!/usr/bin/env node
// The process around the commands: the one place of the tool that reads the clock, chance and the environment.

import { setTimeout as after } from 'node:timers/promises';
import { systemClock } from '../base/clock.ts';
import { run } from './program.ts';
import { EXIT } from './world.ts';

// Whoever reads us may stop early, as `| head` does.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit();
    throw error;
  });
}

const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interruption.abort(signal));

const code = await run(process.argv.slice(2), {
  clock: systemClock,
  random: Math.random,
  environment: process.env,
  // Only who reads it opens it: a terminal that is open keeps the process.
  get stdin() {
    return process.stdin;
  },
  stdout: process.stdout,
  stderr: process.stderr,
  sleep: (millis) => after(millis, undefined, { signal: interruption.signal }).catch(() => {}),
  interrupted: interruption.signal,
});

// Ended by the signal itself, as shells expect it, and at once: a read of a terminal would keep the process.
if (code === EXIT.interrupted) process.kill(process.pid, interruption.signal.reason);
else process.exitCode = code;
