import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { tcpDial } from '../../src/memcached/dial.ts';
import { nodeName, type RingNode } from '../../src/ring/index.ts';
import { startCluster } from '../../src/testing/index.ts';
import {
  configEndpointSource,
  describeClustersSource,
  type Topology,
  type TopologySource,
  TopologyWatcher,
  withNodeLists,
} from '../../src/topology/index.ts';
import { startFakeElastiCache } from '../support/fake-elasticache.ts';
import { TestClock } from '../support/test-clock.ts';

const opened: { close(): Promise<void> }[] = [];
const keep = <T extends { close(): Promise<void> }>(thing: T): T => {
  opened.push(thing);
  return thing;
};
afterEach(async () => {
  for (const thing of opened.splice(0)) await thing.close();
});

const listAt = ({ host, port }: RingNode): TopologySource =>
  configEndpointSource(`${host}:${port}`, tcpDial(host, port), 500, systemClock);
const first = (): number => 0;

/** Looks at a source, by a time of day that the test moves. */
function watching(source: TopologySource) {
  const time = new TestClock();
  const clock = { monotonic: systemClock.monotonic, wall: () => time.wall() };
  const watcher = new TopologyWatcher(source, clock, () => 0.5);
  let known: Topology | undefined;
  return {
    time,
    get names() {
      return known?.nodes.map(nodeName);
    },
    look: async (): Promise<string> => {
      const refreshed = await watcher.refresh(known);
      if (refreshed.kind === 'changed') known = refreshed.topology;
      return refreshed.kind;
    },
  };
}

describe('a cluster whose configuration endpoint dies', () => {
  it('is followed by what its nodes tell', async () => {
    const cluster = keep(await startCluster({ nodes: 3 }));
    const list = watching(withNodeLists(listAt(cluster.configNode), listAt, first));
    expect(await list.look()).toBe('changed');
    await cluster.configNode.close();
    expect(await list.look()).toBe('same');
    await cluster.addNode();
    expect(await list.look()).toBe('changed');
    expect(list.names).toEqual(cluster.names);
    // The first of the list is gone, too: the second tells.
    await cluster.removeNode(cluster.nodes[0]!);
    expect(await list.look()).toBe('changed');
    expect(list.names).toEqual(cluster.names);
  });
});

describe('a cluster made anew under its old name', () => {
  it('is found by its lower version, once its endpoint has said so for a minute', async () => {
    const cluster = keep(await startCluster({ nodes: 2 }));
    const list = watching(withNodeLists(listAt(cluster.configNode), listAt, first));
    cluster.serveConfig({ kind: 'list', version: 40, nodes: cluster.nodes });
    await list.look();
    const fresh = [{ host: '127.0.0.1', port: 1 }];
    cluster.serveConfig({ kind: 'list', version: 1, nodes: fresh });
    const looks: string[] = [];
    for (let i = 0; i < 3; i++) {
      list.time.advance(30_000);
      looks.push(await list.look());
    }
    expect(looks).toEqual(['same', 'same', 'changed']);
    expect(list.names).toEqual(['127.0.0.1:1']);
  });
});

describe('a cluster found by the API', () => {
  const apiOf = async (nodes: readonly RingNode[], throttled = 0) =>
    keep(await startFakeElastiCache({ clusters: { shop: { nodes } }, throttled }));

  it('is followed by its nodes: the API is called once, until they are gone', async () => {
    const cluster = keep(await startCluster({ nodes: 2 }));
    const api = await apiOf(cluster.nodes);
    const source = describeClustersSource({ clusterId: 'shop', awsClientOptions: api.clientOptions });
    const list = watching(withNodeLists(source, listAt, first, true));
    expect(await list.look()).toBe('changed');
    expect(await list.look()).toBe('changed'); // The same nodes, now with a version that counts.
    for (let i = 0; i < 3; i++) expect(await list.look()).toBe('same');
    await cluster.addNode();
    expect(await list.look()).toBe('changed');
    expect(list.names).toEqual(cluster.names);
    expect(api.calls).toHaveLength(1);
    await cluster.close();
    // The API still lists two nodes.
    expect(await list.look()).toBe('changed');
    expect(list.names).toHaveLength(2);
    expect(api.calls).toHaveLength(2);
  });

  it('is found by a throttled fleet at last, which calls less often each time', async () => {
    let second = 0;
    const allowedASecond = 5;
    const calls: number[] = [];
    const source: TopologySource = {
      name: 'the API',
      changes: true,
      rationed: true,
      read: async () => {
        calls[second] = (calls[second] ?? 0) + 1;
        if (calls[second]! > allowedASecond) throw new Error('Rate exceeded');
        return { version: 'a:1', nodes: [{ host: 'a', port: 1 }] };
      },
    };
    const time = new TestClock();
    let seed = 1;
    const random = (): number => {
      seed = (seed * 48_271) % 0x7fffffff;
      return seed / 0x7fffffff;
    };
    let waiting = Array.from({ length: 1_000 }, () => new TopologyWatcher(source, time, random));
    for (; waiting.length > 0 && second < 3_600; second++) {
      const left: TopologyWatcher[] = [];
      for (const watcher of waiting) {
        if (!watcher.isDue() || (await watcher.refresh(undefined)).kind === 'failed') left.push(watcher);
      }
      waiting = left;
      time.advance(1_000);
    }
    expect(waiting).toEqual([]);
    const inMinute = (minute: number): number =>
      calls.slice(minute * 60, minute * 60 + 60).reduce((sum, count) => sum + (count ?? 0), 0);
    // One that came again each second would call 40,000 times in that minute.
    expect(inMinute(1)).toBeLessThan(2_000);
    expect(second).toBeLessThan(400);
  });
});
