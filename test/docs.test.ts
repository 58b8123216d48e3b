import { execFile } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { parseDocument } from 'yaml';
import type { Manifest } from '../scripts/packaging/manifest.ts';

const ROOT = fileURLToPath(new URL('../', import.meta.url));

/** Its TypeScript is in no code block, and its pages are as its generator makes them. */
const GENERATED = 'docs/api/';

const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'CHANGELOG.md',
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

/** Fences that are indented, longer or of tildes would not be seen as blocks: there are none. */
const ODD_FENCE = /^(?:[ \t]+(?:```|~~~)|~~~|````)/m;

function blocksOf(page: string): Block[] {
  const text = read(page);
  return Array.from(text.matchAll(/^```(.*)\n([\s\S]*?)^```$/gm), (match) => ({
    page,
    line: text.slice(0, match.index).split('\n').length,
    language: match[1]!,
    code: match[2]!,
  }));
}

const blocks = pages.flatMap(blocksOf);
const inLanguage = (language: string): readonly Block[] =>
  blocks.filter((block) => block.language === language);
const placeOf = ({ page, line }: Block): string => `${page}:${line}`;
const fileOf = ({ page, line }: Block, ending: string): string =>
  `${page.replace(/\W+/g, '-')}-line-${line}${ending}`;

/** What a test of a handler looks like: vitest runs it. All else that starts a cluster is a program. */
const isTest = ({ code }: Block): boolean => code.includes("from 'vitest'");
const runs = inLanguage('ts').filter(({ code }) => code.includes("from 'smearcache/testing'"));

/** Each language is looked at by a test of its own, below; `text` is what programs say, and prose. */
const LANGUAGES = ['ts', 'sh', 'json', 'yaml', 'python', 'text'];

const run = promisify(execFile);
/** What a program said when it failed; `undefined` where all was well. */
const failureOf = (program: string, words: readonly string[], cwd = ROOT): Promise<string | undefined> =>
  run(program, words, { cwd }).then(
    () => undefined,
    (error: { stdout: string; stderr: string; message: string }) =>
      `${error.stdout}${error.stderr}` || error.message,
  );

describe('the documentation', () => {
  let folder: string;

  beforeAll(() => {
    mkdirSync(join(ROOT, '.local'), { recursive: true });
    folder = mkdtempSync(join(ROOT, '.local/docs-'));
    for (const block of inLanguage('ts')) writeFileSync(join(folder, fileOf(block, '.ts')), block.code);
    installPackage(folder);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('has no code block in a language that no test looks at', () => {
    expect(blocks.filter(({ language }) => !LANGUAGES.includes(language)).map(placeOf)).toEqual([]);
    for (const language of LANGUAGES) expect(inLanguage(language).length, language).toBeGreaterThan(0);
    expect(pages.filter((page) => !page.startsWith(GENERATED) && ODD_FENCE.test(read(page)))).toEqual([]);
  });

  it('has TypeScript that compiles as a user would compile it', { timeout: 60_000 }, async () => {
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({
        extends: join(ROOT, 'tsconfig.json'),
        include: ['*.ts', join(ROOT, 'src/**/*.d.ts')],
      }),
    );
    const tsc = join(ROOT, 'node_modules/.bin/tsc');
    expect(await failureOf(process.execPath, [tsc, '-p', folder])).toBeUndefined();
  });

  it('has programs over a cluster in the process, some of them tests', () => {
    expect(runs.filter(isTest).length).toBeGreaterThan(0);
    expect(runs.filter((block) => !isTest(block)).length).toBeGreaterThan(2);
  });

  test.each(runs.filter((block) => !isTest(block)).map((block) => [placeOf(block), block] as const))(
    'the program at %s runs, and ends',
    async (_place, block) => {
      expect(await failureOf(process.execPath, [fileOf(block, '.ts')], folder)).toBeUndefined();
    },
  );

  test.each(runs.filter(isTest).map((block) => [placeOf(block), block] as const))(
    'the tests at %s pass',
    async (_place, block) => {
      const name = fileOf(block, '.test.ts');
      writeFileSync(join(folder, name), block.code);
      const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs');
      expect(await failureOf(process.execPath, [vitest, 'run', name, '--root', folder])).toBeUndefined();
      rmSync(join(folder, name));
    },
  );

  test.each(inLanguage('json').map((block) => [placeOf(block), block] as const))(
    'the JSON at %s can be read',
    (_place, { code }) => void JSON.parse(code),
  );

  test.each(inLanguage('yaml').map((block) => [placeOf(block), block] as const))(
    'the YAML at %s can be read',
    (_place, { code }) => expect(parseDocument(code).errors).toEqual([]),
  );

  test.each(inLanguage('python').map((block) => [placeOf(block), block] as const))(
    'the Python at %s compiles',
    async (_place, { code }) =>
      expect(
        await failureOf('python3', ['-c', 'import ast, sys; ast.parse(sys.argv[1])', code]),
      ).toBeUndefined(),
  );

  test.each(inLanguage('sh').map((block) => [placeOf(block), block] as const))(
    'the shell commands at %s are commands, of programs that are known here',
    async (_place, { code }) => {
      expect(await failureOf('bash', ['-n', '-c', code])).toBeUndefined();
      const programs = code
        .replace(/\\\n/g, ' ')
        .replace(/'[^']*'|"[^"]*"/g, 'text')
        .split(/\n|&&|\|/)
        .map(
          (command) =>
            command
              .replace(/#.*/, '')
              .trim()
              .replace(/^(?:\w+=\S+ )+/, '')
              .split(' ')[0]!,
        )
        .filter((program) => program !== '');
      expect(programs.filter((program) => !PROGRAMS.includes(program))).toEqual([]);
      // What they name of this repository is there.
      const files = code.match(/(?<![\w./-])(?:events|scripts|test|handlers)\/[\w./-]+\.\w+/g) ?? [];
      expect(files.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
    },
  );

  test.each(pages)('%s names only scripts that package.json has', (page) => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = [...read(page).matchAll(/npm run ([\w:-]+)/g)].map((match) => match[1]!);
    for (const name of named) expect(Object.keys(scripts)).toContain(name);
  });

  test.each(pages)('%s links only to what is there', (page) => {
    const targets = [...read(page).matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/g)];
    for (const [link, path, anchor] of targets) {
      const target = path === '' ? page : join(page, '..', path!);
      expect(existsSync(join(ROOT, target)), link).toBe(true);
      // The generator of the reference sees to its own.
      if (anchor !== undefined && !target.startsWith(GENERATED)) {
        expect(anchorsOf(target), `${page}: ${link}`).toContain(anchor);
      }
    }
  });
});

/** What GitHub makes of headings. */
const anchorsOf = (page: string): string[] =>
  Array.from(read(page).matchAll(/^#+ (.*)$/gm), ([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s-]/gu, '')
      .replace(/ /g, '-'),
  );

/** What a reader is told to run: programs of a machine that has Node, the AWS tools and memcached. */
const PROGRAMS = [
  'npm',
  'npx',
  'node',
  'curl',
  'sam',
  'aws',
  'git',
  'memcached',
  'export',
  'cd',
  'echo',
  'kill',
  'printf',
  'nc',
];

/** The package as a project has it, from its sources, whose own imports are found from where they are. */
function installPackage(project: string): void {
  const home = join(project, 'package');
  const { exports } = JSON.parse(read('package.json')) as Manifest;
  const entries = Object.entries(exports).flatMap(([name, entry]) =>
    typeof entry === 'string'
      ? []
      : [[name, entry.default.replace('./dist/', './src/').replace('.js', '.ts')]],
  );
  mkdirSync(join(project, 'node_modules'), { recursive: true });
  mkdirSync(home);
  symlinkSync(join(ROOT, 'src'), join(home, 'src'), 'dir');
  symlinkSync(home, join(project, 'node_modules/smearcache'), 'dir');
  const manifest = { name: 'smearcache', type: 'module', exports: Object.fromEntries(entries) };
  writeFileSync(join(home, 'package.json'), JSON.stringify(manifest));
  writeFileSync(join(project, 'package.json'), JSON.stringify({ type: 'module' }));
}
