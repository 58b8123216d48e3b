// `npm run bench -- cold-start`: what importing the package adds to a cold start, in fresh processes that take turns.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const PACKAGE = fileURLToPath(new URL('../src/index.ts', import.meta.url));
const ROUNDS = 31;

/** Each is bundled by itself, as a handler would be. */
const CONTENDERS: Readonly<Record<string, string>> = {
  'an empty bundle': 'export {};',
  'node:net alone': "import net from 'node:net'; export const connect = net.connect;",
  smearcache: `export * from ${JSON.stringify(PACKAGE)};`,
};

export async function run(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'smearcache-cold-start-'));
  try {
    const scripts = new Map<string, string>();
    const sizes = new Map<string, number>();
    for (const [at, [name, contents]] of Object.entries(CONTENDERS).entries()) {
      const bundle = join(folder, `${at}.mjs`);
      await build({
        stdin: { contents, resolveDir: folder },
        bundle: true,
        minify: true,
        platform: 'node',
        format: 'esm',
        target: 'node22',
        external: ['@aws-sdk/*'],
        outfile: bundle,
      });
      sizes.set(name, statSync(bundle).size);
      const script = join(folder, `${at}-run.mjs`);
      writeFileSync(
        script,
        `const start = performance.now(); await import('./${at}.mjs'); process.stdout.write(String(performance.now() - start));`,
      );
      scripts.set(name, script);
    }
    report(measure(scripts), sizes);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function measure(scripts: ReadonlyMap<string, string>): Map<string, number[]> {
  const times = new Map<string, number[]>(Array.from(scripts.keys(), (name) => [name, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, script] of scripts) {
      times.get(name)!.push(Number(execFileSync(process.execPath, [script], { encoding: 'utf8' })));
    }
  }
  return times;
}

function report(times: ReadonlyMap<string, number[]>, sizes: ReadonlyMap<string, number>): void {
  const empty = times.get('an empty bundle')!;
  process.stdout.write(`import in ${ROUNDS} fresh processes each, in turns; Node ${process.version}\n\n`);
  process.stdout.write('                    median ms   over empty, ms (median of pairs)   minified kB\n');
  for (const [name, runs] of times) {
    const over = median(runs.map((time, round) => time - empty[round]!));
    const kilobytes = (sizes.get(name)! / 1024).toFixed(1);
    process.stdout.write(
      `${name.padEnd(18)} ${median(runs).toFixed(2).padStart(10)} ${over.toFixed(2).padStart(34)} ${kilobytes.padStart(13)}\n`,
    );
  }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}
