import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { burstPicture } from '../../../scripts/local/burst-picture.ts';

const loads = (...reads: number[]) => reads.map((count, i) => ({ node: `n${i}`, reads: count }));
const results = [
  { title: 'plain', seconds: 2, loads: loads(3000, 500, 500, 0) },
  { title: 'smeared', seconds: 1, loads: loads(1000, 1000, 1000, 1000) },
];
const picture = burstPicture(results, '4,000 requests');
const widths = [...picture.matchAll(/<rect [^>]*width="(\d+)"/g)].map((match) => Number(match[1]));

it('has a bar for each node, all on one scale', () => {
  expect(widths).toEqual([230, 38, 38, 0, 77, 77, 77, 77]);
});

it('says the figures, and how uneven they are', () => {
  for (const text of ['3,000 · 75 %', '1,000 · 25 %', '3.0 times the mean', '1.0 times the mean']) {
    expect(picture).toContain(text);
  }
  expect(picture).toContain('plain: node 1 served 3000 reads');
});

it('stays inside of its frame', () => {
  const [, width] = /viewBox="0 0 (\d+) /.exec(picture)!;
  for (const [, x, bar] of picture.matchAll(/<rect x="(\d+)" y="\d+" width="(\d+)"/g)) {
    // Its figures stand behind it.
    expect(Number(x) + Number(bar) + 90).toBeLessThanOrEqual(Number(width));
  }
});

it('is what the README shows', () => {
  const shown = readFileSync(new URL('../../../docs/hot-key.svg', import.meta.url), 'utf8');
  const shape = (svg: string) => svg.match(/<(svg|title|rect|text)\b/g);
  expect(shape(shown)).toEqual(shape(picture));
  expect(shown).toContain('npm run burst');
});
