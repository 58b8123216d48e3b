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
    expect(await watcher.refresh()).toEqual({ kind: 'changed', topology: listed('1') });
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
    expect(await watcher.refresh()).toEqual({ kind: 'changed', topology: listed('10') });
  });

  it('ignores a lower version, which is the view of a node that lags behind', async () => {
    const watcher = new Watching(new ScriptedSource([listed('10'), listed('9')]), clock(), HALF);
    await watcher.refresh();
    expect(await watcher.refresh()).toEqual({ kind: 'same' });
    expect(watcher.current).toEqual(listed('10'));
  });

  it('keeps the object of a version that it knows', async () => {
    const watcher = new Watching(new ScriptedSource([listed('10'), listed('10')]), clock(), HALF);
    await watcher.refresh();
    const known = watcher.current;
    expect(await watcher.refresh()).toEqual({ kind: 'same' });
    expect(watcher.current).toBe(known);
  });

  it('takes another version that is no number, since such only tell lists apart', async () => {
    const watcher = new Watching(new ScriptedSource([listed('b:1'), listed('a:1')]), clock(), HALF);
    await watcher.refresh();
    expect(await watcher.refresh()).toEqual({ kind: 'changed', topology: listed('a:1') });
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
    expect(await watcher.refresh()).toEqual({ kind: 'changed', topology: listed('1') });
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
});
