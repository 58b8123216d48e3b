import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { NEVER } from '../../src/base/units.ts';
import { flagsOf, hotShareOf } from '../../src/codec/flags.ts';
import { DEFAULT_HOT_RULES, encodeHotList, HOLD_SECONDS, type HotList } from '../../src/hotkeys/index.ts';
import { createCache } from '../../src/index.ts';
import type { TestNode } from '../../src/testing/index.ts';
import { EAGER, HotFleet, LIST, toldOf } from '../support/hot-fleet.ts';
import type { LeasedCache } from '../support/leased-cache.ts';
import { ListedSource } from '../support/listed-source.ts';
import { type Memcached, memcachedAvailable, startMemcachedCluster } from '../support/memcached.ts';
import { exchange } from '../support/raw-client.ts';

const LONG = { ttlSeconds: 600 };
const PROMOTED = 'hot-key-promoted hot';
const DEMOTED = 'hot-key-demoted hot';

/** Another client's item, with these flags of the meta protocol. */
const put = (node: TestNode, key: string, value: string, flags: string) =>
  exchange(node, [`ms ${key} ${Buffer.byteLength(value)} ${flags}\r\n${value}\r\n`]);

const putList = (node: TestNode, list: HotList | string) => {
  const text = typeof list === 'string' ? list : encodeHotList(list).toString();
  return put(node, LIST, text, `T3600 F${flagsOf('json')}`);
};

