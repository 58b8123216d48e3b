import { describe, expect, it } from 'vitest';
import {
  decodeHotList,
  encodeHotList,
  type HotKey,
  type HotList,
  MOST_HOLD_SECONDS,
  MOST_HOT_KEYS,
  mergeHotLists,
  NO_HOT_KEYS,
  withHotKeys,
} from '../../../src/hotkeys/index.ts';

const NOW = 1_800_000_000;
const entry = (key: string, over: Partial<HotKey> = {}): HotKey => ({
  key,
  share: 0.1,
  until: NOW + 180,
  version: 1,
  ...over,
});
const list = (keys: readonly HotKey[], version = 9): HotList => ({ version, keys });
const decoded = (value: unknown) =>
  decodeHotList(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)), NOW);
/** The list of one key, said in the rows of the wire. */
const listing = (...row: unknown[]) => decoded([9, [row]]);

describe('a hot list on the wire', () => {
  it('comes back as it was written', () => {
    const given = list([
      entry('item:1', { share: 1 }),
      entry('naïve🔥"\\', { share: 0.0312, version: 9 }),
      entry('__proto__', { share: 0.00002345 }),
      entry('constructor', { share: 0 }),
    ]);
    expect(decodeHotList(encodeHotList(given), NOW)).toEqual(given);
    expect(decodeHotList(encodeHotList(NO_HOT_KEYS), NOW)).toEqual(NO_HOT_KEYS);
  });

  it('comes back where it is as long as it can be', () => {
    const keys = Array.from({ length: MOST_HOT_KEYS }, (_, i) =>
      entry(`${i}`.padEnd(250, '"'), { share: 1.234e-7, version: 2 ** 40 - 1 }),
    );
    const given = list(keys, 2 ** 40 - 1);
    expect(decodeHotList(encodeHotList(given), NOW)).toEqual(given);
  });

  it('tells shares with four digits and times in whole seconds', () => {
    const written = withHotKeys(list([]), [{ key: 'k', share: 0.123456, until: NOW + 1.4 }], NOW);
    expect(encodeHotList(written).toString()).toBe(`[10,[["k",0.1235,${NOW + 1},10]]]`);
  });

  it('keeps entries past their time, so that who reads them can take them off', () => {
    expect(listing('k', 0.1, NOW - 10, 1)).toEqual(list([entry('k', { until: NOW - 10 })]));
  });
});

describe('what is no hot list is refused, and why', () => {
  const KEYS = Array.from({ length: MOST_HOT_KEYS + 1 }, (_, i) => [`k${i}`, 0.001, NOW + 1, 1]);
  const ENTRY = 'its key 0 is no [key, share, until, version]';
  const PAIR = 'it is no [version, keys]';

  it.each([
    ['nothing', '', 'it is no JSON'],
    ['garbage', '\x00\x01\xff{', 'it is no JSON'],
    ['a list that was cut', '[9,[["k",0.1', 'it is no JSON'],
    ['JSON that no parser should follow', '['.repeat(30_000), 'it is no JSON'],
    ['deep JSON', `${'['.repeat(15_000)}${']'.repeat(15_000)}`, PAIR],
    ['deep JSON in the place of the keys', `[9,${'['.repeat(15_000)}${']'.repeat(15_000)}]`, ENTRY],
    ['40 kB', ' '.repeat(40_000), 'it has 40000 bytes'],
    ['a number', '7', PAIR],
    ['null', 'null', PAIR],
    ['an object', '{"__proto__":{"length":2},"0":9,"1":[]}', PAIR],
    ['a longer list', '[9,[],1]', PAIR],
    ['no version', '[null,[]]', 'its version is no whole number'],
    ['half a version', '[1.5,[]]', 'its version is no whole number'],
    ['a negative version', '[-1,[]]', 'its version is no whole number'],
    ['a version that nobody could raise', '[9007199254740991,[]]', 'its version is no whole number'],
    ['keys that are an object', '[9,{"length":1}]', 'its keys are no list of up to 64'],
  ])('%s', (_what, text, refused) => {
    expect(decodeHotList(Buffer.from(text, 'latin1'), NOW)).toEqual({ refused });
  });

  it('more keys than a list holds', () => {
    expect(decoded([9, KEYS])).toEqual({ refused: 'its keys are no list of up to 64' });
    expect(decoded([9, KEYS.slice(1)])).toMatchObject({ version: 9 });
  });

  it('one key twice', () => {
    expect(decoded([9, [KEYS[0], KEYS[1], KEYS[0]]])).toEqual({ refused: 'it names a key twice' });
  });

  it.each([
    ['above all', 1.5],
    ['a little above all', 1.0001],
    ['below nothing', -0.1],
    ['that is no number', Number.NaN],
    ['without end', Number.POSITIVE_INFINITY],
    ['as text', '0.1'],
    ['in a list', [0.1]],
  ])('a share %s', (_what, share) => {
    expect(listing('k', share, NOW + 1, 1)).toEqual({ refused: ENTRY });
  });

  it('a share so large that JSON makes it infinite', () => {
    expect(decoded('[9,[["k",1e999,1,1]]]')).toEqual({ refused: ENTRY });
  });

  it.each([
    ['in a thousand years', NOW + 1_000 * 365 * 86_400],
    ['a second after the longest', NOW + MOST_HOLD_SECONDS + 1],
    ['before time', -1],
    ['that is none', null],
    ['as text', `${NOW}`],
  ])('a time %s', (_what, until) => {
    expect(listing('k', 0.1, until, 1)).toEqual({ refused: ENTRY });
  });

  it('no time that is as long as it may be', () => {
    expect(listing('k', 0.1, NOW + MOST_HOLD_SECONDS, 1)).toMatchObject({ version: 9 });
  });

  it.each([
    ['above the list’s', 10],
    ['below 0', -1],
    ['that is a part', 0.5],
    ['that is none', '1'],
  ])('an entry’s version %s', (_what, version) => {
    expect(listing('k', 0.1, NOW + 1, version)).toEqual({ refused: ENTRY });
  });

  it.each([
    ['empty', ''],
    ['with a space', 'a b'],
    ['with a line end', 'a\r\nflush_all'],
    ['with a zero byte', 'a\x00'],
    ['with a delete byte', 'a\x7f'],
    ['of 251 bytes', 'k'.repeat(251)],
    ['of 251 bytes in fewer characters', `${'é'.repeat(125)}k`],
    ['that is a number', 7],
    ['that is none', null],
  ])('a key %s', (_what, key) => {
    expect(listing(key, 0.1, NOW + 1, 1)).toEqual({ refused: ENTRY });
  });

  it('no key of 250 bytes', () => {
    expect(listing('k'.repeat(250), 0.1, NOW + 1, 1)).toMatchObject({ version: 9 });
  });

  it('a row of another length, or none', () => {
    const row = ['k', 0.1, NOW + 1, 1];
    for (const wrong of [row.slice(0, 3), [...row, 1], [], null, 'k', { 0: 'k', length: 4 }]) {
      expect(decoded([9, [wrong]])).toEqual({ refused: ENTRY });
    }
    expect(decoded([9, [row, null]])).toEqual({ refused: ENTRY.replace('0', '1') });
  });
});

