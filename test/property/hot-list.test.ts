import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeHotList,
  encodeHotList,
  type HotKey,
  type HotList,
  MOST_HOT_KEYS,
  mergeHotLists,
  NO_HOT_KEYS,
  withHotKeys,
} from '../../src/hotkeys/index.ts';

const NOW = 1_800_000_000;
/** Often alike, and often nothing. */
const share = fc.oneof(
  fc.integer({ min: 0, max: 8 }).map((part) => part / 8),
  fc.integer({ min: 1, max: 100_000 }).map((part) => part / 100_000),
);
/** Entries past their time are among them where `from` is negative. */
const lists = (names: number, from: number): fc.Arbitrary<HotList> =>
  fc
    .uniqueArray(
      fc.record({
        key: fc.integer({ min: 0, max: names - 1 }).map((name) => `key:${name}`),
        share,
        until: fc.integer({ min: from, max: 200 }).map((seconds) => NOW + seconds),
        version: fc.integer({ min: 0, max: 6 }),
      }),
      { selector: ({ key }) => key, maxLength: MOST_HOT_KEYS },
    )
    .map((keys) => ({ version: Math.max(6, ...keys.map(({ version }) => version)), keys }));
/** So few that all have room. */
const small = lists(12, 1);
const merged = (one: HotList, other: HotList): HotList => mergeHotLists(one, other, NOW);

/** Any tree of changes: each is made of a list that somebody knew, which need not be the newest. */
const history = fc.array(
  fc.record({
    knew: fc.nat(),
    heard: fc.option(fc.nat(), { nil: undefined }),
    key: fc.integer({ min: 0, max: 9 }).map((name) => `key:${name}`),
    share,
    lasts: fc.integer({ min: 1, max: 200 }),
  }),
  { minLength: 1, maxLength: 12 },
);
type Change = typeof history extends fc.Arbitrary<(infer T)[]> ? T : never;

function listsOf(changes: readonly Change[]): readonly HotList[] {
  const known: HotList[] = [NO_HOT_KEYS];
  for (const { knew, heard, key, share: of, lasts } of changes) {
    const before = known[knew % known.length]!;
    const base = heard === undefined ? before : merged(before, known[heard % known.length]!);
    known.push(withHotKeys(base, [{ key, share: of, until: NOW + lasts }], NOW));
  }
  return known;
}

describe('the merger of two hot lists', () => {
  it('is the same from either side', () => {
    fc.assert(
      fc.property(lists(100, -100), lists(100, -100), (one, other) => {
        expect(merged(one, other)).toEqual(merged(other, one));
      }),
    );
  });

  it('with itself, and with what it is merged of, is nothing new', () => {
    fc.assert(
      fc.property(small, small, (one, other) => {
        const both = merged(one, other);
        expect(merged(both, both)).toEqual(both);
        expect(merged(both, one)).toEqual(both);
        expect(merged(other, both)).toEqual(both);
      }),
    );
  });

  it('of three is the same whichever two come first', () => {
    fc.assert(
      fc.property(small, small, small, (one, two, three) => {
        expect(merged(merged(one, two), three)).toEqual(merged(one, merged(two, three)));
      }),
    );
  });

  it('is where all who changed it arrive, in whatever order they hear of each other', () => {
    fc.assert(
      fc.property(history, fc.infiniteStream(fc.nat()), (changes, numbers) => {
        const all = listsOf(changes);
        const shuffled = all
          .map((list) => ({ list, at: numbers.next().value as number }))
          .toSorted((a, b) => a.at - b.at)
          .map(({ list }) => list);
        expect(shuffled.reduce(merged)).toEqual(all.reduce(merged));
      }),
    );
  });

  it('has no more keys than a list holds, each once, and of all the hottest', () => {
    fc.assert(
      fc.property(lists(200, 1), lists(200, 1), (one, other) => {
        const { keys } = merged(one, other);
        const given = new Set([...one.keys, ...other.keys].map(({ key }) => key));
        expect(keys).toHaveLength(Math.min(MOST_HOT_KEYS, given.size));
        expect(new Set(keys.map(({ key }) => key)).size).toBe(keys.length);
        expect(keys.map((entry) => entry.share)).toEqual(
          keys.map((entry) => entry.share).toSorted((a, b) => b - a),
        );
        const coldest = keys.at(-1)?.share ?? 0;
        const kept = new Set(keys.map(({ key }) => key));
        for (const { key } of [...one.keys, ...other.keys].filter((entry) => !kept.has(entry.key))) {
          const said = newest(key, one, other);
          expect(said.share).toBeLessThanOrEqual(coldest);
        }
      }),
    );
  });

  it('keeps nothing whose time is over, and of each key what was written last', () => {
    fc.assert(
      fc.property(lists(20, -100), lists(20, -100), (one, other) => {
        for (const entry of merged(one, other).keys) {
          expect(entry.until).toBeGreaterThan(NOW);
          const { version } = newest(entry.key, one, other);
          expect(entry.version).toBe(version);
          expect([...one.keys, ...other.keys]).toContainEqual(entry);
        }
      }),
    );
  });
});

