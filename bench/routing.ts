// `npm run bench -- routing`: what it costs each read that 64 keys are hot: choosing a key's route with a full list over
// choosing it with none. Both routers take turns within one process, and a round's figure is its difference.

import { buildRing } from '../src/ring/index.ts';
import { Router, SmearRules } from '../src/smear/index.ts';
import { median } from './clients/statistics.ts';

const HOT_KEYS = 64;
const COPIES = 8;
const KEYS = 2_000;
const ROUNDS = 301;
const WARM_UP = 300;
const MOST_MICROS = 1;

const hot = Array.from({ length: HOT_KEYS }, (_, at) => `hot:${at}`);
const cold = Array.from({ length: KEYS }, (_, at) => `item:${at}`);

const CASES: Readonly<Record<string, readonly string[]>> = {
  'keys that are not hot': cold,
  'hot keys': Array.from({ length: KEYS }, (_, at) => hot[at % HOT_KEYS]!),
  'every third one hot': cold.map((key, at) => (at % 3 === 0 ? hot[at % HOT_KEYS]! : key)),
};

export function run(): void {
  for (const nodes of [8, 20]) {
    for (const [name, keys] of Object.entries(CASES)) {
      const { none, full, more } = compare(nodes, keys);
      process.stdout.write(
        `${nodes} nodes, ${name}: ${none.toFixed(3)} µs with no hot key, ${full.toFixed(3)} µs with ${HOT_KEYS}:` +
          ` ${more.toFixed(3)} µs more (must be <= ${MOST_MICROS}: ${more <= MOST_MICROS ? 'kept' : 'MISSED'})\n`,
      );
    }
  }
}

function compare(count: number, keys: readonly string[]): { none: number; full: number; more: number } {
  const nodes = Array.from({ length: count }, (_, i) => ({ host: `node-${i + 1}.example`, port: 11_211 }));
  const ring = buildRing(nodes);
  const rules = hot.map((key) => ({ key, copies: COPIES }));
  const routers = [[], rules].map((list) => new Router(ring, new SmearRules(list), 'successors', '~copy'));
  const stored = keys.map((key) => `bench:${key}`);
  const micros = routers.map((): number[] => []);
  for (let round = 0; round < WARM_UP + ROUNDS; round++) {
    for (let turn = 0; turn < routers.length; turn++) {
      // Neither always runs in the wake of the other.
      const at = (round + turn) % routers.length;
      const taken = microsOf(routers[at]!, keys, stored);
      if (round >= WARM_UP) micros[at]!.push(taken);
    }
  }
  const [none = [], full = []] = micros;
  return {
    none: median(none),
    full: median(full),
    more: median(full.map((taken, round) => taken - none[round]!)),
  };
}

function microsOf(
  router: Router<{ host: string; port: number }>,
  keys: readonly string[],
  stored: readonly string[],
): number {
  const start = process.hrtime.bigint();
  for (let at = 0; at < keys.length; at++) router.routeFor(keys[at]!, stored[at]!);
  return Number(process.hrtime.bigint() - start) / 1_000 / keys.length;
}
