import { describe, expect, it } from 'vitest';
import { buildRing, DIALECTS, nodeName, type RingDialect, type RingNode } from '../../../src/ring/index.ts';

const node = (host: string, more: Partial<RingNode> = {}): RingNode => ({ host, port: 11211, ...more });
const NODES = [node('a.example'), node('b.example'), node('c.example')];
const KEYS = Array.from({ length: 500 }, (_, i) => `key:${i}`);
const placement = (nodes: readonly RingNode[], dialect: RingDialect = 'libketama') => {
  const ring = buildRing(nodes, { dialect });
  return KEYS.map((key) => nodeName(ring.owner(key))).join();
};

function messageOf(build: () => unknown): string {
  try {
    build();
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError);
    return (error as TypeError).message;
  }
  return 'nothing thrown';
}

describe('a ring', () => {
  it('answers with the very objects it was given', () => {
    const nodes = NODES.map((given, i) => ({ ...given, zone: `use1-az${i}` }));
    const ring = buildRing(nodes);
    expect(nodes).toContain(ring.owner('k'));
    expect(ring.owner('k').zone).toMatch(/^use1/);
    expect(ring.successors('k', 3).every((found) => nodes.includes(found))).toBe(true);
    expect(ring.nodes).toEqual(nodes);
    expect(ring.dialect).toBe('libketama');
  });

  it('does not change with the array it was built from', () => {
    const nodes = [...NODES];
    const ring = buildRing(nodes);
    nodes.length = 0;
    expect(ring.nodes).toHaveLength(3);
    expect(ring.owner('k')).toBeDefined();
  });

  it('gives every key to a lone node', () => {
    const lone = node('a.example');
    for (const dialect of DIALECTS) {
      const ring = buildRing([{ ...lone, ip: '10.0.0.1' }], { dialect });
      expect(ring.successors('k', 3)).toEqual([ring.owner('k')]);
      expect(ring.arcs()).toEqual([1]);
    }
  });

  it('takes a key of any length, and a lone surrogate as U+FFFD', () => {
    const ring = buildRing(NODES);
    for (const key of ['', 'x'.repeat(251), '€'.repeat(5000)]) expect(NODES).toContain(ring.owner(key));
    for (let i = 0; i < 50; i++) expect(ring.owner(`${i}\ud83d`)).toBe(ring.owner(`${i}\ufffd`));
  });

  it('puts a node too light for a place on the ring behind all others', () => {
    const ring = buildRing([
      node('light', { weight: 1 }),
      node('a', { weight: 1000 }),
      node('b', { weight: 1000 }),
    ]);
    expect(ring.arcs()[0]).toBe(0);
    for (const key of KEYS) expect(ring.successors(key, 3)[2]!.host).toBe('light');
  });

  it('reads hosts to the letter', () => {
    expect(placement([node('H1.example'), node('b')])).not.toBe(placement([node('h1.example'), node('b')]));
  });
});

describe('weights', () => {
  it('count 0 as 1 where libmemcached does', () => {
    const nodes = [node('a', { weight: 2 }), node('b', { weight: 0 })];
    expect(placement(nodes)).toBe(placement([nodes[0]!, node('b', { weight: 1 })]));
    expect(placement(nodes)).toBe(placement([nodes[0]!, node('b')]));
  });

  it.each(['twemproxy', 'dalli'] as const)('refuse 0 in the dialect %s, whose client does', (dialect) => {
    expect(messageOf(() => buildRing([node('a', { weight: 0 })], { dialect }))).toContain(
      'nodes[0].weight must be a whole number from 1 to 2147483647, got 0',
    );
  });

  it.each(['spymemcached', 'aws-java'] as const)('do not matter to %s', (dialect) => {
    const nodes = [node('10.0.0.1'), node('10.0.0.2', { weight: 1 })];
    expect(placement([{ ...nodes[0]!, weight: 9 }, nodes[1]!], dialect)).toBe(placement(nodes, dialect));
  });

  it('change the points but not the key hash of libmemcached-consistent once one is above 1', () => {
    const equal = buildRing(NODES, { dialect: 'libmemcached-consistent' });
    const all100 = buildRing(
      NODES.map((given) => ({ ...given, weight: 100 })),
      { dialect: 'libmemcached-consistent' },
    );
    expect(all100.arcs()).toEqual(buildRing(NODES).arcs());
    expect(all100.fingerprint).not.toBe(buildRing(NODES).fingerprint);
    expect(equal.arcs()).not.toEqual(all100.arcs());
  });
});

