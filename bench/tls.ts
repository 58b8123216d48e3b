// `npm run bench -- tls`: gets of 100 B one at a time, over TLS and in the clear, taking turns in one process.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Cache, createCache } from '../src/index.ts';
import { freePort, startMemcached } from '../test/support/memcached.ts';
import { drive, type Work } from './clients/load.ts';
import { median, pairedRatio } from './clients/statistics.ts';

const ROUNDS = 15;
const ROUND_MILLIS = 600;
const LEAST_RATIO = 0.6;
const CERTIFICATES = new URL('../test/support/certificates/', import.meta.url);
const START_ATTEMPTS = 100;

export async function run(): Promise<void> {
  await using clear = await startMemcached({ args: ['-t', '2'] });
  const encrypted = await startEncrypted();
  if (encrypted === undefined) {
    process.stdout.write('skipped: this memcached was built without TLS\n');
    return;
  }
  const ca = readFileSync(new URL('ca.pem', CERTIFICATES));
  const overTcp = createCache({ discovery: { nodes: [clear.name] } });
  const overTls = createCache({ discovery: { nodes: [encrypted.name] }, tls: { ca } });
  try {
    await compare(await getsOf(overTcp), await getsOf(overTls));
  } finally {
    await Promise.all([overTcp.close(), overTls.close()]);
    await encrypted.close();
  }
}

async function getsOf(cache: Cache): Promise<Work> {
  const value = Buffer.alloc(100, 'x');
  for (let attempt = 1; ; attempt++) {
    const { kind } = await cache.set('item', value, { ttlSeconds: 3_600 });
    if (kind === 'stored') break;
    if (attempt === START_ATTEMPTS) throw new Error(`the node does not answer: ${kind}`);
    await sleep(50);
  }
  return { operations: 1, start: () => cache.get('item'), accepts: Buffer.isBuffer };
}

async function compare(tcp: Work, tls: Work): Promise<void> {
  for (const work of [tcp, tls]) await drive(work, 1, ROUND_MILLIS);
  const rates = { tcp: [] as number[], tls: [] as number[] };
  const cpu = { tcp: [] as number[], tls: [] as number[] };
  for (let round = 0; round < ROUNDS; round++) {
    for (const name of round % 2 === 0 ? (['tcp', 'tls'] as const) : (['tls', 'tcp'] as const)) {
      const figures = await drive(name === 'tcp' ? tcp : tls, 1, ROUND_MILLIS);
      rates[name].push(figures.perSecond);
      cpu[name].push(figures.cpuMicros);
    }
  }
  const ratio = pairedRatio(rates.tls, rates.tcp);
  const shown = (name: 'tcp' | 'tls'): string =>
    `${median(rates[name]).toFixed(0)} gets a second, ${median(cpu[name]).toFixed(1)} µs CPU`;
  process.stdout.write(`Node ${process.version}, ${ROUNDS} rounds of ${ROUND_MILLIS / 1_000} s, medians\n\n`);
  process.stdout.write(`TCP: ${shown('tcp')}\nTLS: ${shown('tls')}\n`);
  const verdict = ratio >= LEAST_RATIO ? 'kept' : 'MISSED';
  process.stdout.write(`TLS / TCP, paired: ${ratio.toFixed(2)} (must be >= ${LEAST_RATIO}): ${verdict}\n`);
}

/** A memcached that speaks TLS only; `undefined` where the program cannot. */
async function startEncrypted(): Promise<{ name: string; close(): Promise<void> } | undefined> {
  const port = await freePort();
  const file = fileURLToPath(new URL('server.pem', CERTIFICATES));
  const asRoot = process.getuid?.() === 0 ? ['-u', 'root'] : [];
  const tls = ['-Z', '-o', `ssl_chain_cert=${file},ssl_key=${file}`];
  const child: ChildProcess = spawn(
    'memcached',
    [...asRoot, '-l', '127.0.0.1', '-p', String(port), '-U', '0', '-t', '2', ...tls],
    { stdio: 'ignore' },
  );
  const exited = once(child, 'exit');
  process.once('exit', () => child.kill('SIGKILL'));
  const ended = await Promise.race([exited.then(() => true), sleep(300).then(() => false)]);
  if (ended) return undefined;
  return {
    name: `localhost:${port}`,
    close: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
