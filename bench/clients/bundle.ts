import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const PACKAGE = fileURLToPath(new URL('../../src/index.ts', import.meta.url));

export interface Bundle {
  readonly url: string;
  [Symbol.dispose](): void;
}

/** This package as a handler would bundle it. An edit during a long run does not reach it. */
export async function bundlePackage(): Promise<Bundle> {
  const folder = mkdtempSync(join(tmpdir(), 'smearcache-clients-'));
  const outfile = join(folder, 'smearcache.mjs');
  await build({
    entryPoints: [PACKAGE],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node22',
    external: ['@aws-sdk/*'],
  });
  return {
    url: pathToFileURL(outfile).href,
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}