describe('a change of a hot list', () => {
  it('raises the version by one, and its entries have the new one', () => {
    const before = list([entry('a', { share: 0.2, version: 4 })]);
    expect(withHotKeys(before, [{ key: 'b', share: 0.1, until: NOW + 5 }], NOW)).toEqual({
      version: 10,
      keys: [entry('a', { share: 0.2, version: 4 }), entry('b', { until: NOW + 5, version: 10 })],
    });
  });

  it('replaces the entry of a key, whatever the other had said', () => {
    const before = list([entry('a', { share: 0.9, until: NOW + 500, version: 9 })]);
    const after = withHotKeys(before, [{ key: 'a', share: 0, until: NOW + 5 }], NOW);
    expect(after.keys).toEqual([entry('a', { share: 0, until: NOW + 5, version: 10 })]);
  });

  it('leaves out those whose time is over', () => {
    const before = list([entry('a', { until: NOW }), entry('b', { until: NOW + 1 })]);
    expect(withHotKeys(before, [], NOW).keys.map(({ key }) => key)).toEqual(['b']);
  });

  it('lets the coldest go where there are too many', () => {
    const full = list(Array.from({ length: 64 }, (_, i) => entry(`k${i}`, { share: 0.001 * (i + 1) })));
    const hotter = withHotKeys(full, [{ key: 'new', share: 0.0015, until: NOW + 5 }], NOW);
    expect(hotter.keys).toHaveLength(64);
    expect(hotter.keys.at(-1)?.key).toBe('new');
    expect(hotter.keys.some(({ key }) => key === 'k0')).toBe(false);
    const colder = withHotKeys(full, [{ key: 'new', share: 0.0005, until: NOW + 5 }], NOW);
    expect(colder.keys).toEqual(full.keys.toReversed());
  });

  it('that two wrote at once is of the two the one that lasts longer, else the hotter one', () => {
    const [long, short] = [
      entry('a', { share: 0.1, until: NOW + 9 }),
      entry('a', { share: 0.2, until: NOW + 8 }),
    ];
    const [hotter, colder] = [entry('a', { share: 0.2 }), entry('a', { share: 0.1 })];
    for (const [holds, other] of [
      [long, short],
      [hotter, colder],
    ] as const) {
      expect(mergeHotLists(list([holds]), list([other]), NOW).keys).toEqual([holds]);
      expect(mergeHotLists(list([other]), list([holds]), NOW).keys).toEqual([holds]);
    }
  });

  it('orders keys by share, and those alike by name', () => {
    const merged = mergeHotLists(
      list([entry('b'), entry('z', { share: 0.3 })]),
      list([entry('a'), entry('B')]),
      NOW,
    );
    expect(merged.keys.map(({ key }) => key)).toEqual(['z', 'B', 'a', 'b']);
  });
});
