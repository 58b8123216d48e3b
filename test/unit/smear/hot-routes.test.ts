import { describe, expect, it } from 'vitest';
import type { CacheNode } from '../../../src/client/cache-node.ts';
import { type ReadPlan, readPlace } from '../../../src/client/dispatch.ts';
import { buildRing, type RingNode } from '../../../src/ring/index.ts';
import {
  type HotSpread,
  type Placement,
  Router,
  type SmearedRoute,
  type SmearRule,
  SmearRules,
} from '../../../src/smear/index.ts';

const NAMES = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
const NODES = NAMES.map((name) => ({ host: `${name}.example`, port: 11_211 }));
const SUFFIX = '~sc';

interface Given {
  readonly nodes?: number;
  readonly rules?: readonly SmearRule[];
  readonly placement?: Placement;
}

function routerWith(hot: readonly HotSpread[], given: Given = {}): Router<RingNode> {
  const { nodes = NODES.length, rules = [], placement = 'successors' } = given;
  return new Router(buildRing(NODES.slice(0, nodes)), new SmearRules(rules), placement, SUFFIX, hot);
}

/** The route of a key that is smeared; it is stored under its own name. */
function smearedBy(router: Router<RingNode>, key: string): SmearedRoute<RingNode> {
  const route = router.routeFor(key, key);
  if (route.kind !== 'smeared') throw new Error(`${key} is ${route.kind}`);
  return route;
}
const nodesOf = ({ base, copyNodes }: SmearedRoute<RingNode>): readonly RingNode[] => [base, ...copyNodes];

/** Where a read goes that draws this number. */
function placeAt(route: SmearedRoute<RingNode>, chance: number, over: Partial<ReadPlan> = {}) {
  const plan = { consistentRead: false, ownWrites: { has: () => false }, random: () => chance, ...over };
  return readPlace(route as SmearedRoute<CacheNode>, 'hot', plan as ReadPlan);
}

describe('the route of a key that was found to be hot', () => {
  it('is that of a rule for as many copies, with weights to read by', () => {
    const ruled = routerWith([], { rules: [{ key: 'hot', copies: 4 }] });
    const measured = routerWith([{ key: 'hot', share: 0.1, copies: 4 }]);
    const { weights, ...route } = smearedBy(measured, 'hot');
    expect(route).toEqual(smearedBy(ruled, 'hot'));
    expect(smearedBy(ruled, 'hot').weights).toBeUndefined();
    expect(weights).toHaveLength(4);
    expect(weights?.at(-1)).toBe(1);
  });

  it('is found by the storage key, not by the caller’s', () => {
    const router = routerWith([{ key: 'v2:hot', share: 0.1, copies: 4 }]);
    expect(router.routeFor('hot', 'v2:hot').kind).toBe('smeared');
    expect(router.routeFor('v2:hot', 'v3:v2:hot').kind).toBe('single');
  });

  it('is the same object each time, and others’ is what it was', () => {
    const router = routerWith([{ key: 'hot', share: 0.1, copies: 4 }]);
    expect(router.routeFor('hot', 'hot')).toBe(router.routeFor('hot', 'hot'));
    expect(router.routeFor('cold', 'cold')).toEqual({ kind: 'single', base: router.ring.owner('cold') });
  });

  it('is the same in every environment that knows the same, whatever was asked for before', () => {
    const hot = ['x', 'y', 'z'].map((key, i) => ({ key, share: 0.05 * (3 - i), copies: 6 - i }));
    const [one, other] = [routerWith(hot), routerWith(structuredClone(hot))];
    for (const { key } of hot) smearedBy(one, key);
    for (const { key } of hot.toReversed()) expect(smearedBy(other, key)).toEqual(smearedBy(one, key));
  });

  it('has weights that reckon with other hot keys, though nobody asks for them', () => {
    const key = 'hot';
    const alone = smearedBy(routerWith([{ key, share: 0.05, copies: 2 }]), key);
    const [, second] = nodesOf(alone);
    // One whose base is where the copy is.
    const busy = Array.from({ length: 100 }, (_, i) => `busy:${i}`).find(
      (each) => buildRing(NODES).owner(each) === second,
    )!;
    const beside = routerWith([
      { key: busy, share: 0.5, copies: 1 },
      { key, share: 0.05, copies: 2 },
    ]);
    expect([...smearedBy(beside, key).weights!]).toEqual([1, 1]);
    expect(alone.weights![0]).toBeLessThan(1);
  });

  it('is a single one where there is one node', () => {
    const router = routerWith([{ key: 'hot', share: 0.9, copies: 8 }], { nodes: 1 });
    expect(router.routeFor('hot', 'hot')).toBe(router.routeFor('cold', 'cold'));
  });

  it('goes over all nodes where it is to have more copies than there are', () => {
    const route = smearedBy(routerWith([{ key: 'hot', share: 0.9, copies: 60 }], { nodes: 3 }), 'hot');
    expect(new Set(nodesOf(route)).size).toBe(3);
    expect(route.weights).toHaveLength(3);
  });

  it('is by suffix what the rules say, and nothing else', () => {
    const hot = [
      { key: 'hot', share: 0.5, copies: 8 },
      { key: 'item:1', share: 0.2, copies: 8 },
    ];
    const given: Given = { placement: 'suffix', rules: [{ prefix: 'item:', copies: 3 }] };
    const [router, cold] = [routerWith(hot, given), routerWith([], given)];
    for (const key of ['hot', 'item:1', 'cold']) {
      expect(router.routeFor(key, key)).toEqual(cold.routeFor(key, key));
    }
    expect(router.routeFor('hot', 'hot').kind).toBe('single');
    expect(router.routeFor('item:1', 'item:1')).toMatchObject({ kind: 'variants' });
  });
});

