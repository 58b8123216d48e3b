import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { duration } from '../../../src/cli/nodes/connection-options.ts';
import { bar } from '../../../src/cli/screen/bars.ts';
import { bytes, count, percent } from '../../../src/cli/screen/figures.ts';
import { printable, shortened } from '../../../src/cli/screen/printable.ts';
import { table } from '../../../src/cli/screen/table.ts';
import { wrapped } from '../../../src/cli/screen/wrapped.ts';
import { startNode } from '../../../src/testing/index.ts';
import { smearcache } from '../../support/cli.ts';

const MAIN = fileURLToPath(new URL('../../../src/cli/main.ts', import.meta.url));

describe('the command line', () => {
  it.each([
    [['ring'], /which cluster\? Give --config-endpoint, --cluster-id or --nodes/],
    [
      ['ring', '--nodes', 'a', '--config-endpoint', 'b'],
      /give one of --config-endpoint, --cluster-id, --nodes/,
    ],
    [['ring', '--nodes', 'a:99999'], /--nodes must be a list of "host:port"/],
    [['ring', '--nodes', 'a', '--schema', 'a:b'], /--schema must be .* without ":"/],
    [['ring', '--nodes', 'a', '--dialect', 'sha0'], /Allowed choices are libketama/],
    [['ring', '--nodes', 'a', '--tls-ca', '/no/such/file'], /--tls-ca: ENOENT/],
    [['ring', '--nodes', 'a', '--timeout', 'soon'], /must be a number from 1 up/],
    [['rnig'], /unknown command 'rnig'\n\(Did you mean ring\?\)/],
    [['ring', 'plan', '--nodes', 'a', '--add', 'b,b'], /--add: b:11211 is named twice/],
    [['ring', 'where'], /missing required argument 'key'/],
  ])('%j is misuse, told in one sentence', async (words, message) => {
    const { code, stdout, stderr } = await smearcache(words);
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/^smearcache: /);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });

  it('speaks of TLS only where TLS may be what is missing', async () => {
    const { code, stderr } = await smearcache(['ring', '--config-endpoint', '127.0.0.1:1']);
    expect(stderr).toMatch(/ECONNREFUSED/);
    expect(stderr).not.toMatch(/TLS/);
    expect(code).toBe(1);
    const plain = await startNode();
    try {
      const refused = await smearcache(['ring', '--config-endpoint', plain.name]);
      expect(refused.stderr).toMatch(/name plain memcached nodes in --nodes instead$/m);
    } finally {
      await plain.close();
    }
  });

  it('has help and a version', async () => {
    const help = await smearcache(['ring', 'plan', '--help']);
    expect(help.code).toBe(0);
    expect(help.stdout).toMatch(/--remove <list>.*\n.*--weights/);
    expect(await smearcache(['--version'])).toMatchObject({ code: 0, stdout: '0.1.0\n' });
  });

  it('is coloured on a terminal only, and not where NO_COLOR is set', async () => {
    const words = ['ring', '--nodes', 'a,b'];
    const colour = '\u001b[';
    expect((await smearcache(words, { terminal: true })).stdout).toContain(colour);
    expect((await smearcache(words)).stdout).not.toContain(colour);
    const environment = { NO_COLOR: '1' };
    expect((await smearcache(words, { terminal: true, environment })).stdout).not.toContain(colour);
  });

  it('runs as a process, by its environment', () => {
    const env = { ...process.env, SMEARCACHE_NODES: 'a:1,b:2' };
    const stdout = execFileSync(process.execPath, [MAIN, 'ring', '--json'], { encoding: 'utf8', env });
    expect(JSON.parse(stdout).nodes).toHaveLength(2);
  });
});

describe('what is printed', () => {
  it('holds no control bytes', () => {
    expect(printable('a\x1b]0;title\x07\r\n\x9b\u2028\ud800é😀')).toBe(
      'a\\x1b]0;title\\x07\\x0d\\x0a\\x9b\\u2028\\ud800é😀',
    );
    expect(shortened('abcdef', 4)).toBe('abc…');
    expect(shortened('abcd', 4)).toBe('abcd');
    expect(shortened('日本語', 6)).toBe('日本語');
    expect(shortened('日本語', 5)).toBe('日本…');
    expect(shortened('x'.repeat(1e6), 4)).toBe('xxx…');
  });

  it('lines up', () => {
    const columns = [{ title: 'node' }, { title: 'n', align: 'right' as const }, { title: 'x' }];
    expect(
      table(columns, [
        ['a', '10', ''],
        ['long', '1', 'y'],
      ]),
    ).toBe(['node   n  x', 'a     10', 'long   1  y'].join('\n'));
    const keys = table(
      [{ title: 'key' }, { title: 'n' }],
      [
        ['日本', '1'],
        ['e\u0301🔥', '2'],
      ],
    );
    expect(keys).toBe(['key   n', '日本  1', 'e\u0301🔥   2'].join('\n'));
  });

  it('is wrapped between words', () => {
    expect(wrapped('one two three', 7, '  ')).toBe('one two\n  three');
    expect(wrapped('unbreakable', 3)).toBe('unbreakable');
    expect(wrapped('all of it', Number.POSITIVE_INFINITY)).toBe('all of it');
  });

  it('has figures that are short and never hide something', () => {
    expect([0, 0.25, 9, 1234567.8].map(count)).toEqual(['0', '0.3', '9', '1,234,568']);
    expect([0, 0.0001, 0.066, 1].map(percent)).toEqual(['0.0 %', '<0.1 %', '6.6 %', '100.0 %']);
    expect([0, 999, 1500, 999_600, 1_048_576, 25e9].map(bytes)).toEqual([
      '0 B',
      '999 B',
      '1.5 kB',
      '1.0 MB',
      '1.0 MB',
      '25.0 GB',
    ]);
    expect([bar(0, 3), bar(0.5, 3), bar(1, 3), bar(7, 3)]).toEqual(['   ', '█▌ ', '███', '███']);
    expect(['10s', '10', '500ms', '2m', '1.5h', '1d'].map(duration)).toEqual([
      10_000, 10_000, 500, 120_000, 5_400_000, 86_400_000,
    ]);
    expect(() => duration('-1s')).toThrow(/time, like 10s/);
  });
});