describe('an address', () => {
  const named = [node('a', { ip: '10.0.0.1' }), node('b', { ip: '10.0.0.2' })];
  const bare = [node('10.0.0.1'), node('10.0.0.2')];
  const shares = (nodes: readonly RingNode[], dialect: RingDialect) => buildRing(nodes, { dialect }).arcs();

  it('alone is hashed by aws-java', () => {
    expect(shares(named, 'aws-java')).toEqual(shares(bare, 'aws-java'));
  });

  it('is hashed with the name by spymemcached, unless the host is an address', () => {
    expect(shares(named, 'spymemcached')).not.toEqual(shares(bare, 'spymemcached'));
    const both = bare.map((given) => ({ ...given, ip: given.host }));
    expect(shares(both, 'spymemcached')).toEqual(shares(bare, 'spymemcached'));
  });

  it('is ignored by the others', () => {
    const unnamed = named.map(({ host, port }) => ({ host, port }));
    for (const dialect of [
      'libketama',
      'libmemcached-consistent',
      'twemproxy',
      'node-memcached',
      'dalli',
    ] as const) {
      expect(placement(named, dialect)).toBe(placement(unnamed, dialect));
    }
  });

  it('is asked for, with a way to mend it, where it is missing', () => {
    for (const ip of [{}, { ip: '' }]) {
      expect(messageOf(() => buildRing([node('a.example', ip)], { dialect: 'aws-java' }))).toBe(
        'invalid ring: nodes[0].ip is missing: this dialect hashes the address that a.example resolves to',
      );
    }
  });
});

describe('bad input', () => {
  it('is listed in full, in one TypeError', () => {
    const nodes = [
      node('', { port: 0, weight: 1.5 }),
      node('a', { port: 70000, weight: -1 }),
      node('b', { weight: Number.NaN, ip: 'b.example' }),
      node('c'),
      node('c'),
      null as unknown as RingNode,
    ];
    const message = messageOf(() => buildRing(nodes, { dialekt: 'x' } as object));
    expect(message.split('; ')).toEqual([
      'invalid ring: dialekt is not an option',
      'nodes[0].host must be a name or an IP address, got ""',
      'nodes[0].port must be a whole number from 1 to 65535, got 0',
      'nodes[0].weight must be a whole number from 0 to 2147483647, got 1.5',
      'nodes[1].port must be a whole number from 1 to 65535, got 70000',
      'nodes[1].weight must be a whole number from 0 to 2147483647, got -1',
      'nodes[2].weight must be a whole number from 0 to 2147483647, got NaN',
      'nodes[2].ip must be an IP address, got "b.example"',
      'nodes[5] must be { host, port }, got null',
      'nodes[4] is c:11211 again, like nodes[3]',
    ]);
  });

  it.each([
    ['no nodes', [], {}, 'nodes must not be empty'],
    ['nodes that are no array', 'a:11211', {}, 'nodes must be an array, got "a:11211"'],
    [
      'a port as text',
      [{ host: 'a', port: '11211' }],
      {},
      'nodes[0].port must be a whole number from 1 to 65535, got "11211"',
    ],
    [
      'a host with a space',
      [{ host: 'a b', port: 1 }],
      {},
      'nodes[0].host must be a name or an IP address, got "a b"',
    ],
    [
      'an unknown dialect',
      NODES,
      { dialect: 'ketama' },
      `dialect must be one of ${DIALECTS.join(', ')}, got "ketama"`,
    ],
    ['a name that every object has', NODES, { dialect: 'toString' }, 'dialect must be one of'],
    [
      'weights that overflow where C adds them up',
      NODES.map((given) => ({ ...given, weight: 2 ** 31 - 1 })),
      {},
      'the weights must add up to 4294967295 at most',
    ],
  ])('is refused: %s', (_, nodes, options, problem) => {
    const message = messageOf(() => buildRing(nodes as RingNode[], options as object));
    expect(message).toContain(`invalid ring: ${problem}`);
  });

  it('is not an absent option', () => {
    expect(buildRing(NODES, { dialect: undefined } as object).dialect).toBe('libketama');
  });
});
