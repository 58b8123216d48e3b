import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { DiscoveryError } from '../../../src/base/errors.ts';
import { type Topology, type TopologySource, TopologyWatcher } from '../../../src/topology/index.ts';
import { TestClock } from '../../support/test-clock.ts';

const listed = (version: string): Topology => ({
  version,
  nodes: [{ host: `node-of-${version}`, port: 11_211 }],
});

/** A source that answers each read with what comes next: a list, an error, or whenever the test says. */
class ScriptedSource implements TopologySource {
  readonly name = 'the script';
  readonly changes: boolean;
  reads = 0;
  answers: (Topology | Error | Promise<Topology>)[];

  constructor(answers: (Topology | Error | Promise<Topology>)[], changes = true) {
    this.answers = answers;
    this.changes = changes;
  }

  async read(): Promise<Topology> {
    this.reads += 1;
    const answer = this.answers.shift();
    if (answer === undefined) throw new Error('asked too often');
    if (answer instanceof Error) throw answer;
    return answer;
  }
}

/** A watcher with the list that its user keeps. */
class Watching {
  readonly #watcher: TopologyWatcher;
  current: Topology | undefined;

  constructor(...args: ConstructorParameters<typeof TopologyWatcher>) {
    this.#watcher = new TopologyWatcher(...args);
  }

  isDue(): boolean {
    return this.#watcher.isDue();
  }

  hasten(): void {
    this.#watcher.hasten();
  }

  async refresh() {
    const refreshed = await this.#watcher.refresh(this.current);
    if (refreshed.kind === 'changed') this.current = refreshed.topology;
    return refreshed;
  }
}

