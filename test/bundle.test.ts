import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ENTRY = fileURLToPath(new URL('../src/index.ts', import.meta.url));
/** In kB of 1,024 bytes, as bundlers print them. memjs is 6 of them, and what drives it 5 more. */
const LIMIT_KB = 126;

/** What a cold start must not pay for, as Node names it once loaded. */
const UNWANTED = ['tls', 'crypto', 'zlib', 'http', 'https', 'fs/promises'].map(
  (name) => `NativeModule ${name}`,
);

describe('the package in a bundle', () => {
  let folder: string;
  let bundle: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(fileURLToPath(new URL('../node_modules/', import.meta.url)), '.bundle-'));
    bundle = join(folder, 'bundle.mjs');
    await build({
      stdin: { contents: `export * from ${JSON.stringify(ENTRY)};`, resolveDir: folder },
      bundle: true,
      minify: true,
      platform: 'node',
      format: 'esm',
      target: 'node22',
      external: ['@aws-sdk/*'],
      outfile: bundle,
    });
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it(`takes ${LIMIT_KB} kB at the most, minified, memjs included`, () => {
    expect(statSync(bundle).size).toBeLessThanOrEqual(LIMIT_KB * 1024);
  });

  it('loads nothing at import that it may not need', () => {
    expect(loadedBy(`await import(${JSON.stringify(bundle)});`)).toEqual([]);
  });

  it('loads nothing more to make a cache and route a key', () => {
    const options = JSON.stringify({ discovery: { nodes: ['127.0.0.1:1'] }, schema: 'a' });
    expect(
      loadedBy(`const { createCache } = await import(${JSON.stringify(bundle)});
      const cache = createCache(${options});
      await cache.get('key');
      await cache.close();`),
    ).toEqual([]);
  });

  function loadedBy(code: string): string[] {
    const script = join(folder, 'script.mjs');
    writeFileSync(
      script,
      `const before = new Set(process.moduleLoadList);
      ${code}
      const loaded = process.moduleLoadList.filter((name) => !before.has(name));
      process.stdout.write(JSON.stringify(loaded));`,
    );
    const loaded = JSON.parse(execFileSync(process.execPath, [script], { encoding: 'utf8' })) as string[];
    return loaded.filter((name) => UNWANTED.includes(name));
  }
});