describe('the weights of nodes that are to have more than others', () => {
  const nodes = NODES.map((node, at) => ({ ...node, weight: at === 0 ? 3 : 1 }));
  const ring = buildRing(nodes);
  /** What each node has, by what it is to have. */
  function loads(hot: readonly (HotSpread & { readonly share: number })[]): readonly number[] {
    const router = new Router(ring, new SmearRules([]), 'successors', SUFFIX, hot);
    const cold = 1 - hot.reduce((sum, { share }) => sum + share, 0);
    const load = new Map(nodes.map((node, at) => [node.host, ring.arcs()[at]! * cold]));
    for (const { key, share } of hot) {
      const route = smearedBy(router, key);
      for (const [at, { host }] of nodesOf(route).entries()) {
        const part = route.weights![at]! - (route.weights![at - 1] ?? 0);
        load.set(host, load.get(host)! + share * part);
      }
    }
    return nodes.map(({ host, weight }) => load.get(host)! / weight);
  }

  it('are by what each has of it already', () => {
    const level = 1 / nodes.reduce((sum, { weight }) => sum + weight, 0);
    for (const load of loads([{ key: 'hot', share: 0.6, copies: 8 }])) expect(load).toBeCloseTo(level, 6);
  });
});

describe('a rule for a key that was found to be hot', () => {
  const hot = [
    { key: 'hot', share: 0.2, copies: 6 },
    { key: 'other', share: 0.1, copies: 5 },
  ];

  it.each([
    ['key', [{ key: 'hot', copies: 3 }], 3],
    ['prefix', [{ prefix: 'ho', copies: 7 }], 7],
    ['key without a number', [{ key: 'hot' }], 8],
  ] as const)('says how many copies there are, by %s', (_by, rules, copies) => {
    const router = routerWith(hot, { rules });
    const route = smearedBy(router, 'hot');
    expect(nodesOf(route)).toEqual(router.ring.successors('hot', copies));
    expect(route.weights).toHaveLength(copies);
    expect(router.routeFor('hot', 'hot')).toBe(route);
  });

  it('that allows one copy keeps it on its owner, and others are read as if it were there', () => {
    const router = routerWith(hot, { rules: [{ key: 'hot', copies: 1 }] });
    expect(router.routeFor('hot', 'hot')).toEqual({ kind: 'single', base: router.ring.owner('hot') });
    const atOwner = routerWith([{ ...hot[0]!, copies: 1 }, hot[1]!]);
    expect(smearedBy(router, 'other').weights).toEqual(smearedBy(atOwner, 'other').weights);
  });

  it('leaves the weights of others the same, once it was asked for, as where that many had been measured', () => {
    const router = routerWith(hot, { rules: [{ key: 'hot', copies: 2 }] });
    smearedBy(router, 'other');
    smearedBy(router, 'hot');
    const measured = routerWith([{ ...hot[0]!, copies: 2 }, hot[1]!]);
    for (const key of ['hot', 'other']) expect(smearedBy(router, key)).toEqual(smearedBy(measured, key));
  });
});

describe('a read of a key that was found to be hot', () => {
  const STEPS = 10_000;
  const hot = [
    { key: 'hot', share: 0.3, copies: 5 },
    { key: 'other', share: 0.1, copies: 3 },
  ];

  /** How many of so many chances in a row, from 0 to just below 1, go to each node of the route. */
  function drawn(route: SmearedRoute<RingNode>): readonly number[] {
    const counts = new Map<unknown, number>(nodesOf(route).map((node) => [node, 0]));
    for (let step = 0; step < STEPS; step++) {
      const { node, key } = placeAt(route, step / STEPS);
      expect(key).toBe(node === route.base ? 'hot' : 'hot~sc');
      counts.set(node, counts.get(node)! + 1);
    }
    expect(counts.size).toBe(nodesOf(route).length);
    return [...counts.values()];
  }

  it('goes to each of its nodes as often as the weights say', () => {
    const route = smearedBy(routerWith(hot), 'hot');
    const weights = [...route.weights!];
    for (const [at, count] of drawn(route).entries()) {
      const weight = weights[at]! - (weights[at - 1] ?? 0);
      expect(Math.abs(count - weight * STEPS), `node ${at}`).toBeLessThanOrEqual(1);
    }
    expect(Math.max(...drawn(route))).toBeGreaterThan(1.2 * Math.min(...drawn(route)));
  });

  it('goes to all alike where there are no weights', () => {
    const route = smearedBy(routerWith([], { rules: [{ key: 'hot', copies: 5 }] }), 'hot');
    for (const count of drawn(route)) expect(count).toBe(STEPS / 5);
  });

  it('goes to no node that is never to be read, at any bound of chance', () => {
    const { base, copyNodes, copyKey } = smearedBy(routerWith(hot), 'hot');
    const weights = Float64Array.of(0, 0.5, 0.5, 1, 1);
    const route = { kind: 'smeared', base, copyNodes, copyKey, weights } as const;
    const at = (chance: number) => nodesOf(route).indexOf(placeAt(route, chance).node);
    expect([0, 0.499, 0.5, 1 - Number.EPSILON].map(at)).toEqual([1, 1, 3, 3]);
  });

  it('goes to the base where it must be consistent, or this process has written', () => {
    const route = smearedBy(routerWith(hot), 'hot');
    const base = { node: route.base, key: 'hot' };
    const chance = 1 - Number.EPSILON;
    expect(placeAt(route, chance)).not.toEqual(base);
    expect(placeAt(route, chance, { consistentRead: true })).toEqual(base);
    const ownWrites = { has: (key: string) => key === 'hot' } as unknown as ReadPlan['ownWrites'];
    expect(placeAt(route, chance, { ownWrites })).toEqual(base);
  });
});