describe('the topology watcher', () => {
  const clock = (): TestClock => new TestClock();
  const HALF = (): number => 0.5;

  it('is due before its first look, and asks nothing by itself', () => {
    const source = new ScriptedSource([]);
    const watcher = new Watching(source, clock(), HALF);
    expect(watcher.isDue()).toBe(true);
    expect(watcher.current).toBeUndefined();
    expect(source.reads).toBe(0);
  });

  it('keeps the list that it read', async () => {
    const watcher = new Watching(new ScriptedSource([listed('1')]), clock(), HALF);
    expect(await watcher.refresh()).toMatchObject({ kind: 'changed', topology: listed('1') });
    expect(watcher.current).toEqual(listed('1'));
    expect(watcher.isDue()).toBe(false);
  });

  it.each([
    [0, 54_000],
    [0.5, 60_000],
    [0.999_999, 65_999],
  ])('is due again within a tenth of a minute: chance %d, %i ms', async (chance, millis) => {
    const time = clock();
    const watcher = new Watching(new ScriptedSource([listed('1')]), time, () => chance);
    await watcher.refresh();
    time.advance(millis - 1);
    expect(watcher.isDue()).toBe(false);
    time.advance(2);
    expect(watcher.isDue()).toBe(true);
  });

  it('grows old while the environment is frozen on a host whose monotonic clock stands still', async () => {
    const time = clock();
    const watcher = new Watching(new ScriptedSource([listed('1')]), time, HALF);
    await watcher.refresh();
    time.moveWall(10 * 60_000);
    expect(watcher.isDue()).toBe(true);
  });

  it('is due when the clock was set back, not only when it has caught up again', async () => {
    const time = clock();
    const source = new ScriptedSource([listed('1'), listed('2')]);
    const watcher = new Watching(source, time, HALF);
    await watcher.refresh();
    time.moveWall(-24 * 3_600_000);
    expect(watcher.isDue()).toBe(true);
    await watcher.refresh();
    expect(watcher.isDue()).toBe(false);
    time.advance(66_000);
    expect(watcher.isDue()).toBe(true);
  });

  it('never looks again at a list that cannot change', async () => {
    const time = clock();
    const watcher = new Watching(new ScriptedSource([listed('1')], false), time, HALF);
    await watcher.refresh();
    time.advance(365 * 24 * 3_600_000);
    expect(watcher.isDue()).toBe(false);
  });

  it('takes a higher version', async () => {
    const watcher = new Watching(new ScriptedSource([listed('9'), listed('10')]), clock(), HALF);
    await watcher.refresh();
    expect(await watcher.refresh()).toMatchObject({ kind: 'changed', topology: listed('10') });
  });

  it('compares versions that no number can hold', async () => {
    const [lower, higher] = [listed('90071992547409929'), listed('90071992547409930')];
    const watcher = new Watching(new ScriptedSource([higher, lower]), clock(), HALF);
    await watcher.refresh();
    expect(await watcher.refresh()).toMatchObject({ kind: 'same' });
    expect(watcher.current).toBe(higher);
  });

  it('ignores a lower version, which is the view of a node that lags behind', async () => {
    const watcher = new Watching(new ScriptedSource([listed('10'), listed('9')]), clock(), HALF);
    await watcher.refresh();
    expect(await watcher.refresh()).toMatchObject({ kind: 'same' });
    expect(watcher.current).toEqual(listed('10'));
  });

  it('keeps the object of a version that it knows', async () => {
    const watcher = new Watching(new ScriptedSource([listed('10'), listed('10')]), clock(), HALF);
    await watcher.refresh();
    const known = watcher.current;
    expect(await watcher.refresh()).toMatchObject({ kind: 'same' });
    expect(watcher.current).toBe(known);
  });

  it('takes another version that is no number, since such only tell lists apart', async () => {
    const watcher = new Watching(new ScriptedSource([listed('b:1'), listed('a:1')]), clock(), HALF);
    await watcher.refresh();
    expect(await watcher.refresh()).toMatchObject({ kind: 'changed', topology: listed('a:1') });
  });

  it('keeps the last good list when a look fails', async () => {
    const fault = new DiscoveryError('the script', 'gone');
    const watcher = new Watching(new ScriptedSource([listed('1'), fault]), clock(), HALF);
    await watcher.refresh();
    expect(await watcher.refresh()).toEqual({ kind: 'failed', error: fault });
    expect(watcher.current).toEqual(listed('1'));
  });

  it('says why there is no list, until there is one', async () => {
    const source = new ScriptedSource([new Error('broken'), listed('1')]);
    const watcher = new Watching(source, clock(), HALF);
    const refreshed = await watcher.refresh();
    expect(refreshed).toMatchObject({
      kind: 'failed',
      error: { code: 'DISCOVERY', message: 'no node list from the script: broken' },
    });
    expect(await watcher.refresh()).toMatchObject({ kind: 'changed', topology: listed('1') });
  });

  it('gives up a source that does not answer within a second, and tells it so', async () => {
    let signal: AbortSignal | undefined;
    const silent: TopologySource = {
      name: 'the silent source',
      changes: true,
      read: (given) => {
        signal = given;
        return new Promise(() => {});
      },
    };
    const refreshed = await new Watching(silent, systemClock, HALF).refresh();
    expect(refreshed).toMatchObject({
      kind: 'failed',
      error: { message: 'no node list from the silent source: it did not answer within 1000 ms' },
    });
    expect(signal?.aborted).toBe(true);
  });

  it('leaves a source that failed alone for a second', async () => {
    const time = clock();
    const watcher = new Watching(new ScriptedSource([new Error('broken')]), time, HALF);
    await watcher.refresh();
    time.advance(999);
    expect(watcher.isDue()).toBe(false);
    time.advance(1);
    expect(watcher.isDue()).toBe(true);
  });

  it('never rejects, also when a source throws before it gives a promise', async () => {
    const source: TopologySource = {
      name: 'a rude source',
      changes: true,
      read: () => {
        throw new TypeError('no');
      },
    };
    expect(await new Watching(source, clock(), HALF).refresh()).toMatchObject({ kind: 'failed' });
  });

  describe('in doubt', () => {
    const known = listed('10');
    const other = (version: string): Topology => ({ version, nodes: [{ host: 'other', port: 1 }] });

    /** What the looks came to, one every `pauses` ms. */
    async function looks(answers: (Topology | Error)[], pauses: readonly number[]): Promise<string[]> {
      const time = clock();
      const watcher = new Watching(new ScriptedSource([known, ...answers]), time, HALF);
      await watcher.refresh();
      const kinds: string[] = [];
      for (const pause of pauses) {
        time.advance(pause);
        kinds.push((await watcher.refresh()).kind);
      }
      return kinds;
    }

    it.each([
      ['a lower version', other('3')],
      ['another list under the known version', other('10')],
      [
        'the known list with another address',
        { version: '10', nodes: [{ ...known.nodes[0]!, ip: '10.0.0.9' }] },
      ],
    ])('takes %s at the third look in a row that says so', async (_what, told) => {
      expect(await looks([told, told, told], [60_000, 30_000, 30_000])).toEqual(['same', 'same', 'changed']);
    });

    it('is not sure sooner, however often it looks', async () => {
      const told = Array.from({ length: 9 }, () => other('3'));
      const pauses = [60_000, 5_000, 5_000, 5_000, 5_000, 5_000, 5_000, 5_000, 5_000];
      expect(await looks(told, pauses)).toEqual(pauses.map(() => 'same'));
    });

    it.each([
      ['the known list', known],
      ['yet another list', other('4')],
    ])('begins anew when it hears %s in between', async (_what, between) => {
      const told = other('3');
      expect(await looks([told, told, between, told, told], Array(5).fill(30_000))).toEqual(
        Array(5).fill('same'),
      );
    });

    it('does not count a look that failed, for either side', async () => {
      const told = other('3');
      const answers = [told, new Error('gone'), told, told];
      expect(await looks(answers, Array(4).fill(30_000))).toEqual(['same', 'failed', 'same', 'changed']);
    });

    it('takes a higher version at once all the same', async () => {
      expect(await looks([other('3'), other('11')], [60_000, 30_000])).toEqual(['same', 'changed']);
    });

    it('ends with what it took: the next doubt is another', async () => {
      const [a, b] = [other('3'), other('2')];
      expect(await looks([a, a, a, b, b, b], Array(6).fill(30_000))).toEqual([
        ...['same', 'same', 'changed'],
        ...['same', 'same', 'changed'],
      ]);
    });

    it('looks again after half a minute', async () => {
      const time = clock();
      const watcher = new Watching(new ScriptedSource([known, other('3')]), time, HALF);
      await watcher.refresh();
      await watcher.refresh();
      time.advance(29_999);
      expect(watcher.isDue()).toBe(false);
      time.advance(2);
      expect(watcher.isDue()).toBe(true);
    });
  });

  describe('between an API, which tells no version, and nodes, which do', () => {
    const api = (...hosts: string[]): Topology => ({
      version: hosts.join(','),
      nodes: hosts.map((host) => ({ host, port: 1 })),
    });
    const nodes = (version: string, ...hosts: string[]): Topology => ({ ...api(...hosts), version });

    it('takes the version from the nodes, and keeps it when the API says the same', async () => {
      const told = nodes('7', 'a', 'b');
      const watcher = new Watching(new ScriptedSource([api('a', 'b'), told, api('b', 'a')]), clock(), HALF);
      await watcher.refresh();
      expect(await watcher.refresh()).toMatchObject({ kind: 'changed', topology: told });
      expect(await watcher.refresh()).toMatchObject({ kind: 'same' });
      expect(watcher.current).toBe(told);
    });

    it('takes another list from the API at once', async () => {
      const next = api('c', 'd');
      const watcher = new Watching(new ScriptedSource([nodes('7', 'a', 'b'), next]), clock(), HALF);
      await watcher.refresh();
      expect(await watcher.refresh()).toMatchObject({ kind: 'changed', topology: next });
    });
  });

  describe('after a node failed', () => {
    it('is due on the next use, but no more than every 5 s', async () => {
      const time = clock();
      const watcher = new Watching(new ScriptedSource([listed('1'), listed('1')]), time, HALF);
      await watcher.refresh();
      time.advance(4_999);
      watcher.hasten();
      expect(watcher.isDue()).toBe(false);
      time.advance(1);
      expect(watcher.isDue()).toBe(true);
      await watcher.refresh();
      time.advance(20_000);
      expect(watcher.isDue()).toBe(false);
      watcher.hasten();
      expect(watcher.isDue()).toBe(true);
    });

    it('spares an API: no more than every 30 s', async () => {
      const time = clock();
      const source = new ScriptedSource([listed('1')]);
      const watcher = new Watching(Object.assign(source, { rationed: true }), time, HALF);
      await watcher.refresh();
      watcher.hasten();
      time.advance(29_999);
      expect(watcher.isDue()).toBe(false);
      time.advance(1);
      expect(watcher.isDue()).toBe(true);
    });

    it('leaves a source that fails its pause, and a list that cannot change alone', async () => {
      const time = clock();
      const failing = new Watching(
        new ScriptedSource([listed('1'), ...Array(5).fill(new Error('gone'))]),
        time,
        HALF,
      );
      const fixed = new Watching(new ScriptedSource([listed('1')], false), time, HALF);
      await fixed.refresh();
      for (let i = 0; i < 6; i++) await failing.refresh();
      time.advance(10_000);
      for (const watcher of [failing, fixed]) {
        watcher.hasten();
        expect(watcher.isDue()).toBe(false);
      }
    });
  });

  describe('with an API whose rate all share', () => {
    it('leaves it alone longer each time, also while there is no list', async () => {
      const time = clock();
      const source = Object.assign(new ScriptedSource(Array(9).fill(new Error('Rate exceeded'))), {
        rationed: true,
      });
      const watcher = new Watching(source, time, HALF);
      const pauses: number[] = [];
      for (let i = 0; i < 9; i++) {
        await watcher.refresh();
        let pause = 0;
        for (; !watcher.isDue(); pause += 500) time.advance(500);
        pauses.push(pause / 1_000);
      }
      expect(pauses).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
    });

    it.each([
      [0, 500],
      [0.999_999, 1_499],
    ])('comes again at a time of its own: chance %d, %i ms', async (chance, millis) => {
      const time = clock();
      const source = Object.assign(new ScriptedSource([new Error('Rate exceeded')]), { rationed: true });
      const watcher = new Watching(source, time, () => chance);
      await watcher.refresh();
      time.advance(millis - 1);
      expect(watcher.isDue()).toBe(false);
      time.advance(2);
      expect(watcher.isDue()).toBe(true);
    });
  });

  describe('over a freeze', () => {
    it('looks once more where a look was cut by it, and counts no failure', async () => {
      const time = clock();
      const source = new ScriptedSource([]);
      const cut = (): Promise<Topology> => {
        time.moveWall(600_000);
        return Promise.reject(new Error('the connection was closed'));
      };
      const reads = [cut, () => Promise.resolve(listed('1'))];
      source.read = () => reads.shift()!();
      expect(await new Watching(source, time, HALF).refresh()).toMatchObject({
        kind: 'changed',
        topology: listed('1'),
      });
      expect(reads).toEqual([]);
    });

    it('takes an answer from before it, and is due at once, for it is old', async () => {
      const time = clock();
      const source = new ScriptedSource([]);
      source.read = async () => {
        time.moveWall(600_000);
        return listed('1');
      };
      const watcher = new Watching(source, time, HALF);
      expect(await watcher.refresh()).toMatchObject({ kind: 'changed' });
      expect(watcher.isDue()).toBe(true);
    });
  });
});