describe('a key that becomes hot', () => {
  it('is promoted by one of those who read it, told once, and listed on every node', async () => {
    await using fleet = await HotFleet.start();
    const processes = [fleet.open(), fleet.open(), fleet.open()];
    await processes[0]!.cache.set('hot', 'v', LONG);
    for (let round = 0; round < 3; round++) {
      for (const process of processes) await fleet.reads(process, 'hot', 40);
      fleet.clock.advance(2_000);
    }
    expect(processes.flatMap(toldOf)).toEqual([PROMOTED]);
    expect(fleet.listed()).toEqual([['hot'], ['hot'], ['hot'], ['hot']]);
    const tallies = processes.map(({ cache }) => cache.tally.hotKeysPromoted);
    expect(tallies.reduce((sum, count) => sum + count)).toBe(1);
    expect(processes.map(({ hotKeys }) => hotKeys!.size)).toEqual([1, 1, 1]);
  });

  it('is listed with others that are promoted at the same moment', async () => {
    await using fleet = await HotFleet.start();
    // So that the total is known, and the first samples decide.
    await fleet.browse(fleet.open(), 200);
    fleet.clock.advance(4_000);
    for (const [held, ...keys] of [
      ['store', 'k1', 'k2'],
      ['fill', 'k3', 'k4'],
    ] as const) {
      const processes = keys.map((key) => ({ key, process: fleet.open() }));
      // They are let go together, when each has read the list and is about to write it.
      const gates = processes.map(({ process }) => process.hold(held));
      const promoted = processes.map(({ key, process }) => fleet.reads(process, key, 80));
      await Promise.all(gates.map(({ reached }) => reached));
      for (const { thaw } of gates) thaw();
      await Promise.all(promoted);
      expect(processes.map(({ process }) => toldOf(process))).toEqual(
        keys.map((key) => [`hot-key-promoted ${key}`]),
      );
    }
    const all = ['k1', 'k2', 'k3', 'k4'];
    expect(fleet.listed()).toEqual([all, all, all, all]);
  });

  it('is known to others from the first item of it that they read, before they know of a list', async () => {
    await using fleet = await HotFleet.start();
    const promoter = fleet.open();
    await promoter.cache.set('hot', 'v', LONG);
    await fleet.heat(promoter, 'hot');
    const other = fleet.open();
    expect(await other.cache.get('hot')).toBe('v');
    expect(other.hotKeys!.list.version).toBe(0);
    expect(other.hotKeys!.size).toBe(1);
    expect(other.routeFor('hot')?.kind).toBe('smeared');
  });

  it.each([
    ['lives for ever', 'T0'],
    ['is near its end', 'T9'],
    ['is of another client', 'T600 F7'],
  ])(
    'is known to others by the list alone where its item %s, and that is not rewritten',
    async (_what, flags) => {
      await using fleet = await HotFleet.start();
      const [base] = await fleet.placesOf('hot');
      await put(base!, 'hot', 'v', flags);
      const { cas } = base!.item('hot')!;
      await fleet.heat(fleet.open(), 'hot');
      expect(base!.item('hot')?.cas).toBe(cas);
      const other = fleet.open();
      await fleet.browse(other, 60);
      expect(other.hotKeys!.shareOf('hot')).toBeGreaterThan(0);
      expect(other.routeFor('hot')?.kind).toBe('smeared');
    },
  );

  it.each([
    ['is being renewed', ['mg hot R1000 v\r\n']],
    ['was given back as stale', ['md hot I T500\r\n']],
    ['is stale and being renewed', ['md hot I T500\r\n', 'mg hot v\r\n']],
  ])('has an item that is left alone where it %s', async (_what, commands) => {
    await using fleet = await HotFleet.start();
    const [base] = await fleet.placesOf('hot');
    await put(base!, 'hot', 'v', 'T600');
    await exchange(base!, commands);
    const { cas } = base!.item('hot')!;
    const promoter = fleet.open();
    await fleet.heat(promoter, 'hot');
    expect(toldOf(promoter)).toEqual([PROMOTED]);
    expect(base!.item('hot')).toMatchObject({ cas, flags: 0 });
  });

  it('has an item that never lives longer for being stored again, whenever its node comes to the next second', async () => {
    await using fleet = await HotFleet.start();
    const [base] = await fleet.placesOf('hot');
    await put(base!, 'hot', 'v', 'T600');
    const endsAt = fleet.now() + 600;
    const promoter = fleet.open();
    const gate = promoter.hold('fill', 0, 'hot');
    fleet.clock.advance(500);
    await fleet.reads(promoter, 'hot', 80);
    fleet.clock.advance(4_000);
    const heated = fleet.reads(promoter, 'hot', 80);
    await gate.reached;
    fleet.clock.advance(600);
    gate.thaw();
    await heated;
    const item = base!.item('hot')!;
    expect(hotShareOf(item.flags)).toBeGreaterThan(0);
    expect(Math.floor(fleet.now()) + item.ttlSeconds).toBeLessThanOrEqual(endsAt);
  });

  it('has an item that is not stored again after a freeze', async () => {
    await using fleet = await HotFleet.start();
    const [base] = await fleet.placesOf('hot');
    await put(base!, 'hot', 'v', 'T600');
    const promoter = fleet.open();
    await fleet.reads(promoter, 'hot', 80);
    fleet.clock.advance(4_000);
    const gate = promoter.hold('getWithCas', 0, 'hot');
    const heated = fleet.reads(promoter, 'hot', 80);
    await gate.reached;
    const { cas } = base!.item('hot')!;
    base!.faults.set({ kind: 'hang' });
    gate.thaw();
    fleet.clock.advance(30_000);
    base!.faults.clear();
    await heated;
    expect(base!.item('hot')?.cas).toBe(cas);
  });

  it('has a string that others read as they did: only the upper half of its flags tells', async () => {
    await using fleet = await HotFleet.start();
    const [base] = await fleet.placesOf('hot');
    const promoter = fleet.open();
    await promoter.cache.set('hot', 'text', LONG);
    await fleet.heat(promoter, 'hot');
    for (const written of [undefined, 'text again']) {
      if (written !== undefined) await promoter.cache.set('hot', written, LONG);
      const { flags, value } = base!.item('hot')!;
      expect(flags & 0xffff).toBe(0);
      expect(flags).not.toBe(0);
      expect(value.toString()).toBe(written ?? 'text');
    }
  });

  it('has items without a word where leases are off, since others share them, and is listed all the same', async () => {
    await using fleet = await HotFleet.start();
    const [base] = await fleet.placesOf('hot');
    const promoter = fleet.open({ leases: false });
    await promoter.cache.set('hot', 'text', LONG);
    await fleet.heat(promoter, 'hot');
    await promoter.cache.set('hot', 'text', LONG);
    expect(fleet.listed()).toEqual([['hot'], ['hot'], ['hot'], ['hot']]);
    expect(base!.item('hot')?.flags).toBe(0);
  });

  it('is read from its nodes in proportion to their weights', async () => {
    await using fleet = await HotFleet.start();
    for (const node of fleet.nodes) {
      await putList(node, { version: 1, keys: [fleet.entry('hot', 0.3), fleet.entry('warm', 0.1)] });
    }
    const reader = fleet.open();
    await fleet.browse(reader, 60);
    const [base] = await fleet.placesOf('hot');
    await put(base!, 'hot', 'v', 'T600');
    const route = reader.routeFor('hot');
    if (route?.kind !== 'smeared' || route.weights === undefined) throw new Error('it is not spread');
    const names = [route.base, ...route.copyNodes].map(({ name }) => name);
    const weights = [...route.weights].map((weight, at, all) => weight - (all[at - 1] ?? 0));
    // Each copy is filled once.
    for (let i = 0; i < 400; i++) await reader.cache.read('hot');
    await reader.cache.settle(NEVER);
    const reads = new Map(names.map((name) => [name, 0]));
    const count = 4_000;
    for (let i = 0; i < count; i++) {
      const read = await reader.cache.read('hot');
      if (read.kind !== 'hit') throw new Error(read.kind);
      reads.set(read.node!, reads.get(read.node!)! + 1);
    }
    for (const [at, name] of names.entries()) {
      // Four standard deviations.
      const off = 4 * Math.sqrt(weights[at]! * (1 - weights[at]!) * count) + 1;
      expect(Math.abs(reads.get(name)! - weights[at]! * count), name).toBeLessThan(off);
    }
  });
});

