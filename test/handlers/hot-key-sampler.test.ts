import { afterEach, describe, expect, it, vi } from 'vitest';
import { handler } from '../../handlers/hot-key-sampler.ts';
import { startNode } from '../../src/testing/index.ts';
import { smearcache } from '../support/cli.ts';
import { memcachedAvailable, startMemcachedCluster } from '../support/memcached.ts';
import { startLoad } from '../support/start-load.ts';

const context = { getRemainingTimeInMillis: () => 30_000, functionName: 'sampler' } as never;

afterEach(() => vi.unstubAllEnvs());

describe('the scheduled sampler of hot keys', () => {
  it.skipIf(!memcachedAvailable)('puts what is hot on the fleet’s list', { timeout: 30_000 }, async () => {
    await using cluster = await startMemcachedCluster(3);
    const weights = {
      hot: 50,
      ...Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`tail:${i}`, 0.2])),
    };
    await using _load = await startLoad({ nodes: cluster.names, weights, smeared: [], valueBytes: 100 });
    vi.stubEnv('SMEARCACHE_NODES', cluster.names.join(','));
    const { imported, notWatched } = await handler({}, context);
    expect(imported).toEqual(['hot']);
    expect(notWatched).toEqual([]);
    const { stdout } = await smearcache(['hot', '--nodes', cluster.names.join(','), '--json']);
    expect(JSON.parse(stdout).keys).toMatchObject([{ key: 'hot' }]);
  });

  it('fails where no node can be watched, and says why', { timeout: 30_000 }, async () => {
    const node = await startNode();
    await node.close();
    vi.stubEnv('SMEARCACHE_NODES', `127.0.0.1:${node.port}`);
    await expect(handler({}, context)).rejects.toThrow(/no node could be watched: .*is not reached/s);
  });
});
