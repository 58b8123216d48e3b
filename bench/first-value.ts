// `npm run bench -- first-value`: from the start of a process to the first value, bundled, in fresh processes that take
// turns: this package, memjs, and a bare socket that asks for the same item.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { createCache } from '../src/index.ts';
import { startMemcached } from '../test/support/memcached.ts';
import { median } from './clients/statistics.ts';

const PACKAGE = fileURLToPath(new URL('../src/index.ts', import.meta.url));
const RESOLVE_FROM = fileURLToPath(new URL('.', import.meta.url));
const ROUNDS = 41;
const MOST_MILLIS_OVER = 3;
const VALUE = 'the first value';

/** Processes of one machine share this clock. */
const TELL = `const tell = (value) => {
  const now = process.hrtime.bigint();
  if (String(value) !== ${JSON.stringify(VALUE)}) throw new Error('it got ' + value);
  process.stdout.write(String(now), () => process.exit());
};
const [host, port] = process.argv[2].split(':');
`;

const BARE = 'a bare socket';
const OURS = 'smearcache';
const CONTENDERS: Readonly<Record<string, { readonly format: 'esm' | 'cjs'; readonly code: string }>> = {
  [BARE]: {
    format: 'esm',
    code: `import net from 'node:net';
${TELL}
const socket = net.connect(Number(port), host, () => socket.write('mg first v\\r\\n'));
socket.once('data', (bytes) => tell(bytes.toString().split('\\r\\n')[1]));`,
  },
  [OURS]: {
    format: 'esm',
    code: `import { createCache } from ${JSON.stringify(PACKAGE)};
${TELL}
createCache({ discovery: { nodes: [host + ':' + port] } }).get('first').then(tell);`,
  },
  memjs: {
    format: 'cjs',
    code: `const { Client } = require('memjs');
${TELL}
Client.create(host + ':' + port).get('first').then(({ value }) => tell(value));`,
  },
};

export async function run(): Promise<void> {
  await using memcached = await startMemcached();
  const cache = createCache({ discovery: { nodes: [memcached.name] } });
  await cache.set('first', VALUE, { ttlSeconds: 3_600 });
  await cache.close();
  const folder = mkdtempSync(join(tmpdir(), 'smearcache-first-value-'));
  try {
    const bundles = await bundle(folder);
    report(measure(bundles, memcached.name));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function bundle(folder: string): Promise<Map<string, string>> {
  const bundles = new Map<string, string>();
  for (const [at, [name, { format, code }]] of Object.entries(CONTENDERS).entries()) {
    const outfile = join(folder, `${at}.${format === 'esm' ? 'mjs' : 'cjs'}`);
    const { outputFiles } = await build({
      stdin: { contents: code, resolveDir: RESOLVE_FROM },
      bundle: true,
      minify: true,
      write: false,
      platform: 'node',
      format,
      target: 'node22',
      external: ['@aws-sdk/*'],
    });
    writeFileSync(outfile, outputFiles[0]!.contents);
    bundles.set(name, outfile);
  }
  return bundles;
}

function measure(bundles: ReadonlyMap<string, string>, node: string): Map<string, number[]> {
  const times = new Map<string, number[]>(Array.from(bundles.keys(), (name) => [name, []]));
  const names = [...bundles.keys()];
  for (let round = 0; round < ROUNDS; round++) {
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(round + turn) % names.length]!;
      const args = [bundles.get(name)!, node];
      const start = process.hrtime.bigint();
      const told = execFileSync(process.execPath, args, { encoding: 'utf8', timeout: 20_000 });
      times.get(name)!.push(Number(BigInt(told) - start) / 1e6);
    }
  }
  return times;
}

function report(times: ReadonlyMap<string, number[]>): void {
  const bare = times.get(BARE)!;
  const over = (name: string): number => median(times.get(name)!.map((time, round) => time - bare[round]!));
  process.stdout.write(`Node ${process.version}, ${ROUNDS} fresh processes each, in turns, medians\n\n`);
  process.stdout.write('| start of process to first value | ms | over a bare socket, ms (paired) |\n');
  process.stdout.write('| --- | ---: | ---: |\n');
  for (const [name, runs] of times) {
    process.stdout.write(`| ${name} | ${median(runs).toFixed(1)} | ${over(name).toFixed(1)} |\n`);
  }
  const verdict = over(OURS) <= MOST_MILLIS_OVER ? 'kept' : 'MISSED';
  process.stdout.write(`\n${OURS} must be <= ${MOST_MILLIS_OVER} ms over: ${verdict}\n`);
}