describe('a key that was hot', () => {
  it('is taken off the list after its hold, told by one, though its promoter died', async () => {
    await using fleet = await HotFleet.start();
    const promoter = fleet.open();
    await promoter.cache.set('hot', 'v', LONG);
    await fleet.heat(promoter, 'hot');
    await promoter.close();
    const others = [fleet.open(), fleet.open(), fleet.open()];
    for (const other of others) await fleet.browse(other, 60);
    expect(others.map(({ hotKeys }) => hotKeys!.size)).toEqual([1, 1, 1]);
    fleet.clock.advance((HOLD_SECONDS + 1) * 1_000);
    for (let round = 0; round < 3; round++) {
      // All of them read the list at the same time.
      await Promise.all(others.map((other) => fleet.browse(other, 60)));
      fleet.clock.advance(21_000);
    }
    expect(others.flatMap(toldOf)).toEqual([DEMOTED]);
    expect(fleet.listed()).toEqual([[], [], [], []]);
    expect(others.map(({ hotKeys }) => hotKeys!.size)).toEqual([0, 0, 0]);
    // Its item still says that it was hot, which is believed until the list is read.
    const fresh = fleet.open();
    await fresh.cache.get('hot');
    expect(fresh.hotKeys!.size).toBe(1);
    await fleet.browse(fresh, 60);
    await fresh.cache.get('hot');
    expect(fresh.hotKeys!.size).toBe(0);
  });

  it('is told by one though another node was the first to hear of it', async () => {
    await using fleet = await HotFleet.start();
    const [owner, ...others] = await fleet.placesOf(LIST);
    const ended = { version: 3, keys: [fleet.entry('hot', 0.2, 1, 3)] };
    await putList(owner!, ended);
    for (const node of others)
      await putList(node, { version: 4, keys: [fleet.entry('later', 0.2, 3_000, 4), ...ended.keys] });
    fleet.clock.advance(2_000);
    const processes = [fleet.open(), fleet.open()];
    for (let round = 0; round < 6; round++) {
      for (const process of processes) await fleet.browse(process, 60);
      fleet.clock.advance(21_000);
    }
    expect(processes.flatMap(toldOf)).toEqual([DEMOTED]);
    expect(fleet.listed()).toEqual([['later'], ['later'], ['later'], ['later']]);
  });

  it('stays listed for as long as it is hot', async () => {
    await using fleet = await HotFleet.start();
    const process = fleet.open();
    await process.cache.set('hot', 'v', LONG);
    await fleet.heat(process, 'hot');
    for (let passed = 0; passed < 2 * HOLD_SECONDS; passed += 20) {
      fleet.clock.advance(20_000);
      await process.cache.set('hot', 'v', LONG);
      await fleet.reads(process, 'hot', 80);
    }
    expect(toldOf(process)).toEqual([PROMOTED]);
    expect(process.hotKeys!.shareOf('hot')).toBeGreaterThan(0);
  });
});

