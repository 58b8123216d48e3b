import { percentile } from './statistics.ts';

/** What one contender did in one round. */
export interface RoundFigures {
  readonly perSecond: number;
  readonly p50Millis: number;
  readonly p99Millis: number;
  /** User and system time of the process. */
  readonly cpuMicros: number;
  /** Operations without the expected answer; they are in no other figure but the CPU's. */
  readonly failures: number;
}

export interface Work {
  /** Starts operation number `at`. */
  start(at: number): Promise<unknown>;
  accepts(reply: unknown): boolean;
  /** Operations in one `start`; a raw write holds several. */
  readonly operations: number;
}

/** Enough for percentiles; a faster round overwrites its oldest. */
const MOST_SAMPLES = 1 << 20;
const samples = new Float32Array(MOST_SAMPLES);

/** A closed loop: each of `lanes` starts its next operation when its last one has ended. */
export async function drive(work: Work, lanes: number, millis: number): Promise<RoundFigures> {
  const { operations } = work;
  let started = 0;
  let completed = 0;
  let failures = 0;
  const cpu = process.cpuUsage();
  const startedAt = performance.now();
  const endsAt = startedAt + millis;

  const lane = (): Promise<void> =>
    new Promise((resolve) => {
      let from = performance.now();
      const replied = (reply: unknown): void => {
        if (!work.accepts(reply)) {
          failed();
          return;
        }
        // One look at the clock an operation: the end of one is the start of the next.
        const now = performance.now();
        samples[completed++ % MOST_SAMPLES] = now - from;
        from = now;
        if (now < endsAt) next();
        else resolve();
      };
      const failed = (): void => {
        failures++;
        from = performance.now();
        // One that fails at once must not keep the others from the event loop.
        if (from < endsAt) setImmediate(next);
        else resolve();
      };
      const next = (): void => void work.start(started++).then(replied, failed);
      next();
    });
  await Promise.all(Array.from({ length: lanes }, lane));

  const seconds = (performance.now() - startedAt) / 1_000;
  const { user, system } = process.cpuUsage(cpu);
  const sorted = samples.slice(0, Math.min(completed, MOST_SAMPLES)).sort();
  return {
    perSecond: (completed * operations) / seconds,
    p50Millis: percentile(sorted, 0.5),
    p99Millis: percentile(sorted, 0.99),
    cpuMicros: (user + system) / (completed * operations),
    failures: failures * operations,
  };
}
