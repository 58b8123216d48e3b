import { describe, expect, it } from 'vitest';
import { ClosedError, DiscoveryError, NodeDownError, NodeTimeoutError } from '../../../src/base/errors.ts';
import { NEVER } from '../../../src/base/units.ts';
import type { RingNode } from '../../../src/ring/index.ts';
import type { Topology, TopologySource } from '../../../src/topology/index.ts';
import { FakeCache, namedNodes } from '../../support/fake-cache.ts';

/** A source that the test changes, breaks and holds up. */
class LiveSource implements TopologySource {
  readonly name = 'the live source';
  readonly changes = true;
  version = 1;
  nodes: readonly RingNode[];
  fault: Error | undefined;
  hold: Promise<void> | undefined;
  reads = 0;

  constructor(nodes: readonly RingNode[]) {
    this.nodes = nodes;
  }

  change(nodes: readonly RingNode[], version = this.version + 1): void {
    this.nodes = nodes;
    this.version = version;
  }

  async read(): Promise<Topology> {
    this.reads += 1;
    await this.hold;
    if (this.fault !== undefined) throw this.fault;
    return { version: String(this.version), nodes: this.nodes };
  }
}

const MINUTE = 66_001;
const TTL = { ttlSeconds: 60 };

describe('the cluster', () => {
  it('opens a transport to each node, and shows its topology, once the list is known', async () => {
    const fake = new FakeCache({ nodes: namedNodes('a', 'b') });
    expect(fake.cluster.topology).toBeUndefined();
    expect(fake.cluster.router()).toBeUndefined();
    await fake.ready();
    expect(fake.nodes.opened.map(({ name }) => name)).toEqual(['a:11211', 'b:11211']);
    expect(fake.cache.topology?.nodes).toEqual(namedNodes('a', 'b'));
    expect(fake.events).toEqual([
      { kind: 'topology-changed', version: 'static', nodes: ['a:11211', 'b:11211'] },
    ]);
  });

  it('reads one list for all first calls that come together', async () => {
    const source = new LiveSource(namedNodes('a', 'b'));
    const fake = new FakeCache({ source });
    const reads = await Promise.all(['x', 'y', 'z'].map((key) => fake.cache.read(key)));
    expect(reads.map(({ kind }) => kind)).toEqual(['miss', 'miss', 'miss']);
    expect(source.reads).toBe(1);
    expect(fake.nodes.opened).toHaveLength(2);
  });

  it('serves calls that come after the list is read and before the transport is loaded', async () => {
    const fake = new FakeCache();
    const kinds: string[] = [];
    const calls: Promise<unknown>[] = [];
    for (let turn = 0; turn < 12; turn++) {
      calls.push(fake.cache.read(`k${turn}`).then(({ kind }) => kinds.push(kind)));
      await Promise.resolve();
    }
    await Promise.all(calls);
    expect(new Set(kinds)).toEqual(new Set(['miss']));
  });

  it('swaps a changed list in beside the callers, keeps what stays and closes what left', async () => {
    const source = new LiveSource(namedNodes('a', 'b', 'c'));
    const fake = await new FakeCache({ source }).ready();
    const [a, b, c] = fake.nodes.opened;
    source.change(namedNodes('b', 'd', 'c'));
    fake.clock.advance(MINUTE);
    expect(fake.cluster.router()?.ring.nodes.map(({ host }) => host)).toEqual(['a', 'b', 'c']);
    await fake.cluster.settle(NEVER);
    expect(fake.cluster.router()?.ring.nodes.map(({ host }) => host)).toEqual(['b', 'd', 'c']);
    expect([a, b, c].map((node) => node?.closed)).toEqual([true, false, false]);
    expect(fake.nodes.opened).toHaveLength(4);
    expect(fake.nodes.at('b:11211')).toBe(b);
    expect(fake.events.at(-1)).toMatchObject({ kind: 'topology-changed', version: '2' });
  });

  it('keeps a node’s health over a change of the list', async () => {
    const source = new LiveSource(namedNodes('a', 'b'));
    const fake = await new FakeCache({ source }).ready();
    const b = fake.nodes.at('b:11211');
    const key = Array.from({ length: 50 }, (_, i) => `k${i}`).find(
      (candidate) => fake.successors(candidate, 1)[0] === 'b:11211',
    )!;
    source.change(namedNodes('a', 'b'), 2);
    fake.clock.advance(MINUTE);
    fake.cluster.router();
    await fake.cluster.settle(NEVER);
    b.listener.failed(b.error);
    expect(await fake.cache.read(key)).toMatchObject({
      kind: 'unavailable',
      error: expect.any(NodeDownError),
    });
  });

  it('reads the list at most once a minute, on use', async () => {
    const source = new LiveSource(namedNodes('a'));
    const fake = await new FakeCache({ source }).ready();
    for (let i = 0; i < 100; i++) await fake.cache.get('k');
    expect(source.reads).toBe(1);
    fake.clock.advance(MINUTE);
    for (let i = 0; i < 100; i++) await fake.cache.get('k');
    await fake.cluster.settle(NEVER);
    expect(source.reads).toBe(2);
  });

  it('keeps the last good list when a look fails, and tells so', async () => {
    const source = new LiveSource(namedNodes('a', 'b'));
    const fake = await new FakeCache({ source }).ready();
    await fake.cache.set('k', 'v', TTL);
    source.fault = new Error('gone');
    fake.clock.advance(MINUTE);
    expect(await fake.cache.get('k')).toBe('v');
    await fake.cluster.settle(NEVER);
    expect(await fake.cache.get('k')).toBe('v');
    expect(fake.events.at(-1)).toMatchObject({
      kind: 'discovery-failed',
      error: expect.any(DiscoveryError),
      keptNodes: 2,
    });
  });

  it('installs no older list', async () => {
    const source = new LiveSource(namedNodes('a', 'b'));
    source.version = 9;
    const fake = await new FakeCache({ source }).ready();
    source.change(namedNodes('a'), 8);
    fake.clock.advance(MINUTE);
    fake.cluster.router();
    await fake.cluster.settle(NEVER);
    expect(fake.cache.topology).toEqual({ version: '9', nodes: namedNodes('a', 'b') });
  });

  it('installs nothing from a first look that fails, is unavailable meanwhile, and tries again', async () => {
    const source = new LiveSource(namedNodes('a'));
    source.fault = new Error('gone');
    const fake = new FakeCache({ source });
    expect(await fake.cache.read('k')).toMatchObject({
      kind: 'unavailable',
      error: { message: 'no node list from the live source: gone' },
    });
    expect(fake.cache.topology).toBeUndefined();
    source.fault = undefined;
    // Within a second the source is left alone.
    expect(await fake.cache.read('k')).toMatchObject({ kind: 'unavailable' });
    expect(source.reads).toBe(1);
    fake.clock.advance(1_000);
    expect(await fake.cache.read('k')).toMatchObject({ kind: 'miss' });
  });

  it('tells of one failed look once, however many calls waited for it', async () => {
    const source = new LiveSource(namedNodes('a'));
    source.fault = new Error('gone');
    const fake = new FakeCache({ source });
    await Promise.all(Array.from({ length: 20 }, (_, i) => fake.cache.get(`k${i}`)));
    expect(fake.events.filter(({ kind }) => kind === 'discovery-failed')).toHaveLength(1);
  });

  it('waits for the first list no longer than the call may take', async () => {
    const source = new LiveSource(namedNodes('a'));
    let release!: () => void;
    source.hold = new Promise((resolve) => {
      release = resolve;
    });
    const fake = new FakeCache({ source, endsAt: 1_020 });
    expect(await fake.cache.read('k')).toMatchObject({
      kind: 'unavailable',
      error: { message: expect.stringContaining('longer than this call may wait') },
    });
    release();
    await fake.cluster.settle(NEVER);
    expect(await fake.cache.read('k')).toMatchObject({ kind: 'miss' });
  });

  it('follows a node that was replaced: same name, another IP, another place in dialects that hash it', async () => {
    const source = new LiveSource([
      { host: 'a', port: 1, ip: '10.0.0.1' },
      { host: 'b', port: 1, ip: '10.0.0.2' },
    ]);
    const fake = await new FakeCache({ source, dialect: 'spymemcached' }).ready();
    const before = fake.cluster.router()!.ring.fingerprint;
    source.change([
      { host: 'a', port: 1, ip: '10.0.0.1' },
      { host: 'b', port: 1, ip: '10.0.0.99' },
    ]);
    fake.clock.advance(MINUTE);
    fake.cluster.router();
    await fake.cluster.settle(NEVER);
    expect(fake.cluster.router()!.ring.nodes.map(({ ip }) => ip)).toEqual(['10.0.0.1', '10.0.0.99']);
    expect(fake.cluster.router()!.ring.fingerprint).not.toBe(before);
    // New connections, for the old ones lead to the node that is gone.
    expect(fake.nodes.opened.map(({ name, closed }) => [name, closed])).toEqual([
      ['a:1', false],
      ['b:1', true],
      ['b:1', false],
    ]);
  });

  it('keeps the connections of nodes whose address an API’s list does not tell', async () => {
    const source = new LiveSource([{ host: 'a', port: 1 }]);
    const fake = await new FakeCache({ source }).ready();
    for (const nodes of [[{ host: 'a', port: 1, ip: '10.0.0.1' }], [{ host: 'a', port: 1 }]]) {
      source.change(nodes);
      fake.clock.advance(MINUTE);
      fake.cluster.router();
      await fake.cluster.settle(NEVER);
      expect(fake.cache.topology?.version).toBe(String(source.version));
    }
    expect(fake.nodes.opened).toHaveLength(1);
  });

  it('looks for a change as soon as a node failed, on the next use', async () => {
    const source = new LiveSource(namedNodes('a', 'b'));
    const fake = await new FakeCache({ source }).ready();
    const { listener, error } = fake.nodes.at('b:11211');
    fake.clock.advance(20_000);
    source.change(namedNodes('a', 'c'));
    fake.cluster.router();
    expect(source.reads).toBe(1);
    listener.failed(error);
    fake.cluster.router();
    await fake.cluster.settle(NEVER);
    expect(fake.cluster.router()!.ring.nodes.map(({ host }) => host)).toEqual(['a', 'c']);
    listener.failed(error);
    fake.cluster.router();
    expect(source.reads).toBe(2);
  });

  it('keeps quiet about a failure while nobody uses it', async () => {
    const source = new LiveSource(namedNodes('a', 'b'));
    const fake = await new FakeCache({ source }).ready();
    fake.clock.advance(20_000);
    const { listener, error } = fake.nodes.at('b:11211');
    listener.failed(error);
    await new Promise((resolve) => setImmediate(resolve));
    expect(source.reads).toBe(1);
  });

  describe('asked for a router over a fresh list', () => {
    const hosts = (router: unknown): string[] =>
      (router as NonNullable<ReturnType<FakeCache['cluster']['router']>>).ring.nodes.map(({ host }) => host);

    it('waits for the look that is due, and for no other', async () => {
      const source = new LiveSource(namedNodes('a'));
      const fake = await new FakeCache({ source }).ready();
      source.change(namedNodes('b'));
      expect(hosts(await fake.cluster.freshRouter(NEVER))).toEqual(['a']);
      expect(source.reads).toBe(1);
      fake.clock.advance(MINUTE);
      expect(hosts(await fake.cluster.freshRouter(NEVER))).toEqual(['b']);
    });

    it('joins the look that another call began', async () => {
      const source = new LiveSource(namedNodes('a'));
      const fake = await new FakeCache({ source }).ready();
      source.change(namedNodes('b'));
      fake.clock.advance(MINUTE);
      expect(hosts(fake.cluster.router())).toEqual(['a']);
      expect(hosts(await fake.cluster.freshRouter(NEVER))).toEqual(['b']);
      expect(source.reads).toBe(2);
    });

    it('goes on with the known list where the look takes longer than the call may', async () => {
      const source = new LiveSource(namedNodes('a'));
      const fake = await new FakeCache({ source }).ready();
      source.change(namedNodes('b'));
      fake.clock.advance(MINUTE);
      let release!: () => void;
      source.hold = new Promise((resolve) => {
        release = resolve;
      });
      expect(hosts(await fake.cluster.freshRouter(fake.clock.monotonic() + 10))).toEqual(['a']);
      const start = performance.now();
      expect(hosts(await fake.cluster.freshRouter(NEVER))).toEqual(['a']);
      // A connect may take 250 ms here.
      expect(performance.now() - start).toBeLessThan(900);
      release();
      await fake.cluster.settle(NEVER);
      expect(hosts(fake.cluster.router())).toEqual(['b']);
    });

    it('goes on with the known list where the look fails', async () => {
      const source = new LiveSource(namedNodes('a'));
      const fake = await new FakeCache({ source }).ready();
      source.fault = new Error('gone');
      fake.clock.advance(MINUTE);
      expect(hosts(await fake.cluster.freshRouter(NEVER))).toEqual(['a']);
    });

    it('finds the first list, and none once it is closed', async () => {
      const fake = new FakeCache({ source: new LiveSource(namedNodes('a')) });
      expect(hosts(await fake.cluster.freshRouter(NEVER))).toEqual(['a']);
      await fake.cache.close();
      expect(await fake.cluster.freshRouter(NEVER)).toBeInstanceOf(ClosedError);
    });
  });

  it('is unavailable, with the reason, where the dialect needs IPs and the list has none', async () => {
    const source = new LiveSource(namedNodes('a', 'b'));
    const fake = new FakeCache({ source, dialect: 'spymemcached' });
    expect(await fake.cache.read('k')).toMatchObject({
      kind: 'unavailable',
      error: { message: expect.stringMatching(/ip/i) },
    });
    expect(fake.events.at(-1)).toMatchObject({ kind: 'discovery-failed', keptNodes: 0 });
    source.change([{ host: 'a', port: 1, ip: '10.0.0.1' }]);
    fake.clock.advance(MINUTE);
    expect(await fake.cache.read('k')).toMatchObject({ kind: 'miss' });
  });

  it('keeps the last good list where a new one does not suit the dialect', async () => {
    const source = new LiveSource([{ host: 'a', port: 1, ip: '10.0.0.1' }]);
    const fake = await new FakeCache({ source, dialect: 'spymemcached' }).ready();
    source.change(namedNodes('a', 'b'));
    fake.clock.advance(MINUTE);
    fake.cluster.router();
    await fake.cluster.settle(NEVER);
    expect(await fake.cache.read('k')).toMatchObject({ kind: 'miss', node: 'a:1' });
    expect(fake.events.at(-1)).toMatchObject({ kind: 'discovery-failed', keptNodes: 1 });
  });

  it('puts the timers of all nodes away when settled', async () => {
    const fake = await new FakeCache().ready();
    await fake.cluster.settle(NEVER);
    expect(fake.nodes.opened.map(({ rests }) => rests)).toEqual([1, 1, 1, 1]);
  });

  it('opens nothing for a list that arrives after it was closed', async () => {
    const source = new LiveSource(namedNodes('a'));
    let release!: () => void;
    source.hold = new Promise((resolve) => {
      release = resolve;
    });
    const fake = new FakeCache({ source });
    const early = fake.cache.read('k');
    const closed = fake.cache.close();
    release();
    await closed;
    expect(await early).toMatchObject({ kind: 'unavailable', error: expect.any(ClosedError) });
    expect(fake.nodes.opened).toEqual([]);
    expect(fake.cluster.topology).toBeUndefined();
  });
});