describe('a list that is full of hotter keys', () => {
  const full = (fleet: HotFleet): HotList => ({
    version: 3,
    keys: Array.from({ length: 64 }, (_, i) => fleet.entry(`hotter:${i}`, 0.2, 3_000, 3)),
  });
  const hits = (fleet: HotFleet): number => fleet.nodes.reduce((sum, { stats }) => sum + stats.get_hits, 0);

  it('is not asked for with each sample of the next one', async () => {
    await using fleet = await HotFleet.start();
    for (const node of fleet.nodes) await putList(node, full(fleet));
    const process = fleet.open();
    // A hundred reads a second, until the list is known and the total is.
    for (let tenths = 0; tenths < 210; tenths++) {
      await fleet.browse(process, 10);
      fleet.clock.advance(100);
    }
    expect(process.hotKeys!.size).toBe(64);
    // None of these keys is there: the only hits are those of the list, which comes due once at most.
    const before = hits(fleet);
    for (let tenths = 0; tenths < 50; tenths++) {
      await fleet.reads(process, 'hot', 1);
      await fleet.browse(process, 9);
      fleet.clock.advance(100);
    }
    expect(hits(fleet) - before).toBeLessThanOrEqual(1);
    expect(toldOf(process)).toEqual([]);
  });

  it('has room for one that is hotter', async () => {
    await using fleet = await HotFleet.start();
    for (const node of fleet.nodes) await putList(node, full(fleet));
    const process = fleet.open();
    await fleet.heat(process, 'hot');
    expect(toldOf(process)).toEqual([PROMOTED]);
    expect(process.hotKeys!.shareOf('hot')).toBeGreaterThan(0.2);
  });
});

describe('what lies in the place of the list', () => {
  const bogus = (fleet: HotFleet, share: number, version: number): HotList => ({
    version,
    keys: Array.from({ length: 64 }, (_, i) => fleet.entry(`bogus:${i}`, share, 3_000, version)),
  });
  const raw = (version: number, rows: unknown[]): string => JSON.stringify([version, rows]);
  it.each<[string, (fleet: HotFleet) => HotList | string]>([
    ['garbled', () => '[1,[["ho'],
    ['of somebody else', () => '{"hello":"world"}'],
    ['empty', () => ''],
    ['too large', (fleet) => raw(1, [['k'.repeat(40_000), 0.2, fleet.now() + 9, 1]])],
    [
      'of too many keys',
      (fleet) =>
        raw(
          1,
          Array.from({ length: 65 }, (_, i) => [`k${i}`, 0.01, fleet.now() + 9, 1]),
        ),
    ],
    ['of huge shares', (fleet) => bogus(fleet, 1, 3)],
    ['of a share above 1', (fleet) => raw(1, [['k', 1.5, fleet.now() + 9, 1]])],
    ['of a version that cannot be counted on', (fleet) => bogus(fleet, 0.01, 2 ** 40)],
    ['of an entry that lasts for years', (fleet) => raw(1, [['k', 0.1, fleet.now() + 1e9, 1]])],
    ['of a key that no node holds', (fleet) => raw(1, [['a b', 0.1, fleet.now() + 9, 1]])],
  ])('is ignored, counted and written over where it is %s', async (_what, listOf) => {
    await using fleet = await HotFleet.start();
    for (const node of fleet.nodes) await putList(node, listOf(fleet));
    const process = fleet.open();
    await process.cache.set('hot', 'v', LONG);
    await fleet.heat(process, 'hot');
    expect(toldOf(process)).toContain('hot-list-refused');
    expect(process.cache.tally.hotListsRefused).toBeGreaterThan(0);
    expect(toldOf(process)).toContain(PROMOTED);
    expect(fleet.listed()).toEqual([['hot'], ['hot'], ['hot'], ['hot']]);
    expect(process.hotKeys!.size).toBe(1);
  });

  it('is written over on a node that nobody changes the list at', async () => {
    await using fleet = await HotFleet.start();
    const process = fleet.open();
    await process.cache.set('hot', 'v', LONG);
    await fleet.heat(process, 'hot');
    const last = (await fleet.placesOf(LIST)).at(-1)!;
    await putList(last, 'nonsense');
    for (let round = 0; round < 12 && fleet.listOn(last) === 'it is no JSON'; round++) {
      fleet.clock.advance(21_000);
      await fleet.browse(process, 60);
    }
    expect(fleet.listed([last])).toEqual([['hot']]);
  });

  it('can be changed where its version is the highest there may be, by one after the other', async () => {
    await using fleet = await HotFleet.start();
    const highest = 2 ** 40 - 1;
    for (const node of fleet.nodes)
      await putList(node, { version: highest, keys: [fleet.entry('k', 0.1, 3_000, highest)] });
    for (const key of ['one', 'two']) await fleet.heat(fleet.open(), key);
    expect(fleet.listed()).toEqual(Array(4).fill(['k', 'one', 'two']));
  });
});

