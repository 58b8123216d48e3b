import { setInterval } from 'node:timers';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const PARENT_CHECK_MS = 500;

/**
 * Resolves when this process is asked to end. A second request ends it at once; what it started does not survive
 * that either (owned-process.ts). npm passes no SIGTERM on to the script that it runs, so under npm the end of the
 * shell between the two counts as a request too.
 */
export function shutdownRequest(): Promise<void> {
  const parent = process.ppid;
  return new Promise((resolve) => {
    const request = (): void => {
      clearInterval(watch);
      for (const signal of SIGNALS) process.removeListener(signal, request);
      resolve();
    };
    for (const signal of SIGNALS) process.on(signal, request);
    const watch = setInterval(() => {
      if (process.env.npm_lifecycle_event !== undefined && process.ppid !== parent) request();
    }, PARENT_CHECK_MS);
    watch.unref();
  });
}

/** Takes steps back in reverse order. One that fails is reported and keeps no other from being taken back. */
export async function undoAll(
  steps: readonly (() => Promise<void>)[],
  report: (error: unknown) => void,
): Promise<void> {
  for (const step of steps.toReversed()) {
    try {
      await step();
    } catch (error) {
      report(error);
    }
  }
}
