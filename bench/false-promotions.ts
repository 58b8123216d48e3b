// `npm run bench -- false-promotions`: an hour, in virtual time, of 100 keys that are read at a quarter of what makes a key
// hot: none may be promoted. And how long it takes until a key is promoted that is read five times as often as that.
import { HotStream, type HotStreamOptions } from '../test/support/hot-stream.ts';

const HOUR_SECONDS = 3_600;
const QUIET = { keys: 100, timesThreshold: 0.25 };
const HOT = { keys: 1, timesThreshold: 5 };
const ONSETS = 40;
const WARM_UP_SECONDS = 60;
const LONGEST_SECONDS = 120;

/** The threshold is a share of all reads in the first, and the least number of reads in the last. */
const FLEETS: readonly Omit<HotStreamOptions, 'seed'>[] = [
  { nodes: 8, readsPerSecond: 20_000 },
  { nodes: 20, readsPerSecond: 20_000 },
  { nodes: 8, readsPerSecond: 2_000 },
];

/** `[hours]`: of each fleet, 1 by default. */
export async function run([hours = '1']: readonly string[] = []): Promise<void> {
  process.stdout.write('| nodes | reads/s | hours | promoted at 0.25x | must be | at 5x, s: mean | p95 |\n');
  process.stdout.write('| ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n');
  for (const fleet of FLEETS) {
    let promoted = 0;
    for (let hour = 0; hour < Number(hours); hour++) promoted += await falsePromotions(fleet, hour);
    const onsets: number[] = [];
    for (let seed = 0; seed < ONSETS; seed++) onsets.push(await onset(fleet, seed));
    onsets.sort((a, b) => a - b);
    const mean = onsets.reduce((sum, seconds) => sum + seconds, 0) / ONSETS;
    const cells = [
      fleet.nodes,
      fleet.readsPerSecond,
      hours,
      promoted,
      0,
      mean.toFixed(1),
      onsets[Math.floor(ONSETS * 0.95)]!.toFixed(1),
    ];
    process.stdout.write(`| ${cells.join(' | ')} |\n`);
  }
}

async function falsePromotions(fleet: Omit<HotStreamOptions, 'seed'>, seed: number): Promise<number> {
  const stream = new HotStream({ ...fleet, seed });
  await stream.run(HOUR_SECONDS, QUIET);
  return stream.promoted.size;
}

/** Seconds from when the key begins to be read; a fleet that has run for a while knows what it reads. */
async function onset(fleet: Omit<HotStreamOptions, 'seed'>, seed: number): Promise<number> {
  const stream = new HotStream({ ...fleet, seed });
  await stream.run(WARM_UP_SECONDS, { keys: 1, timesThreshold: 0 });
  const from = stream.seconds;
  await stream.run(LONGEST_SECONDS, HOT, () => stream.promoted.size > 0);
  return stream.promoted.size > 0 ? stream.seconds - from : Number.POSITIVE_INFINITY;
}
