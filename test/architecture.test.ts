import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it, test } from 'vitest';

const SRC = new URL('../src/', import.meta.url);

/** Arrows point downward only; two folders on one level do not know each other. Files at the top wire the rest. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  base: [],
  ring: ['base'],
  smear: ['base', 'ring'],
  codec: ['base'],
  hotkeys: ['base'],
  memcached: ['base'],
  topology: ['base', 'ring', 'memcached'],
  client: ['base', 'ring', 'smear', 'hotkeys', 'codec', 'memcached', 'topology'],
  observability: ['base'],
  middleware: ['base', 'client'],
  release: ['base', 'ring'],
  testing: ['base'],
  cli: ['base', 'ring', 'smear', 'hotkeys', 'codec', 'memcached', 'topology', 'client'],
};

const PURE = ['ring', 'smear', 'hotkeys', 'codec', 'release'];
const IMPURE =
  /\b(Date\.now|performance\.now|Math\.random|setTimeout|setInterval|setImmediate|process\.env)\b|from 'node:(net|tls|dns|fs|timers|http)/;

/** Time, chance and the environment come in as arguments: only these read them. */
const READS_THE_WORLD = ['base/clock.ts', 'create-cache.ts', 'smear-cache.ts', 'cli/main.ts'];
const WORLD = /\b(Date\.now|performance\.now|Math\.random|process\.env)\b/;

/** What a cold start pays for: these are loaded when first needed, never by an import at the top. */
const LAZY =
  /from '(node:tls|node:crypto|node:zlib|node:http|node:https|@aws-sdk\/[^']+|@aws-lambda-powertools\/[^']+)'/;

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
const folderOf = (file: string): string => (file.includes('/') ? file.split('/')[0]! : '');
const sourceOf = (file: string): string => readFileSync(new URL(file, SRC), 'utf8');
const withoutComments = (source: string): string => source.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');

describe('the architecture', () => {
  it('names every folder of src', () => {
    expect([...new Set(files.map(folderOf))].filter((folder) => folder !== '').sort()).toEqual(
      Object.keys(MAY_IMPORT).sort(),
    );
  });

  test.each(files)('src/%s imports only downward', (file) => {
    const from = folderOf(file);
    if (from === '') return;
    for (const [, target] of sourceOf(file).matchAll(/(?:from |import |import\()'(\.[^']+)'/g)) {
      const to = folderOf(new URL(target!, `file:///${file}`).pathname.slice(1));
      expect([from, ...(MAY_IMPORT[from] ?? [])], `${file} imports ${target}`).toContain(to);
    }
  });

  it("keeps the operator's tool out of what handlers bundle", () => {
    const others = files.filter((file) => folderOf(file) !== 'cli');
    const using = others.filter((file) => /from '(commander|\.+\/cli\/[^']*)'/.test(sourceOf(file)));
    expect(using).toEqual([]);
  });

  test.each(files.filter((file) => PURE.includes(folderOf(file))))('src/%s is pure', (file) => {
    expect(withoutComments(sourceOf(file))).not.toMatch(IMPURE);
  });

  test.each(files)('src/%s leaves the clock, chance and the environment to its caller', (file) => {
    if (READS_THE_WORLD.includes(file)) return;
    expect(withoutComments(sourceOf(file))).not.toMatch(WORLD);
  });

  test.each(files)('src/%s imports nothing at the top that a cold start need not pay for', (file) => {
    if (folderOf(file) === 'testing') return;
    const values = sourceOf(file).replace(/^import type .*$/gm, '');
    expect(values).not.toMatch(LAZY);
  });

  test.each(files)('src/%s has 250 lines at the most', (file) => {
    expect(sourceOf(file).split('\n').length).toBeLessThanOrEqual(251);
  });
});
