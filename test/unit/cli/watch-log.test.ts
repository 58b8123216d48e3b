import { describe, expect, it } from 'vitest';
import { type Burst, LineTally } from '../../../src/cli/top/burst.ts';
import { parseFetch } from '../../../src/cli/top/fetch-line.ts';
import { rank } from '../../../src/cli/top/ranking.ts';

const line = (key: string, size = 5, more = ''): string =>
  `ts=1795543025.273040 gid=2 type=item_get key=${key} status=found clsid=1 cfd=24 size=${size}${more}`;

describe('a line of `watch fetchers`', () => {
  it.each([
    [line('a'), { key: 'a', size: 5 }],
    [line('b%C3%A9%2520x%3Dy', 0), { key: 'bé%20x=y', size: 0 }],
    [line('%FF%FE'), { key: '%FF%FE', size: 5 }],
    [line('a', 7, ' ttl=30'), { key: 'a', size: 7 }],
    [line('a').replace('found', 'not_found'), { key: 'a', size: 5 }],
  ])('is read: %s', (text, fetch) => expect(parseFetch(text)).toEqual(fetch));

  it.each([
    '',
    'OK',
    'END',
    'skipped=12',
    line('a').slice(0, -1).replace('size=', 'size'),
    line('a').replace('type=item_get', 'type=item_store'),
    line('a').replace('gid=2 ', ''),
    `${line('a')} and more`,
    line('a', 5).replace('size=5', 'size=-5'),
    ` ${line('a')}`,
  ])('is refused: %s', (text) => expect(parseFetch(text)).toBeUndefined());
});

describe('the tally of lines', () => {
  it('is the same however the bytes are cut', () => {
    const text = `${[line('a', 5), line('b', 1), 'skipped=3', 'nonsense', line('a', 7)].join('\r\n')}\r\n${line('cut')}`;
    for (let size = 1; size <= text.length; size += 7) {
      const tally = new LineTally();
      for (let at = 0; at < text.length; at += size) tally.feed(text.slice(at, at + size));
      expect([...tally.keys]).toEqual([
        ['a', { fetches: 2, bytes: 12 }],
        ['b', { fetches: 1, bytes: 1 }],
      ]);
      expect([tally.seen, tally.unreadable]).toEqual([3, 1]);
    }
  });

  it('keeps no line without end', () => {
    const tally = new LineTally();
    for (let i = 0; i < 100; i++) tally.feed('x'.repeat(1_000));
    expect(tally.unreadable).toBeGreaterThan(0);
    tally.feed(`\n${line('a')}\n`);
    expect(tally.seen).toBe(1);
  });
});

describe('the ranking', () => {
  function burst(counts: Record<string, number>, bytes = 10): Burst {
    const keys = new Map(
      Object.entries(counts).map(([key, fetches]) => [key, { fetches, bytes: fetches * bytes }]),
    );
    const seen = Object.values(counts).reduce((sum, fetches) => sum + fetches, 0);
    return { kind: 'burst', keys, seen, unreadable: 0 };
  }

  it('takes shares from what was seen, and rates from what was counted', () => {
    const { keys, perSecond, bytesPerSecond } = rank(
      [
        {
          node: 'a:1',
          bursts: [burst({ x: 10, y: 30 }), burst({ x: 10, y: 50 })],
          served: { count: 10_000, seconds: 10 },
        },
        { node: 'b:1', bursts: [burst({ z: 5 })], served: { count: 500, seconds: 1 } },
      ],
      10,
    );
    expect(perSecond).toBe(1_500);
    expect(bytesPerSecond).toBe(15_000);
    expect(keys.map(({ key, perSecond }) => [key, perSecond])).toEqual([
      ['y', 800],
      ['z', 500],
      ['x', 200],
    ]);
    expect(keys[0]).toMatchObject({
      share: 800 / 1_500,
      copied: false,
      nodes: [{ node: 'a:1', perSecond: 800 }],
    });
  });

  it('counts copies for their base, hashed keys as keys, and no keys of our own', () => {
    const served = { count: 100, seconds: 1 };
    const { keys } = rank(
      [
        {
          node: 'a:1',
          bursts: [burst({ 'v1:k': 60, 'sc~n~v1:k': 20, 'sc~hot~dalli': 5, 'a:sc~x': 5, 'v1:sc~h~abc': 10 })],
          served,
        },
        { node: 'b:1', bursts: [burst({ 'v1:k~sc': 100 })], served },
      ],
      10,
    );
    expect(keys.map(({ key, copied, nodes }) => [key, copied, nodes.map(({ node }) => node)])).toEqual([
      ['v1:k', true, ['b:1', 'a:1']],
      ['v1:sc~h~abc', false, ['a:1']],
      ['a:sc~x', false, ['a:1']],
    ]);
  });

  it('is empty where nothing was asked for', () => {
    expect(rank([{ node: 'a:1', bursts: [burst({})], served: { count: 0, seconds: 1 } }], 10)).toMatchObject({
      keys: [],
      perSecond: 0,
    });
  });
});
