import { expect, it } from 'vitest';
import { buildRing, DIALECTS } from '../../../src/ring/index.ts';

const NODES = ['a', 'b', 'c'].map((host, i) => ({ host, port: 11211, ip: `10.0.0.${i}` }));

/** Two addresses that share a point on a libketama ring. */
const TIED = ['10.77.0.78', '10.77.0.130'].map((host) => ({ host, port: 11211 }));

it('is 16 hex digits, and pinned: a fleet compares it across releases', () => {
  expect(buildRing(NODES).fingerprint).toBe('50d0edcf90f33db0');
});

it('tells all dialects apart', () => {
  expect(new Set(DIALECTS.map((dialect) => buildRing(NODES, { dialect }).fingerprint)).size).toBe(
    DIALECTS.length - 1,
  );
});

it('is the same for two dialects that place alike', () => {
  const [memcached, libketama] = (['node-memcached', 'libketama'] as const).map((dialect) =>
    buildRing(NODES, { dialect }),
  );
  expect(memcached!.fingerprint).toBe(libketama!.fingerprint);
});

it('tells two dialects apart at a size where their rounding differs', () => {
  const seven = Array.from({ length: 7 }, (_, i) => ({ host: `n${i}`, port: 11211 }));
  expect(buildRing(seven, { dialect: 'node-memcached' }).fingerprint).not.toBe(buildRing(seven).fingerprint);
});

it('depends on the order of the list where two nodes share a point', () => {
  expect(buildRing(TIED).fingerprint).not.toBe(buildRing(TIED.toReversed()).fingerprint);
  const sorted = { dialect: 'twemproxy' } as const;
  expect(buildRing(TIED, sorted).fingerprint).toBe(buildRing(TIED.toReversed(), sorted).fingerprint);
});

it('depends on the order of the list for nothing else', () => {
  expect(buildRing(NODES.toReversed()).fingerprint).toBe(buildRing(NODES).fingerprint);
});

it('does not ask how a lone node is weighed or hashed', () => {
  const lone = { host: 'a', port: 11211, ip: '10.0.0.1' };
  const rings = DIALECTS.map((dialect) => buildRing([{ ...lone, weight: 5 }], { dialect }));
  expect(new Set([buildRing([lone]), ...rings].map(({ fingerprint }) => fingerprint)).size).toBe(1);
  expect(buildRing([{ ...lone, port: 11212 }]).fingerprint).not.toBe(rings[0]!.fingerprint);
});