describe('a node of the cluster', () => {
  const only = async (): Promise<FakeCache> => new FakeCache({ nodes: namedNodes('a') }).ready();
  const fault = new NodeTimeoutError('a:11211', 'reply', 100);

  it('that failed is not asked again until its pause is over', async () => {
    const fake = await only();
    const node = fake.nodes.at('a:11211');
    node.listener.failed(fault);
    const calls = await fake.nodes.during(async () => {
      expect(await fake.cache.read('k')).toMatchObject({
        kind: 'unavailable',
        error: { message: 'a:11211 is down: a:11211 gave no reply within 100 ms' },
      });
      expect(await fake.cache.set('k', 'v', TTL)).toMatchObject({ kind: 'unavailable' });
      expect(await fake.cache.delete('k')).toMatchObject({ kind: 'unavailable' });
      expect((await fake.cache.getMany(['k', 'l'])).unavailable).toEqual(['k', 'l']);
    });
    expect(calls).toEqual([]);
    expect(fake.events.at(-1)).toEqual({
      kind: 'node-down',
      node: 'a:11211',
      error: fault,
      retryInMillis: 1_000,
    });
  });

  it('is probed by one operation at a time, and is up when it answers', async () => {
    const fake = await only();
    const node = fake.nodes.at('a:11211');
    node.listener.failed(fault);
    fake.clock.advance(1_000);
    const calls = await fake.nodes.during(async () => {
      await Promise.all([fake.cache.get('x'), fake.cache.get('y'), fake.cache.get('z')]);
    });
    expect(calls).toHaveLength(1);
    node.listener.answered();
    expect(fake.events.at(-1)).toEqual({ kind: 'node-up', node: 'a:11211' });
    expect(
      await fake.nodes.during(() => Promise.all([fake.cache.get('x'), fake.cache.get('y')])),
    ).toHaveLength(2);
  });

  it('that is up and answers is not told of', async () => {
    const fake = await only();
    const before = fake.events.length;
    fake.nodes.at('a:11211').listener.answered();
    expect(fake.events).toHaveLength(before);
  });
});
