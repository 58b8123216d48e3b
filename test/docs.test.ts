import { execFile } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../', import.meta.url));

const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'events/README.md',
  ...markdownIn('docs'),
  ...markdownIn('.github'),
];
const read = (page: string): string => readFileSync(join(ROOT, page), 'utf8');

function markdownIn(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => join(folder, file));
}

interface Block {
  readonly page: string;
  readonly line: number;
  readonly language: string;
  readonly code: string;
}

function blocksOf(page: string): Block[] {
  const text = read(page);
  return Array.from(text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm), (match) => ({
    page,
    line: text.slice(0, match.index).split('\n').length,
    language: match[1]!,
    code: match[2]!,
  }));
}

const blocks = pages.flatMap(blocksOf);

describe('the documentation', () => {
  let folder: string;

  beforeAll(() => {
    mkdirSync(join(ROOT, '.local'), { recursive: true });
    folder = mkdtempSync(join(ROOT, '.local/docs-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('says what language every code block is in', () => {
    expect(
      blocks.filter(({ language }) => language === '').map(({ page, line }) => `${page}:${line}`),
    ).toEqual([]);
  });

  it('has TypeScript that compiles as a user would compile it', { timeout: 60_000 }, async () => {
    const code = blocks.filter(({ language }) => language === 'ts');
    expect(code.length).toBeGreaterThan(0);
    for (const block of code) {
      const name = `${block.page.replace(/\W+/g, '-')}-line-${block.line}.ts`;
      writeFileSync(join(folder, name), block.code);
    }
    const entry = (file: string): string[] => [join(ROOT, 'src', file)];
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({
        extends: join(ROOT, 'tsconfig.json'),
        compilerOptions: {
          paths: {
            smearcache: entry('index.ts'),
            'smearcache/idempotency': entry('idempotency.ts'),
            'smearcache/ring': entry('ring/index.ts'),
            'smearcache/release': entry('release/index.ts'),
            'smearcache/testing': entry('testing/index.ts'),
          },
        },
        include: ['*.ts', join(ROOT, 'src/**/*.d.ts')],
      }),
    );
    const tsc = join(ROOT, 'node_modules/.bin/tsc');
    const failure = await promisify(execFile)(process.execPath, [tsc, '-p', folder], { cwd: ROOT }).then(
      () => undefined,
      (error: { stdout: string }) => error.stdout,
    );
    expect(failure).toBeUndefined();
  });

  test.each(pages)('%s names only scripts that package.json has', (page) => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = [...read(page).matchAll(/npm run ([\w:-]+)/g)].map((match) => match[1]!);
    for (const name of named) expect(Object.keys(scripts)).toContain(name);
  });

  test.each(pages)('%s links only to files that are there', (page) => {
    const targets = [...read(page).matchAll(/\]\((?!https?:)([^)#]+)[^)]*\)/g)].map((match) => match[1]!);
    for (const target of targets) expect(existsSync(join(ROOT, page, '..', target)), target).toBe(true);
  });
});
