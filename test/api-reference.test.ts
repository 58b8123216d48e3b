import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeApiReference } from '../scripts/docs/api-reference.ts';
import type { Manifest } from '../scripts/packaging/manifest.ts';
import { ROOT } from '../scripts/packaging/stage.ts';

const jsonOf = <T>(file: string): T => JSON.parse(readFileSync(join(ROOT, file), 'utf8')) as T;

describe('the API reference', () => {
  let folder: string;
  beforeAll(() => {
    mkdirSync(join(ROOT, '.local'), { recursive: true });
    folder = mkdtempSync(join(ROOT, '.local/api-'));
    // Throws where something that is exported, or can be called, has no comment.
    writeApiReference(folder);
  }, 60_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('is of every entry of the package', () => {
    const { exports } = jsonOf<Manifest>('package.json');
    const built = Object.values(exports).flatMap((entry) => (typeof entry === 'string' ? [] : entry.default));
    const { entryPoints } = jsonOf<{ entryPoints: string[] }>('tools/docs/typedoc.json');
    const sources = entryPoints.map((file) => relative(ROOT, resolve(ROOT, 'tools/docs', file)));
    expect(sources.map((file) => file.replace('src/', './dist/').replace('.ts', '.js')).sort()).toEqual(
      built.sort(),
    );
  });

  it('is as `npm run docs:api` writes it', () => {
    const committed = join(ROOT, 'docs/api');
    expect(pagesIn(folder), 'run `npm run docs:api`').toEqual(pagesIn(committed));
    for (const page of pagesIn(folder)) {
      const [drawn, held] = [folder, committed].map((where) => readFileSync(join(where, page), 'utf8'));
      expect(held === drawn, `docs/api/${page} is out of date: run \`npm run docs:api\``).toBe(true);
    }
  });
});

const pagesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .sort();
