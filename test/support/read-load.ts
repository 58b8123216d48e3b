// A process of its own that reads keys of known popularity until its parent says stop, or for a minute at the most.

import { seededRandom } from '../../src/base/random.ts';
import { createCache } from '../../src/create-cache.ts';

export interface LoadOrder {
  readonly nodes: readonly string[];
  /** Relative. A key that is smeared is read from its copies, too. */
  readonly weights: Readonly<Record<string, number>>;
  readonly smeared: readonly string[];
  readonly valueBytes: number;
}

const LONGEST_MILLIS = 60_000;
const AT_ONCE = 50;

process.once('message', (order: LoadOrder) => void read(order));
process.on('disconnect', () => process.exit());

async function read({ nodes, weights, smeared }: LoadOrder): Promise<void> {
  const cache = createCache({
    discovery: { nodes },
    // What the fleet finds by itself would change the stream on the way.
    smear: { keys: smeared, auto: false },
    operationTimeoutMillis: 10_000,
    connectTimeoutMillis: 10_000,
  });
  const keys = Object.keys(weights);
  const limits: number[] = [];
  let sum = 0;
  for (const key of keys) {
    sum += weights[key]!;
    limits.push(sum);
  }
  const random = seededRandom(7);
  const draw = (): string => {
    const at = random() * sum;
    return keys[limits.findIndex((limit) => at < limit)]!;
  };
  process.send!('reading');
  const until = performance.now() + LONGEST_MILLIS;
  while (performance.now() < until) {
    await Promise.all(Array.from({ length: AT_ONCE }, () => cache.get(draw())));
  }
  process.exit();
}
