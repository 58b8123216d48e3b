import { describe, expect, it } from 'vitest';
import { HotKeys } from '../../../src/client/hot-keys.ts';
import { flagsOf, hotShareOf, isHot, withHotShare } from '../../../src/codec/flags.ts';
import { DEFAULT_HOT_RULES, type HotList, MOST_HOT_KEYS } from '../../../src/hotkeys/index.ts';

const NOW = 1_800_000_000;
const PLAIN = flagsOf('json');
const FOREIGN = 0x30;

/** A list with these shares, each entry of the list's own version. */
const listOf = (version: number, shares: Readonly<Record<string, number>>, until = NOW + 180): HotList => ({
  version,
  keys: Object.entries(shares).map(([key, share]) => ({ key, share, until, version })),
});
function knowing(shares: Readonly<Record<string, number>>, marksItems = true): HotKeys {
  const hotKeys = new HotKeys(marksItems);
  hotKeys.learn(listOf(1, shares), NOW);
  return hotKeys;
}
const hint = (share: number): number => withHotShare(PLAIN, share);
const namesOf = (hotKeys: HotKeys): string[] => hotKeys.spreads(20, DEFAULT_HOT_RULES).map(({ key }) => key);

/** Whether the list was news. */
const learns = (hotKeys: HotKeys, list: HotList, now: number): boolean => {
  const { revision } = hotKeys;
  hotKeys.learn(list, now);
  return hotKeys.revision > revision;
};

describe('what a process knows of hot keys', () => {
  it('is nothing at first', () => {
    const hotKeys = new HotKeys(true);
    expect([hotKeys.size, hotKeys.shareOf('k'), hotKeys.spreads(8, DEFAULT_HOT_RULES)]).toEqual([0, 0, []]);
    expect(hotKeys.entryOf('k')).toBeUndefined();
  });

  it('is the list, the hottest first, with copies for so many nodes', () => {
    const hotKeys = knowing({ b: 0.01, a: 0.01, c: 0.3, cold: 0.0001 });
    expect(hotKeys.spreads(8, DEFAULT_HOT_RULES)).toEqual([
      { key: 'c', share: 0.3, copies: 8 },
      { key: 'a', share: 0.01, copies: 4 },
      { key: 'b', share: 0.01, copies: 4 },
    ]);
    expect(hotKeys.spreads(2, DEFAULT_HOT_RULES).map(({ copies }) => copies)).toEqual([2]);
    expect(hotKeys.size).toBe(4);
    expect(hotKeys.shareOf('c')).toBe(0.3);
    expect(hotKeys.entryOf('c')).toMatchObject({ key: 'c', share: 0.3 });
  });

  it('is news where other keys are hot or as hot, and only then', () => {
    const hotKeys = new HotKeys(true);
    expect(learns(hotKeys, listOf(1, { a: 0.1 }), NOW)).toBe(true);
    expect(learns(hotKeys, listOf(1, { a: 0.1 }), NOW)).toBe(false);
    expect(learns(hotKeys, listOf(2, { a: 0.1 }, NOW + 900), NOW)).toBe(false);
    expect(learns(hotKeys, listOf(3, { a: 0.2 }), NOW)).toBe(true);
    expect(learns(hotKeys, listOf(3, { b: 0.2 }), NOW)).toBe(true);
  });

  it('is not taken back by a list that is older', () => {
    const hotKeys = new HotKeys(true);
    hotKeys.learn(listOf(5, { a: 0.3 }), NOW);
    expect(learns(hotKeys, listOf(4, { a: 0.1, b: 0.2 }), NOW)).toBe(true);
    expect([hotKeys.shareOf('a'), hotKeys.shareOf('b')]).toEqual([0.3, 0.2]);
    expect(hotKeys.list.version).toBe(5);
  });

  it('ends with an entry’s time, once a list was read', () => {
    const hotKeys = knowing({ a: 0.1 });
    expect(learns(hotKeys, listOf(0, {}), NOW + 179)).toBe(false);
    expect(learns(hotKeys, listOf(0, {}), NOW + 180)).toBe(true);
    expect(hotKeys.size).toBe(0);
  });

  it('is that a key is not hot that was taken off', () => {
    const hotKeys = knowing({ a: 0.1, b: 0.1 });
    expect(learns(hotKeys, listOf(2, { a: 0 }), NOW)).toBe(true);
    expect([hotKeys.shareOf('a'), hotKeys.size]).toEqual([0, 1]);
    expect(namesOf(hotKeys)).toEqual(['b']);
    expect(hotKeys.entryOf('a')).toMatchObject({ share: 0 });
  });
});

