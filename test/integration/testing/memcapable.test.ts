import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { startNode } from '../../../src/testing/index.ts';
import { isOnPath } from '../../support/memcached.ts';

const run = promisify(execFile);

/** Of libmemcached's tools; Debian has renamed it. */
const program = ['memcapable', 'memccapable'].find(isOnPath);

test.skipIf(program === undefined).each([
  ['text', '-a'],
  ['binary', '-b'],
])('the in-process node passes memcapable for the %s protocol (needs memcapable)', async (_, protocol) => {
  const node = await startNode();
  try {
    const args = ['-h', node.host, '-p', String(node.port), '-t', '5', protocol];
    const { stdout } = await run(program!, args);
    expect(stdout).toContain('All tests passed');
    expect(stdout.match(/\[pass\]/g)!.length).toBeGreaterThan(25);
    expect(stdout).not.toMatch(/\[(FAIL|fail|skip)\]/);
  } finally {
    await node.close();
  }
});
