// What real clients chose. Each file says in `how` which client, which version and how it was asked.
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { buildRing, DIALECTS, type RingDialect, type RingNode } from '../../src/ring/index.ts';

interface Vectors {
  readonly dialect: RingDialect;
  readonly implementation: string;
  readonly keys: readonly string[];
  readonly rings: readonly {
    readonly name: string;
    readonly servers: readonly RingNode[];
    /** Index into `servers` for each of `keys`. */
    readonly picks: readonly number[];
    /** Further pairs of a key and an index. */
    readonly extra: readonly (readonly [key: string, pick: number])[];
  }[];
}

const FOLDER = new URL('./ketama/', import.meta.url);
const files = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));
const vectors = files.map((name): Vectors => JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8')));

it('has vectors for every dialect', () => {
  expect(vectors.map(({ dialect }) => dialect).sort()).toEqual([...DIALECTS].sort());
});

describe.each(vectors)('$dialect places every key where $implementation does', ({ dialect, keys, rings }) => {
  it.each(rings)('on $name', ({ servers, picks, extra }) => {
    const ring = buildRing(servers, { dialect });
    const choices = [...keys.map((key, i) => [key, picks[i]!] as const), ...extra];
    const wrong = choices.filter(([key, pick]) => ring.owner(key) !== servers[pick]);
    expect(picks).toHaveLength(keys.length);
    expect(`${wrong.length} of ${choices.length} disagree`).toBe(`0 of ${choices.length} disagree`);
  });
});
