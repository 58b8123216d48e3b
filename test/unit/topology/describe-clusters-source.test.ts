import { ElastiCacheClient } from '@aws-sdk/client-elasticache';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { DiscoveryError } from '../../../src/base/errors.ts';
import { describeClustersSource, TopologyWatcher } from '../../../src/topology/index.ts';
import {
  type FakeElastiCache,
  type FakeElastiCacheOptions,
  startFakeElastiCache,
} from '../../support/fake-elasticache.ts';
import { TestClock } from '../../support/test-clock.ts';

describe('DescribeCacheClusters', () => {
  let api: FakeElastiCache | undefined;

  async function sourceOver(options: FakeElastiCacheOptions) {
    api = await startFakeElastiCache(options);
    return describeClustersSource({ clusterId: 'shop', awsClientOptions: api.clientOptions });
  }

  afterEach(async () => {
    await api?.close();
    api = undefined;
  });

  const TWO = [
    { host: 'shop.0001.cache', port: 11_211 },
    { host: 'shop.0002.cache', port: 11_212 },
  ];

  it('lists the nodes of the cluster, with the real SDK', async () => {
    const source = await sourceOver({ clusters: { shop: { nodes: TWO } } });
    expect(await source.read()).toMatchObject({ nodes: TWO });
    expect(api!.calls[0]).toMatchObject({
      Action: 'DescribeCacheClusters',
      CacheClusterId: 'shop',
      ShowCacheNodeInfo: 'true',
    });
  });

  it('leaves out nodes that are being made or deleted, which have no endpoint', async () => {
    const source = await sourceOver({
      clusters: { shop: { nodes: [TWO[0]!, { status: 'creating' }, { status: 'deleting' }] } },
    });
    expect((await source.read()).nodes).toEqual([TWO[0]]);
  });

  it('has one version for one list, another for another', async () => {
    const clusters = { shop: { nodes: TWO } };
    const source = await sourceOver({ clusters });
    const [first, second] = [await source.read(), await source.read()];
    expect(second.version).toBe(first.version);
    clusters.shop = { nodes: TWO.slice(0, 1) };
    expect((await source.read()).version).not.toBe(first.version);
  });

  it('is a discovery error where no node has an endpoint yet', async () => {
    const source = await sourceOver({ clusters: { shop: { status: 'creating', nodes: [{}] } } });
    await expect(source.read()).rejects.toThrow(/no node of the cluster has an endpoint yet/);
  });

  it('is a discovery error that names the cluster where there is none', async () => {
    const source = await sourceOver({ clusters: {} });
    await expect(source.read()).rejects.toThrow(DiscoveryError);
    await expect(source.read()).rejects.toThrow(/DescribeCacheClusters for shop: .*not found: shop/);
  });

  it('is tried again by the SDK where it is throttled', async () => {
    const source = await sourceOver({ clusters: { shop: { nodes: TWO } }, throttled: 1 });
    expect((await source.read()).nodes).toEqual(TWO);
    expect(api!.calls).toHaveLength(2);
  });

  it('is a discovery error where it stays throttled', async () => {
    api = await startFakeElastiCache({ clusters: { shop: { nodes: TWO } }, throttled: 100 });
    const source = describeClustersSource({
      clusterId: 'shop',
      awsClientOptions: { ...api.clientOptions, maxAttempts: 1 },
    });
    await expect(source.read()).rejects.toThrow(/Rate exceeded/);
  });

  it('is asked through the class that the caller gives, made once', async () => {
    let made = 0;
    class CountedClient extends ElastiCacheClient {
      constructor(...options: ConstructorParameters<typeof ElastiCacheClient>) {
        super(...options);
        made += 1;
      }
    }
    api = await startFakeElastiCache({ clusters: { shop: { nodes: TWO } } });
    const source = describeClustersSource({
      clusterId: 'shop',
      AwsClient: CountedClient,
      awsClientOptions: api.clientOptions,
    });
    await source.read();
    await source.read();
    expect(made).toBe(1);
  });

  it('can change while the process lives', async () => {
    expect((await sourceOver({ clusters: {} })).changes).toBe(true);
  });

  it('follows markers to the last page, with the real SDK', async () => {
    const nodes = Array.from({ length: 7 }, (_, i) => ({ host: `n${i}.cache`, port: 11_211 }));
    const source = await sourceOver({ clusters: { shop: { nodes } }, pageSize: 3 });
    expect((await source.read()).nodes).toEqual(nodes);
    expect(api!.calls.map(({ Marker }) => Marker)).toEqual([undefined, '3', '6']);
  });

  it('leaves out nodes that are not there yet or no more, though they have an endpoint', async () => {
    const states = ['creating', 'deleting', 'deleted', 'modifying', 'rebooting cluster nodes', 'available'];
    const nodes = states.map((status, i) => ({ host: `n${i}.cache`, port: 11_211, status }));
    const source = await sourceOver({ clusters: { shop: { nodes, status: 'modifying' } } });
    expect((await source.read()).nodes.map(({ host }) => host)).toEqual(['n3.cache', 'n4.cache', 'n5.cache']);
  });

  it('is called twice at the most where it stays throttled', async () => {
    const source = await sourceOver({ clusters: { shop: { nodes: TWO } }, throttled: 100 });
    await expect(source.read()).rejects.toThrow(/Rate exceeded/);
    expect(api!.calls).toHaveLength(2);
  });

  it.each([
    ['no XML', 'hello'],
    ['HTML', '<html><body>502</body></html>'],
    ['nothing', ''],
    ['half an answer', '<DescribeCacheClustersResponse><DescribeCacheClustersResult><CacheClusters>'],
    ['another answer', '<A><B>1</B></A>'],
  ])('is a discovery error where it answers %s', async (_what, body) => {
    const source = await sourceOver({ clusters: { shop: { nodes: TWO } }, body });
    await expect(source.read()).rejects.toThrow(DiscoveryError);
  });

  it('is given up after a second, and can be asked anew', async () => {
    const options = { clusters: { shop: { nodes: TWO } }, silent: true };
    const source = await sourceOver(options);
    const time = new TestClock();
    const watcher = new TopologyWatcher(source, { ...systemClock, wall: () => time.wall() }, () => 0.5);
    const start = performance.now();
    expect(await watcher.refresh(undefined)).toMatchObject({
      kind: 'failed',
      error: { message: expect.stringContaining('it did not answer within 1000 ms') },
    });
    expect(performance.now() - start).toBeLessThan(1_900);
    options.silent = false;
    expect(await watcher.refresh(undefined)).toMatchObject({ kind: 'changed', topology: { nodes: TWO } });
  });

  it('is one question where many clients of a process ask at once', async () => {
    api = await startFakeElastiCache({ clusters: { shop: { nodes: TWO }, till: { nodes: TWO } } });
    const awsClientOptions = api.clientOptions;
    const of = (clusterId: string) => describeClustersSource({ clusterId, awsClientOptions });
    const sources = [...Array.from({ length: 20 }, () => of('shop')), of('till')];
    const answers = await Promise.all(sources.map((source) => source.read()));
    expect(answers.every(({ nodes }) => nodes.length === 2)).toBe(true);
    expect(api.calls.map(({ CacheClusterId }) => CacheClusterId).sort()).toEqual(['shop', 'till']);
    await sources[0]!.read();
    expect(api.calls).toHaveLength(3);
  });

  it('makes an asker wait for no question that was given up', async () => {
    const abort = new AbortController();
    const sent = Promise.withResolvers<void>();
    const answers = [
      (): Promise<unknown> => {
        sent.resolve();
        return new Promise(() => {});
      },
      async () => ({ CacheClusters: [{ CacheNodes: [{ Endpoint: { Address: 'a', Port: 1 } }] }] }),
    ];
    class DeafClient {
      send(): Promise<unknown> {
        return answers.shift()!();
      }
    }
    const source = () => describeClustersSource({ clusterId: 'shop', AwsClient: DeafClient });
    void source().read(abort.signal);
    await sent.promise;
    abort.abort();
    expect((await source().read()).nodes).toEqual([{ host: 'a', port: 1 }]);
  });
});
