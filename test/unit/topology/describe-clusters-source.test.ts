import { ElastiCacheClient } from '@aws-sdk/client-elasticache';
import { afterEach, describe, expect, it } from 'vitest';
import { DiscoveryError } from '../../../src/base/errors.ts';
import { describeClustersSource } from '../../../src/topology/index.ts';
import {
  type FakeElastiCache,
  type FakeElastiCacheOptions,
  startFakeElastiCache,
} from '../../support/fake-elasticache.ts';

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
});