describe('the word of an item that its key is hot', () => {
  it('is believed at once, once, with the share that it tells', () => {
    const hotKeys = knowing({ a: 0.1 });
    expect(hotKeys.hinted('b', hint(0.2))).toBe(true);
    expect(hotKeys.hinted('b', hint(0.2))).toBe(false);
    expect(hotKeys.shareOf('b')).toBeCloseTo(0.2, 2);
    expect(namesOf(hotKeys).toSorted()).toEqual(['a', 'b']);
  });

  it('is not news of a key that the list names', () => {
    const hotKeys = knowing({ a: 0.1 });
    expect(hotKeys.hinted('a', hint(0.5))).toBe(false);
    expect(hotKeys.shareOf('a')).toBe(0.1);
  });

  it('holds until the list is read, which has the last word', () => {
    const hotKeys = new HotKeys(true);
    hotKeys.hinted('a', hint(0.2));
    hotKeys.hinted('b', hint(0.2));
    expect(learns(hotKeys, listOf(1, { a: 0.15 }), NOW)).toBe(true);
    expect([hotKeys.shareOf('a'), hotKeys.shareOf('b')]).toEqual([0.15, 0]);
  });

  it('is not believed again where the list did not know of it', () => {
    const hotKeys = new HotKeys(true);
    hotKeys.hinted('b', hint(0.2));
    expect(learns(hotKeys, listOf(1, {}), NOW)).toBe(true);
    expect(hotKeys.hinted('b', hint(0.2))).toBe(false);
    expect(hotKeys.size).toBe(0);
    expect(learns(hotKeys, listOf(2, { b: 0.2 }), NOW)).toBe(true);
    expect(hotKeys.shareOf('b')).toBe(0.2);
  });

  it('is not believed of a key that was taken off', () => {
    const hotKeys = knowing({ a: 0 });
    expect(hotKeys.hinted('a', hint(0.5))).toBe(false);
    expect(hotKeys.size).toBe(0);
  });

  it('is heard of so many keys as a list has, and no more', () => {
    const hotKeys = new HotKeys(true);
    const news = Array.from({ length: 200 }, (_, i) => hotKeys.hinted(`k${i}`, hint(0.01)));
    expect(news.filter(Boolean)).toHaveLength(MOST_HOT_KEYS);
    expect(hotKeys.size).toBe(MOST_HOT_KEYS);
    hotKeys.learn(listOf(1, {}), NOW);
    expect(hotKeys.hinted('k199', hint(0.01))).toBe(true);
  });

  it('remembers only so many that were wrong: what is refused takes no memory without end', () => {
    const hotKeys = new HotKeys(true);
    const lie = (from: number): void => {
      for (let i = from; i < from + MOST_HOT_KEYS; i++) hotKeys.hinted(`k${i}`, hint(0.01));
      hotKeys.learn(listOf(1, {}), NOW);
    };
    for (let round = 0; round < 4; round++) lie(round * MOST_HOT_KEYS);
    expect(hotKeys.hinted('k0', hint(0.01))).toBe(false);
    lie(4 * MOST_HOT_KEYS);
    expect(hotKeys.hinted('k0', hint(0.01))).toBe(true);
  });

  it('is not heard where items are shared with clients that may mean something else by it', () => {
    const hotKeys = knowing({ a: 0.1 }, false);
    expect(hotKeys.hinted('b', hint(0.5))).toBe(false);
    expect(namesOf(hotKeys)).toEqual(['a']);
  });
});

describe('the mark of a hot key’s item', () => {
  it('tells the share, in flags of this package only', () => {
    const hotKeys = knowing({ a: 0.1 });
    for (const flags of [PLAIN, flagsOf('string'), flagsOf('bytes', 'deflate')]) {
      const marked = hotKeys.mark('a', flags);
      expect(isHot(marked)).toBe(true);
      expect(hotShareOf(marked)).toBeCloseTo(0.1, 2);
    }
    expect(hotKeys.mark('a', FOREIGN)).toBe(FOREIGN);
  });

  it('is on no other item, not on a copy either, whose flags are those of its base', () => {
    const hotKeys = knowing({ a: 0.1 });
    for (const key of ['b', 'a~sc', 'A', '']) expect(hotKeys.mark(key, PLAIN)).toBe(PLAIN);
    expect(new HotKeys(true).mark('a', PLAIN)).toBe(PLAIN);
  });

  it('is not on an item of a key that was taken off, or is hot no more', () => {
    const hotKeys = knowing({ a: 0, b: 0.1, c: 0.1 });
    expect(hotKeys.mark('a', PLAIN)).toBe(PLAIN);
    hotKeys.learn(listOf(2, { c: 0.2 }, NOW + 900), NOW + 500);
    expect(hotKeys.mark('b', PLAIN)).toBe(PLAIN);
    expect(hotShareOf(hotKeys.mark('c', PLAIN))).toBeCloseTo(0.2, 2);
  });

  it('is not passed on by who has it of an item alone: it would outlive the list', () => {
    const hotKeys = new HotKeys(true);
    hotKeys.hinted('a', hint(0.1));
    expect(hotKeys.mark('a', PLAIN)).toBe(PLAIN);
  });

  it('is on no item at all with leases off', () => {
    expect(knowing({ a: 0.1 }, false).mark('a', PLAIN)).toBe(PLAIN);
  });
});