describe('the list', () => {
  it('is changed on the next node while its owner is down, and brought to the owner when that is back', async () => {
    await using fleet = await HotFleet.start();
    const [owner, next] = await fleet.placesOf(LIST);
    // One that can be counted while the owner is down.
    const two = await ownedByAnother(fleet, owner!);
    const first = fleet.open();
    await fleet.heat(first, 'one');
    expect(fleet.listed()).toEqual(Array(4).fill(['one']));
    await owner!.kill();
    await fleet.heat(first, two);
    await fleet.heat(first, two);
    expect(fleet.listed([next!])).toEqual([['one', two].sort()]);
    // It is back with the list of before: who changes that by it must not lose what was added meanwhile.
    await owner!.restart({ keepData: true });
    fleet.clock.advance(30_000);
    const second = fleet.open();
    await fleet.heat(second, 'three');
    expect(fleet.listed([next!])).toEqual([['one', 'three', two].sort()]);
    // The others are told by those who read it.
    const readers = Array.from({ length: 12 }, () => fleet.open());
    for (let round = 0; round < 4; round++) {
      for (const reader of readers) await fleet.browse(reader, 60);
      fleet.clock.advance(20_000);
    }
    expect(fleet.listed()).toEqual(Array(4).fill(['one', 'three', two].sort()));
  });

  it('goes on at its version where its owner comes back empty', async () => {
    await using fleet = await HotFleet.start();
    const [owner, ...others] = await fleet.placesOf(LIST);
    for (const node of fleet.nodes)
      await putList(node, { version: 17, keys: [fleet.entry('one', 0.2, 500, 17)] });
    await owner!.restart();
    // It knows of no list, and is told of none by the owner.
    const process = fleet.open({ random: () => 0.5 });
    await fleet.heat(process, 'two');
    expect(fleet.listOn(owner!)).toMatchObject({ version: 18 });
    expect(fleet.listed([owner!, ...others])).toEqual(Array(4).fill(['one', 'two']));
  });

  it.each(['restarted', 'added'])('is given to a node that was %s by who reads it there', async (what) => {
    await using fleet = await HotFleet.start();
    for (const node of fleet.nodes)
      await putList(node, { version: 1, keys: [fleet.entry('hot', 0.2, 3_000)] });
    const fresh = what === 'added' ? await fleet.cluster.addNode() : (await fleet.placesOf(LIST)).at(-1)!;
    if (what === 'restarted') await fresh.restart();
    expect(fleet.listOn(fresh)).toBeUndefined();
    const reader = fleet.open();
    for (let round = 0; round < 40 && fleet.listOn(fresh) === undefined; round++) {
      fleet.clock.advance(11_000);
      await fleet.browse(reader, 60);
    }
    expect(fleet.listed([fresh])).toEqual([['hot']]);
  });

  it('is known whole to who reads it where it is old', async () => {
    await using fleet = await HotFleet.start();
    const [owner, ...others] = await fleet.placesOf(LIST);
    await putList(owner!, { version: 5, keys: [fleet.entry('hot', 0.2, 3_000, 5)] });
    for (const node of others) await putList(node, { version: 4, keys: [fleet.entry('ended', 0.2, 1, 4)] });
    fleet.clock.advance(2_000);
    // It draws the first node.
    const process = fleet.open({ random: () => 0 }, [...others, owner!]);
    await fleet.browse(process, 8);
    expect(process.hotKeys!.size).toBe(1);
    expect(process.routeFor('hot')?.kind).toBe('smeared');
    expect(fleet.listed([others[0]!])).toEqual([['hot']]);
  });

  it('holds over a change of the ring from 4 to 6 nodes and back', async () => {
    await using fleet = await HotFleet.start(6);
    const four = fleet.nodes.slice(0, 4);
    const source = new ListedSource(four);
    const process = fleet.open({ source });
    await process.cache.set('hot', 'v', LONG);
    await fleet.heat(process, 'hot');
    const copies = () => {
      const route = process.routeFor('hot');
      return route?.kind === 'smeared' ? route.copyNodes.length + 1 : 1;
    };
    expect(copies()).toBe(4);
    for (const nodes of [fleet.nodes, four]) {
      source.list(nodes);
      // Longer than the list of nodes is taken for the present one.
      fleet.clock.advance(61_000);
      await fleet.browse(process, 20);
      await process.cache.set('hot', 'v', LONG);
      await fleet.heat(process, 'hot');
      await fleet.heat(process, 'hot');
      expect(process.cache.topology?.nodes).toHaveLength(nodes.length);
      expect(copies()).toBe(nodes.length);
      expect(await process.cache.get('hot')).toBe('v');
    }
    expect(toldOf(process)).toEqual([PROMOTED]);
  });

  it('is found by means of the next node where the total is counted on one that is down', async () => {
    await using fleet = await HotFleet.start();
    const [counting] = await fleet.placesOf('sc~t');
    const key = await ownedByAnother(fleet, counting!);
    await counting!.kill();
    const process = fleet.open();
    await process.cache.set(await ownedBy(fleet, counting!), 'finds out', LONG);
    await fleet.heat(process, key);
    expect(toldOf(process)).toEqual([`hot-key-promoted ${key}`]);
  });
});