function newest(key: string, ...from: readonly HotList[]): HotKey {
  const said = from.flatMap(({ keys }) => keys).filter((entry) => entry.key === key);
  return said.toSorted((a, b) => b.version - a.version)[0]!;
}

describe('the bytes of a hot list', () => {
  it('come back as what was written, shares to four digits', () => {
    fc.assert(
      fc.property(lists(100, -100), (given) => {
        const decoded = decodeHotList(encodeHotList(given), NOW);
        if ('refused' in decoded) throw new Error(decoded.refused);
        expect(decoded.version).toBe(given.version);
        expect(decoded.keys.map(({ key, until, version }) => ({ key, until, version }))).toEqual(
          given.keys.map(({ key, until, version }) => ({ key, until, version })),
        );
        for (const [at, entry] of decoded.keys.entries()) {
          const { share: was } = given.keys[at]!;
          expect(Math.abs(entry.share - was)).toBeLessThanOrEqual(was * 0.0005 + Number.MIN_VALUE);
        }
        expect(decodeHotList(encodeHotList(decoded), NOW)).toEqual(decoded);
      }),
    );
  });

  /** What others may have put there: any bytes, any JSON, and lists with one part replaced. */
  const value = fc.oneof(fc.jsonValue(), fc.double(), fc.constantFrom('__proto__', 'a b', '', -0, 2 ** 53));
  const row = fc.oneof(
    fc.tuple(fc.string(), share, fc.nat(NOW + 300), fc.nat(9)),
    fc.array(value, { maxLength: 6 }),
    value,
  );
  const anything = fc.oneof(
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    fc.json().map((text) => Buffer.from(text)),
    fc
      .tuple(fc.oneof(fc.constant(9), value), fc.oneof(fc.array(row), value))
      .map((list) => Buffer.from(JSON.stringify(list))),
    fc.tuple(lists(70, -100), fc.nat(), fc.nat(255)).map(([list, at, byte]) => {
      const bytes = encodeHotList(list);
      bytes[at % bytes.length] = byte;
      return bytes;
    }),
  );

  it('are a list that is bounded or are refused, and are never an exception', () => {
    fc.assert(
      fc.property(anything, (bytes) => {
        const decoded = decodeHotList(bytes, NOW);
        if ('refused' in decoded) {
          expect(decoded.refused).toMatch(/^it|^its/);
          return;
        }
        expect(decoded.keys.length).toBeLessThanOrEqual(MOST_HOT_KEYS);
        for (const entry of decoded.keys) {
          expect(Buffer.byteLength(entry.key)).toBeLessThanOrEqual(250);
          expect([...entry.key].every((sign) => sign > ' ' && sign !== '\x7f')).toBe(true);
          expect(entry.share >= 0 && entry.share <= 1).toBe(true);
          expect(entry.version).toBeLessThanOrEqual(decoded.version);
        }
      }),
      { numRuns: 500 },
    );
  });
});
