import { describe, expect, it } from 'vitest';
import { buildRing } from '../../../src/ring/index.ts';
import { Router, SmearRules } from '../../../src/smear/index.ts';

const NODES = ['a', 'b', 'c', 'd', 'e'].map((name) => ({ host: `${name}.example`, port: 11_211 }));
const SUFFIX = '~sc';
const KEYS = Array.from({ length: 200 }, (_, i) => `item:${i}`);

function routerOver(
  nodes: number,
  copies: number,
  placement: 'successors' | 'suffix' = 'successors',
): Router<(typeof NODES)[number]> {
  const ring = buildRing(NODES.slice(0, nodes));
  return new Router(ring, new SmearRules([{ prefix: 'item:', copies }]), placement, SUFFIX);
}

describe('the route of a key that is not smeared', () => {
  it('is its owner alone', () => {
    const router = routerOver(5, 3);
    for (let i = 0; i < 100; i++) {
      expect(router.routeFor(`cold:${i}`, `p:cold:${i}`)).toEqual({
        kind: 'single',
        base: router.ring.owner(`p:cold:${i}`),
      });
    }
  });

  it('is one object a node, however many keys there are', () => {
    const router = routerOver(5, 3);
    const routes = new Set(Array.from({ length: 500 }, (_, i) => router.routeFor(`cold:${i}`, `cold:${i}`)));
    expect(routes.size).toBe(5);
  });

  it('is also what one copy means', () => {
    const router = routerOver(5, 1);
    expect(router.routeFor('item:1', 'item:1')).toEqual({
      kind: 'single',
      base: router.ring.owner('item:1'),
    });
  });
});

describe('the route of a smeared key', () => {
  it('has its base on the owner of the plain storage key', () => {
    const router = routerOver(5, 3);
    for (const key of KEYS) {
      const route = router.routeFor(key, `v2:${key}`);
      expect(route.kind === 'smeared' && route.base).toBe(router.ring.owner(`v2:${key}`));
    }
  });

  it('has its copies on the next distinct nodes, under one key without an index', () => {
    const router = routerOver(5, 4);
    for (const key of KEYS) {
      const route = router.routeFor(key, `v2:${key}`);
      if (route.kind !== 'smeared') throw new Error(`${key} is not smeared`);
      expect([route.base, ...route.copyNodes]).toEqual(router.ring.successors(`v2:${key}`, 4));
      expect(new Set([route.base, ...route.copyNodes]).size).toBe(4);
      expect(route.copyKey).toBe(`v2:${key}~sc`);
    }
  });

  it('has no more copies than there are nodes', () => {
    const route = routerOver(3, 8).routeFor('item:1', 'item:1');
    expect(route.kind === 'smeared' && route.copyNodes).toHaveLength(2);
  });

  it('is a single one where there is one node', () => {
    const router = routerOver(1, 8);
    expect(router.routeFor('item:1', 'item:1')).toEqual({ kind: 'single', base: NODES[0] });
  });

  it('is the same object each time', () => {
    const router = routerOver(5, 3);
    expect(router.routeFor('item:1', 'v2:item:1')).toBe(router.routeFor('item:1', 'v2:item:1'));
  });

  it('goes by the rule for the caller’s key and by the ring for the stored one', () => {
    const router = routerOver(5, 3);
    const [one, other] = [router.routeFor('item:1', 'v1:item:1'), router.routeFor('item:1', 'v2:item:1')];
    expect(one.kind === 'smeared' && one.copyKey).toBe('v1:item:1~sc');
    expect(other.kind === 'smeared' && other.copyKey).toBe('v2:item:1~sc');
  });

  it('stays right when a prefix names more keys than are kept', () => {
    const router = routerOver(5, 3);
    for (let i = 0; i < 5_000; i++) router.routeFor(`item:${i}`, `item:${i}`);
    for (const key of KEYS) {
      const route = router.routeFor(key, key);
      expect(route.kind === 'smeared' && [route.base, ...route.copyNodes]).toEqual(
        router.ring.successors(key, 3),
      );
    }
  });
});

describe('the route of a key smeared by suffix', () => {
  it('is Etsy’s to the letter: numbers from 0 appended, each placed by plain Ketama', () => {
    const router = routerOver(5, 4, 'suffix');
    for (const key of KEYS) {
      expect(router.routeFor(key, key)).toEqual({
        kind: 'variants',
        variants: [0, 1, 2, 3].map((suffix) => ({
          key: `${key}${suffix}`,
          node: router.ring.owner(`${key}${suffix}`),
        })),
      });
    }
  });

  it('is not capped at the number of nodes, since variants may share one', () => {
    const route = routerOver(3, 8, 'suffix').routeFor('item:1', 'item:1');
    expect(route.kind === 'variants' && route.variants).toHaveLength(8);
  });
});