describe('hot keys are not looked for, by any command,', () => {
  async function sent(fleet: HotFleet, options: Parameters<typeof createCache>[0]): Promise<number> {
    const before = fleet.nodes.reduce((sum, { stats }) => sum + stats.cmd_get, 0);
    const patient = { connectTimeoutMillis: 5_000, operationTimeoutMillis: 5_000 };
    const cache = createCache({ discovery: { nodes: fleet.cluster.names }, ...patient, ...options });
    await cache.set('hot', 'v', LONG);
    for (let i = 0; i < 200; i++) await cache.get('hot');
    await cache.close();
    for (const node of fleet.nodes)
      expect(node.items().filter(({ key }) => key.startsWith('sc~'))).toEqual([]);
    return fleet.nodes.reduce((sum, { stats }) => sum + stats.cmd_get, 0) - before;
  }

  it.each<[string, number, Parameters<typeof createCache>[0]]>([
    ['on nodes that speak by memjs', 4, { transport: 'memjs', smear: { auto: EAGER } }],
    ['on a ring of one node', 1, { smear: { auto: EAGER } }],
    ['where that is switched off', 4, { smear: { auto: false } }],
    ["under Etsy's placement", 4, { smear: { auto: EAGER, placement: 'suffix' } }],
  ])('%s', async (_where, nodes, options) => {
    await using fleet = await HotFleet.start(nodes);
    expect(await sent(fleet, options)).toBe(200);
  });
});

describe('at the end of an invocation', () => {
  /** One read before the promotion is due. */
  async function almostHot(fleet: HotFleet): Promise<LeasedCache> {
    const process = fleet.open();
    await process.cache.set('hot', 'v', LONG);
    await fleet.reads(process, 'hot', 80);
    fleet.clock.advance(4_000);
    return process;
  }

  it.each(['sample', 'getWithCas', 'store', 'fill'] as const)(
    'a promotion that is held up at its %s is waited for',
    async (held) => {
      await using fleet = await HotFleet.start();
      const process = await almostHot(fleet);
      const invocation = process.invocation(10_000);
      const gate = process.hold(held);
      while (!(await isReached(gate.reached))) await invocation.get('hot');
      const settled = invocation.settle(NEVER)!;
      expect(await isReached(settled)).toBe(false);
      gate.thaw();
      await settled;
      expect(fleet.nodes.every((node) => node.stats.curr_connections <= 1 + fleet.nodes.length)).toBe(true);
      const commands = commandsOn(fleet);
      await new Promise((resolve) => setImmediate(resolve));
      expect(commandsOn(fleet)).toEqual(commands);
    },
  );

  it('nothing is waited for beyond the end, though nodes have stopped', async () => {
    await using fleet = await HotFleet.start();
    const process = fleet.open({ clock: systemClock });
    await process.cache.set('hot', 'v', LONG);
    const gate = process.hold('sample');
    const invocation = process.invocation(150);
    while (!(await isReached(gate.reached))) await invocation.get('hot');
    for (const node of fleet.nodes) node.faults.set({ kind: 'hang' });
    gate.thaw();
    const startedAt = performance.now();
    await invocation.settle(NEVER);
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });

  it('one that is closed takes no more samples', async () => {
    await using fleet = await HotFleet.start();
    const process = await almostHot(fleet);
    const gate = process.hold('sample');
    while (!(await isReached(gate.reached))) await process.cache.get('hot');
    const closed = process.close();
    gate.thaw();
    await closed;
    const commands = commandsOn(fleet);
    for (let i = 0; i < 20; i++) expect(await process.cache.get('hot')).toBeUndefined();
    await new Promise((resolve) => setImmediate(resolve));
    expect(commandsOn(fleet)).toEqual(commands);
  });
});

