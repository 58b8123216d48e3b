// What the ring properties draw from.
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { buildRing, DIALECTS, type Ring, type RingDialect, type RingNode } from '../../src/ring/index.ts';
import type { ContinuumRing } from '../../src/ring/ring.ts';

/** Unlike each other, because the lesser hashes spread keys that are alike unevenly. */
export const MANY_KEYS = Array.from({ length: 4000 }, (_, i) =>
  createHash('md5').update(`é${i}`).digest('base64'),
);
export const KEYS = MANY_KEYS.slice(0, 400);
/** Six standard deviations of a share that is measured over so many keys. */
export const tolerance = (keys: readonly string[]): number => 6 * Math.sqrt(0.25 / keys.length);

export const dialect = fc.constantFrom(...DIALECTS);
/** Those whose label count never depends on the other nodes. */
export const fixedCountDialect = fc.constantFrom('spymemcached', 'aws-java', 'libmemcached-consistent');
const port = fc.oneof(fc.constant(11211), fc.integer({ min: 1, max: 65535 }));
const weight = fc.oneof(
  { weight: 3, arbitrary: fc.constant(1) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 9 }) },
);
const address = fc.ipV4();

function nodesOf(weights: fc.Arbitrary<number>, size: { minLength: number; maxLength: number }) {
  const node = fc.record({ host: fc.integer({ min: 0, max: 999 }), port, weight: weights, ip: address });
  return fc
    .uniqueArray(node, { ...size, selector: ({ host }) => host })
    .map((nodes): RingNode[] => nodes.map((given) => ({ ...given, host: `n${given.host}.example` })));
}

export const anyNodes = nodesOf(weight, { minLength: 1, maxLength: 12 });
export const equalNodes = nodesOf(fc.constant(1), { minLength: 2, maxLength: 30 });
export const key = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.string({ minLength: 1, maxLength: 40 }),
);

/** Random rings cost milliseconds each. */
export const check = <T extends [unknown, ...unknown[]]>(property: fc.IProperty<T>) =>
  fc.assert(property, { numRuns: 60 });
export const without = <T>(list: readonly T[], index: number): T[] => list.filter((_, i) => i !== index);

/** Whether two nodes share a point, the one case in which the order of the list may matter. */
export function hasTies(ring: Ring): boolean {
  const { points, owners } = (ring as ContinuumRing<RingNode>).continuum;
  return points.some((point, i) => i > 0 && point === points[i - 1] && owners[i] !== owners[i - 1]);
}

/** One change to a ring's configuration, large or void. */
const mutation = fc.oneof(
  fc.record({ kind: fc.constant('none' as const) }),
  fc.record({ kind: fc.constant('reverse' as const) }),
  fc.record({ kind: fc.constant('remove' as const), at: fc.nat() }),
  fc.record({ kind: fc.constant('port' as const), at: fc.nat() }),
  fc.record({ kind: fc.constant('weight' as const), at: fc.nat(), weight: fc.integer({ min: 1, max: 9 }) }),
  fc.record({ kind: fc.constant('scale' as const), by: fc.integer({ min: 1, max: 9 }) }),
  fc.record({ kind: fc.constant('dialect' as const), dialect }),
);

interface Config {
  readonly nodes: readonly RingNode[];
  readonly dialect: RingDialect;
}

function mutated(config: Config, change: typeof mutation extends fc.Arbitrary<infer T> ? T : never): Config {
  const { nodes } = config;
  const edit = (at: number, node: (given: RingNode) => RingNode) => ({
    ...config,
    nodes: nodes.map((given, i) => (i === at % nodes.length ? node(given) : given)),
  });
  switch (change.kind) {
    case 'none':
      return config;
    case 'reverse':
      return { ...config, nodes: nodes.toReversed() };
    case 'remove':
      return nodes.length === 1 ? config : { ...config, nodes: without(nodes, change.at % nodes.length) };
    case 'port':
      return edit(change.at, (given) => ({ ...given, port: (given.port % 65535) + 1 }));
    case 'weight':
      return edit(change.at, (given) => ({ ...given, weight: change.weight }));
    case 'scale':
      return {
        ...config,
        nodes: nodes.map((given) => ({ ...given, weight: (given.weight ?? 1) * change.by })),
      };
    case 'dialect':
      return { ...config, dialect: change.dialect };
    default:
      return change satisfies never;
  }
}

/** A ring and what became of it. */
export const twoRings = fc
  .tuple(fc.record({ nodes: anyNodes, dialect }), mutation)
  .map(([config, change]) => {
    const other = mutated(config, change);
    return [
      buildRing(config.nodes, { dialect: config.dialect }),
      buildRing(other.nodes, { dialect: other.dialect }),
    ] as const;
  });
