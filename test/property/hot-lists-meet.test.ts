import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeHotList,
  encodeHotList,
  type HotList,
  isBehind,
  MOST_HOT_KEYS,
  mergeHotLists,
  NO_HOT_KEYS,
  withHotKeys,
} from '../../src/hotkeys/index.ts';

const NOW = 1_767_225_600;
const MOST_VERSION = 2 ** 40 - 1;

const entry = fc.record({
  key: fc.integer({ min: 0, max: 99 }).map((n) => `k${n}`),
  share: fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom(0, 1, 0.25)),
  until: fc.integer({ min: NOW - 100, max: NOW + 1_000 }),
});
const entries = fc.uniqueArray(entry, { maxLength: MOST_HOT_KEYS, selector: ({ key }) => key });
/** As whoever can write to memcached may leave it. */
const lists = fc.tuple(entries, fc.constantFrom(1, 2, 3, 7, MOST_VERSION)).chain(([rows, version]) =>
  fc.tuple(...rows.map(() => fc.integer({ min: 0, max: version }))).map((versions) => ({
    version,
    keys: rows.map((row, i) => ({ ...row, version: versions[i]! })),
  })),
);

const accepted = (list: HotList): HotList | undefined => {
  const decoded = decodeHotList(encodeHotList(list), NOW);
  return 'refused' in decoded ? undefined : decoded;
};
const text = (list: HotList): string => encodeHotList(list).toString();

describe('hot lists that meet', () => {
  it('of any two that are accepted come to one that is, whatever is written into it', () => {
    fc.assert(
      fc.property(lists, lists, entries, (one, other, written) => {
        const [a, b] = [accepted(one) ?? NO_HOT_KEYS, accepted(other) ?? NO_HOT_KEYS];
        const list = withHotKeys(mergeHotLists(a, b, NOW), written, NOW);
        expect(text(accepted(list)!)).toBe(text(list));
        expect(list.keys.every(({ until }) => until > NOW)).toBe(true);
      }),
    );
  });

  it('come to the same in whichever order they are read', () => {
    fc.assert(
      fc.property(lists, lists, (one, other) => {
        expect(text(mergeHotLists(one, other, NOW))).toBe(text(mergeHotLists(other, one, NOW)));
      }),
    );
  });

  it('are not behind what was merged into them, where there is room for it and none of it is over', () => {
    const small = lists.map(({ version, keys }) => ({
      version,
      keys: keys
        .slice(0, MOST_HOT_KEYS / 2)
        .map((row) => ({ ...row, share: row.share / 4, until: Math.max(row.until, NOW + 1) })),
    }));
    fc.assert(
      fc.property(small, small, (one, other) => {
        const merged = mergeHotLists(one, other, NOW);
        expect(isBehind(merged, one, NOW)).toBe(false);
        expect(isBehind(merged, other, NOW)).toBe(false);
      }),
    );
  });
});