describe('keys from users', () => {
  it.each([
    ['as long as a stored key can be', 'k'.repeat(242)],
    ['longer than that', 'k'.repeat(1_000)],
    ['of Unicode', '热'.repeat(80)],
    ['with line ends and spaces', 'get a\r\nflush_all\r\n'],
    ['like those of the detection', LIST],
  ])('are found hot and spread: one %s', async (_what, key) => {
    await using fleet = await HotFleet.start();
    const process = fleet.open();
    await process.cache.set(key, 'v', LONG);
    await fleet.heat(process, key);
    await fleet.heat(process, key);
    expect(process.events.map(({ kind }) => kind)).toEqual(['topology-changed', 'hot-key-promoted']);
    const [listed] = process.hotKeys!.list.keys;
    expect(process.routeFor(key)?.kind === 'smeared' || listed!.key.startsWith('sc~h~')).toBe(true);
    const holders = fleet.nodes.filter((node) =>
      node.items().some((item) => item.key === `${listed!.key}~sc`),
    );
    expect(holders.length).toBeGreaterThan(0);
    expect(fleet.listed()).toEqual(Array(4).fill([listed!.key]));
    expect(await process.cache.get(key)).toBe('v');
  });

  it('that are read once each leave few counters, for a minute', async () => {
    await using fleet = await HotFleet.start();
    const process = fleet.open({ auto: DEFAULT_HOT_RULES });
    const keys = 20_000;
    for (let batch = 0; batch < 20; batch++) {
      await process.cache.getMany(Array.from({ length: keys / 20 }, (_, i) => `user:${batch}:${i}`));
      await process.cache.settle(NEVER);
    }
    const counters = () =>
      fleet.nodes.flatMap((node) => node.items()).filter(({ key }) => key.startsWith('sc~n~'));
    expect(counters().length).toBeGreaterThan(0);
    // Four standard deviations more than the mean.
    const mean = keys / DEFAULT_HOT_RULES.oneIn;
    expect(counters().length).toBeLessThan(mean + 4 * Math.sqrt(mean));
    fleet.clock.advance(60_000);
    expect(counters()).toEqual([]);
    expect(process.hotKeys!.size).toBe(0);
  });

  it.each(['garbage', String(2n ** 62n)])(
    'cannot bring down a node by a counter that holds %s',
    async (text) => {
      await using fleet = await HotFleet.start();
      const [base] = await fleet.placesOf('hot');
      await put(base!, 'sc~n~hot', text, 'T60');
      const process = fleet.open();
      await process.cache.set('hot', 'v', LONG);
      await fleet.heat(process, 'hot');
      expect(process.events.map(({ kind }) => kind)).toEqual(['topology-changed']);
      expect(process.cache.tally.errors).toBe(0);
    },
  );

  it('that are written as often as they are read are read by their writers as they were written', async () => {
    await using fleet = await HotFleet.start();
    const processes = [fleet.open(), fleet.open()];
    await fleet.heat(processes[0]!, 'hot');
    await fleet.browse(processes[1]!, 60);
    expect(processes.map((process) => process.routeFor('hot')?.kind)).toEqual(['smeared', 'smeared']);
    for (let n = 0; n < 200; n++) {
      const process = processes[n % 2]!;
      expect(await process.cache.set('hot', n, LONG)).toEqual({ kind: 'stored' });
      expect(await process.cache.get('hot')).toBe(n);
      if (n % 50 === 0) fleet.clock.advance(1_000);
    }
  });

  it('that one process writes before it hears that they are hot are read by it as they were written', async () => {
    await using fleet = await HotFleet.start();
    const [reader, writer] = [fleet.open(), fleet.open()];
    await writer.cache.set('hot', 'old', LONG);
    await fleet.heat(reader, 'hot');
    await fleet.reads(reader, 'hot', 60);
    await writer.cache.set('hot', 'new', LONG);
    // Now copies of the old value lie about, and it hears of them.
    await fleet.browse(writer, 60);
    expect(writer.routeFor('hot')?.kind).toBe('smeared');
    for (let i = 0; i < 50; i++) expect(await writer.cache.get('hot')).toBe('new');
    expect((await writer.cache.getMany(['hot'])).hits.get('hot')).toBe('new');
    expect(await writer.cache.wrap('hot', () => 'loaded', LONG)).toBe('new');
    fleet.clock.advance(8_000);
    for (let i = 0; i < 50; i++) expect(await reader.cache.get('hot')).toBe('new');
  });
});

