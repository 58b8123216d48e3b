import { describe, expect, it } from 'vitest';
import { createCache } from '../../../src/create-cache.ts';
import { startCluster } from '../../../src/testing/index.ts';
import { smearcache } from '../../support/cli.ts';
import { memcachedAvailable, startMemcachedCluster } from '../../support/memcached.ts';
import { RawClient } from '../../support/raw-client.ts';
import { startLoad } from '../../support/start-load.ts';

const keysOf = (json: { keys: { key: string; share: number }[] }) =>
  json.keys.map(({ key, share }) => [key, share]);

describe.skipIf(!memcachedAvailable)('smearcache hot (needs memcached)', () => {
  it('adds, removes and clears, on every node', async () => {
    await using cluster = await startMemcachedCluster(3);
    const hot = (...words: string[]) =>
      smearcache(['hot', ...words, '--nodes', cluster.names.join(','), '--schema', 'v1', '--json']);
    expect((await hot()).json).toMatchObject({ version: 0, keys: [] });
    const added = await hot('add', 'home', 'banner', '--share', '20 %');
    expect(added.code).toBe(0);
    expect(keysOf(added.json)).toEqual([
      ['v1:banner', 0.2],
      ['v1:home', 0.2],
    ]);
    expect(added.json.keys[0].nodes).toHaveLength(2 + 1);
    expect(added.json.behind).toEqual([]);
    // Each node has it by itself.
    for (const name of cluster.names) {
      const words = ['hot', '--nodes', name, '--json'];
      expect((await smearcache(words)).json.keys).toHaveLength(2);
    }
    expect(keysOf((await hot('remove', 'v1:home', '--stored')).json)).toEqual([
      ['v1:banner', 0.2],
      ['v1:home', 0],
    ]);
    const { stdout } = await smearcache(['hot', '--nodes', cluster.names.join(',')]);
    expect(stdout).toMatch(/^1 hot key, list version 2$/m);
    expect(stdout).toMatch(/^v1:banner +20\.0 % +3 +127\.0\.0\.1:\d+ +60 min$/m);
    expect(stdout).toMatch(/^v1:home +off +127\.0\.0\.1:\d+ +60 min$/m);
    expect(keysOf((await hot('clear')).json)).toEqual([
      ['v1:banner', 0],
      ['v1:home', 0],
    ]);
  });

  it('is what clients smear by', async () => {
    await using cluster = await startMemcachedCluster(4);
    const cache = createCache({ discovery: { nodes: cluster.names } });
    try {
      await smearcache(['hot', 'add', 'popular', '--share', '50', '--nodes', cluster.names.join(',')]);
      await cache.set('popular', 'value', { ttlSeconds: 60 });
      const reader = createCache({ discovery: { nodes: cluster.names } });
      for (let i = 0; i < 400; i++) await reader.get('popular');
      await reader.close();
      const served = await Promise.all(
        cluster.nodes.map(async (node) => {
          const client = await RawClient.connect(node);
          const stats = await client.ask('stats\r\n', 'END\r\n');
          client.close();
          return Number(/STAT get_hits (\d+)/.exec(stats)![1]);
        }),
      );
      expect(served.filter((hits) => hits > 20)).toHaveLength(4);
    } finally {
      await cache.close();
    }
  });

  it('is filled by what top found to be hot', { timeout: 30_000 }, async () => {
    await using cluster = await startMemcachedCluster(3);
    const weights = {
      hot: 100,
      warm: 10,
      ...Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`cold:${i}`, 0.2])),
    };
    await using _load = await startLoad({ nodes: cluster.names, weights, smeared: [], valueBytes: 100 });
    const nodes = cluster.names.join(',');
    const { json } = await smearcache(['top', '--nodes', nodes, '--for', '3s', '--import', '--json']);
    expect(json.imported.slice(0, 2)).toEqual(['hot', 'warm']);
    expect(json.imported).toHaveLength(2);
    const { json: list } = await smearcache(['hot', '--nodes', nodes, '--json']);
    expect(list.keys.map(({ key }: { key: string }) => key)).toEqual(['hot', 'warm']);
    expect(list.keys[0].share).toBeCloseTo(0.476, 1);
  });
});

describe('smearcache hot where things are wrong', () => {
  it('tells nodes that do not answer from an empty list', async () => {
    const silent = await smearcache(['hot', '--nodes', '127.0.0.1:1']);
    expect(silent).toMatchObject({ code: 1, stdout: '' });
    expect(silent.stderr).toMatch(/^smearcache: no node answers: .*ECONNREFUSED/);
    const cluster = await startCluster({ nodes: 1 });
    try {
      const half = ['hot', '--nodes', `${cluster.names[0]},127.0.0.1:1`];
      const { code, stdout } = await smearcache(half);
      expect(code).toBe(0);
      expect(stdout).toMatch(/^0 hot keys, list version 0\nno answer: .*127\.0\.0\.1:1 failed/);
      const { json } = await smearcache([...half, '--json']);
      expect(json.unreachable).toMatchObject([{ node: '127.0.0.1:1' }]);
    } finally {
      await cluster.close();
    }
  });

  it('says which keys a full list has no room for', async () => {
    const cluster = await startCluster({ nodes: 2 });
    const hot = (...words: string[]) => smearcache(['hot', ...words, '--nodes', cluster.names.join(',')]);
    const keys = Array.from({ length: 64 }, (_, i) => `key:${i}`);
    try {
      expect(await hot('add', 'one too many', ...keys)).toMatchObject({ code: 2, stdout: '' });
      expect((await hot('add', 'mine', '--share', '5')).code).toBe(0);
      const pushed = await hot('add', ...keys, '--share', '6');
      expect(pushed.code).toBe(1);
      expect(pushed.stdout).toMatch(/^64 hot keys/);
      expect(pushed.stderr).toMatch(/^smearcache: the list holds 64 keys, .*: 1 key found no room, mine$/m);
      const off = await hot('remove', 'never listed');
      expect(off.code).toBe(1);
      expect(off.stderr).toMatch(/1 key found no room, sc~h~/);
      expect((await hot('remove', 'key:7')).code).toBe(0);
    } finally {
      await cluster.close();
    }
  });

  it('stands in for top where nodes cannot be watched', async () => {
    const cluster = await startCluster({ nodes: 2 });
    try {
      const nodes = ['--nodes', cluster.names.join(',')];
      await smearcache(['hot', 'add', 'popular', '--share', '10', ...nodes]);
      const { code, stdout, stderr } = await smearcache(['top', '--for', '1s', ...nodes]);
      expect(code).toBe(0);
      expect(stderr).toMatch(/refuses `watch` .*what follows is the fleet's hot list/);
      expect(stdout).toMatch(/^popular +10\.0 % +2 /m);
    } finally {
      await cluster.close();
    }
  });

  it('says that a list cannot be changed', async () => {
    const { code, stderr } = await smearcache([
      'hot',
      'add',
      'k',
      '--nodes',
      '127.0.0.1:1',
      '--timeout',
      '200',
    ]);
    expect(stderr).toMatch(/^smearcache: the list could not be changed: its node does not answer/);
    expect(code).toBe(1);
  });

  it.each([
    [['add'], /missing required argument 'keys'/],
    [['add', 'k', '--share', '120'], /percentage/],
    [['add', 'a b', '--stored'], /no key is stored as "a b"/],
    [['remove', 'k', '--hold', 'long'], /time, like 10s/],
  ])('%j is misuse', async (words, message) => {
    const { code, stderr } = await smearcache(['hot', ...words, '--nodes', '127.0.0.1:1']);
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
  });
});
