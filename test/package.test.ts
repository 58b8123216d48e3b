import { execFile, execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findingsIn } from '../scripts/packaging/check.ts';
import type { Manifest } from '../scripts/packaging/manifest.ts';
import { pack, ROOT, stagePackage } from '../scripts/packaging/stage.ts';

const run = promisify(execFile);
const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');

/** What the README tells a TypeScript project to install beside the package. */
const TOLD = ['@middy/core', '@types/node', '@types/aws-lambda'];

/** One request that misses and one that hits, through the README's handler, which its project has in `handler.ts`. */
const MAIN = `
import { startCluster } from 'smearcache/testing';

await using cluster = await startCluster({ nodes: 2 });
process.env.SMEARCACHE_CONFIGURATION_ENDPOINT = cluster.configEndpoint;
let loads = 0;
globalThis.loadItem = async (id) => ({ id, name: 'load ' + ++loads });
const { handler } = await import('./handler.ts');

const event = { pathParameters: { id: '1' } };
const context = { getRemainingTimeInMillis: () => 3_000 };
const responses = [await handler(event, context), await handler(event, context)];
process.stdout.write(JSON.stringify(responses.map(({ body }) => JSON.parse(body))), () => process.exit());
`;

describe('the package', () => {
  // Not inside of the checkout, whose node_modules would lend what the package forgot to ask for.
  let folder: string;
  let staged: string;
  let manifest: Manifest;
  let tarball: string;
  let project: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'smearcache-package-'));
    staged = join(folder, 'staged');
    manifest = stagePackage(staged, 'git+https://git.example/owner/smearcache.git');
    tarball = pack(staged, manifest, folder);
    project = join(folder, 'project');
    install(project, [...Object.keys(manifest.dependencies ?? {}), ...TOLD]);
    writeFileSync(join(project, 'package.json'), '{ "type": "module" }');
    writeFileSync(join(project, 'handler.ts'), readmeHandler());
    writeFileSync(join(project, 'main.js'), MAIN);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("runs the README's handler in a project that has nothing else", async () => {
    const { stdout } = await run(process.execPath, ['main.js'], { cwd: project });
    expect(JSON.parse(stdout)).toEqual([
      { id: '1', name: 'load 1' },
      { id: '1', name: 'load 1' },
    ]);
  });

  it("brings the operator's tool, which runs", async () => {
    const main = join(project, 'node_modules', manifest.name, manifest.bin!.smearcache!);
    const { stdout } = await run(process.execPath, [main, 'ring', '--nodes', 'a:1,b:1', '--json']);
    expect(JSON.parse(stdout).nodes).toHaveLength(2);
    expect(readFileSync(main, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
  });

  it('has types that a strict project compiles', async () => {
    expect(await complaints({ types: ['node'], skipLibCheck: true })).toEqual([]);
  });

  it('has declarations that are right by themselves', async () => {
    const all = await complaints({ types: ['node'], skipLibCheck: false });
    // Middy's own name a package that it does not bring.
    expect(all.filter((line) => !line.includes('@middy/core/index.d.ts'))).toEqual([]);
  });

  it('has declarations that need the types of Node, as the README says', async () => {
    const all = await complaints({ types: [], skipLibCheck: false });
    expect(all.join('\n')).toMatch(/node_modules\/smearcache\/dist\/.*Cannot find name 'Buffer'|node:/);
  });

  it('is what publint and Are The Types Wrong find no fault with', async () => {
    expect(await findingsIn(tarball)).toEqual([]);
  });

  it('is refused by them where its manifest names what is not there', async () => {
    const broken = join(folder, 'broken');
    cpSync(staged, broken, { recursive: true });
    rmSync(join(broken, 'dist/ring/index.d.ts'));
    const findings = await findingsIn(pack(broken, manifest, broken));
    expect(findings.join('\n')).toMatch(/publint: .*ring/);
    expect(findings.join('\n')).toMatch(/types: .*\.\/ring/);
  });

  it('holds its code and documents, and nothing of the checkout', () => {
    const names = execFileSync('tar', ['-tzf', tarball], { encoding: 'utf8' }).trim().split('\n');
    const outside = names.filter((name) => !name.startsWith('package/dist/')).sort();
    const documents = ['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json'];
    expect(outside).toEqual(documents.map((name) => `package/${name}`));
    expect(names).toContain('package/dist/index.js');
    for (const field of ['private', 'scripts', 'workspaces', 'devDependencies']) {
      expect(manifest).not.toHaveProperty(field);
    }
    expect(manifest.repository).toEqual({
      type: 'git',
      url: 'git+https://git.example/owner/smearcache.git',
    });
  });

  it('cannot be packed or published from a checkout without dist', async () => {
    const checkout = join(folder, 'checkout');
    mkdirSync(checkout);
    for (const file of ['package.json', '.npmrc', 'README.md'])
      cpSync(join(ROOT, file), join(checkout, file));
    // What a shell has: the npm that runs these tests hands its configuration down.
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));
    const npm = (...words: string[]): Promise<unknown> => run('npm', words, { cwd: checkout, env });
    await expect(npm('pack')).rejects.toThrow(/ENOENT.*dist/);
    // Nobody listens there: npm refuses by itself.
    const nowhere = [
      '--registry=http://127.0.0.1:1/',
      '--fetch-retries=0',
      '--//127.0.0.1:1/:_authToken=none',
    ];
    await expect(npm('publish', ...nowhere)).rejects.toThrow(/EPRIVATE/);
    // Not because there is no dist: that of an earlier build may be an old one.
    mkdirSync(join(checkout, 'dist'));
    await expect(npm('publish', ...nowhere)).rejects.toThrow(/EPRIVATE/);
  });

  /** What `npm install` would do, without the network: the tarball unpacked, its dependencies lent by the checkout. */
  function install(into: string, dependencies: readonly string[]): void {
    const modules = join(into, 'node_modules');
    mkdirSync(join(modules, manifest.name), { recursive: true });
    const unpacked = ['-xzf', tarball, '--strip-components=1', '-C', join(modules, manifest.name)];
    execFileSync('tar', unpacked);
    for (const name of new Set(dependencies)) {
      mkdirSync(dirname(join(modules, name)), { recursive: true });
      symlinkSync(join(ROOT, 'node_modules', name), join(modules, name), 'dir');
    }
  }

  /** What tsc says about the project, a line each. */
  async function complaints(options: Record<string, unknown>): Promise<string[]> {
    const strict = { strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true };
    const compilerOptions = { ...strict, target: 'es2023', module: 'nodenext', noEmit: true, ...options };
    writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['handler.ts'] }));
    const { stdout } = await run(process.execPath, [tsc, '-p', project], { cwd: project }).catch(
      (error: { stdout: string }) => error,
    );
    return stdout.split('\n').filter((line) => line !== '');
  }
});

function readmeHandler(): string {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  const blocks = Array.from(readme.matchAll(/^```ts\n([\s\S]*?)^```$/gm), (match) => match[1]!);
  return blocks.find((block) => block.includes('export const handler'))!;
}