describe.skipIf(!memcachedAvailable)('on real memcached', () => {
  it('a key that becomes hot is listed on every node, spread, and readable by other clients', async () => {
    await using cluster = await startMemcachedCluster(4);
    const messages: string[] = [];
    const hear = (message: string): void => void messages.push(message);
    const logger = { debug: hear, info: hear, warn: hear };
    const patient = { connectTimeoutMillis: 5_000, operationTimeoutMillis: 5_000 };
    const options = { discovery: { nodes: cluster.names }, ...patient, smear: { auto: EAGER }, logger };
    const [promoter, other] = [createCache(options), createCache(options)];
    try {
      await promoter.set('hot', 'text', { ttlSeconds: 600 });
      const ask = (node: Memcached, command: string) => exchange(node, [command]);
      const lists = () => Promise.all(cluster.nodes.map((node) => ask(node, `mg ${LIST} v\r\n`)));
      const isListed = async () => (await lists()).every((reply) => reply.includes('"hot"'));
      while (!(await isListed())) for (let i = 0; i < 20; i++) expect(await promoter.get('hot')).toBe('text');
      const replies = await Promise.all(cluster.nodes.map((node) => ask(node, 'mg hot f t v\r\n')));
      const [, flags, ttl] = /f(\d+) t(\d+)\r\ntext\r\n$/.exec(
        replies.find((reply) => reply.startsWith('VA'))!,
      )!;
      expect(Number(flags) & 0xffff).toBe(0);
      expect(Number(ttl)).toBeLessThanOrEqual(600);
      // Another process knows of it from the first item.
      expect(await other.get('hot')).toBe('text');
      for (let i = 0; i < 200; i++) expect(await other.get('hot')).toBe('text');
      await other.delete('nothing');
      const copies = await Promise.all(cluster.nodes.map((node) => ask(node, 'mg hot~sc v\r\n')));
      expect(copies.filter((reply) => reply.startsWith('VA 4')).length).toBeGreaterThanOrEqual(3);
      expect(messages.filter((message) => message.includes('down'))).toEqual([]);
    } finally {
      await Promise.all([promoter.close(), other.close()]);
    }
  });
});

const commandsOn = (fleet: HotFleet): number[] =>
  fleet.nodes.map(({ stats }) => stats.cmd_get + stats.cmd_set + stats.cmd_touch);

/** Whether it has come to that by now. */
async function isReached(reached: Promise<unknown>): Promise<boolean> {
  const not = Symbol('not');
  const turn = new Promise((resolve) => setImmediate(() => resolve(not)));
  return (await Promise.race([reached, turn])) !== not;
}

async function ownedBy(fleet: HotFleet, node: TestNode): Promise<string> {
  return keyWhere(fleet, (owner) => owner === node);
}

async function ownedByAnother(fleet: HotFleet, node: TestNode): Promise<string> {
  return keyWhere(fleet, (owner) => owner !== node);
}

async function keyWhere(fleet: HotFleet, fits: (owner: TestNode) => boolean): Promise<string> {
  for (let i = 0; ; i++) {
    const [owner] = await fleet.placesOf(`key:${i}`);
    if (fits(owner!)) return `key:${i}`;
  }
}
