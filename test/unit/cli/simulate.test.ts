import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fieldsOf } from '../../../src/cli/simulate/access-log.ts';
import {
  countedKeys,
  type Popularity,
  productionKeys,
  zipfKeys,
} from '../../../src/cli/simulate/popularity.ts';
import { simulate } from '../../../src/cli/simulate/simulation.ts';
import { buildRing } from '../../../src/ring/index.ts';
import { smearcache } from '../../support/cli.ts';

const MAIN = fileURLToPath(new URL('../../../src/cli/main.ts', import.meta.url));
const ring = (nodes: number) =>
  buildRing(Array.from({ length: nodes }, (_, i) => ({ host: `n${i}`, port: 1 })));
const asIs = (key: string): string => key;
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

describe('a popularity', () => {
  it.each([
    ['Zipf', zipfKeys(0.99, 1_000_000)],
    ['Zipf with exponent 1', zipfKeys(1, 5_000_000)],
    ['Zipf of few keys', zipfKeys(1.2, 3)],
    ['production', productionKeys()],
    [
      'counted',
      countedKeys(
        new Map([
          ['a', 1],
          ['b', 3],
        ]),
        'log',
      ),
    ],
  ] as [string, Popularity][])(
    'of %s has shares that come to one, the largest first',
    (_, { keys, rest }) => {
      expect(sum(keys.map(({ share }) => share)) + rest).toBeCloseTo(1, 9);
      expect(rest).toBeGreaterThanOrEqual(0);
      for (let i = 1; i < keys.length; i++) expect(keys[i]!.share).toBeLessThanOrEqual(keys[i - 1]!.share);
    },
  );

  it('of Zipf sums its tail as if each key were counted', () => {
    const all = sum(Array.from({ length: 300_000 }, (_, i) => (i + 1) ** -0.99));
    expect(zipfKeys(0.99, 300_000).keys[0]!.share).toBeCloseTo(1 / all, 6);
  });

  it('of production is the published one', () => {
    const { keys, keyCount } = productionKeys();
    expect(keys[0]!.share).toBeCloseTo(0.0662, 4);
    expect(keyCount).toBe(10_483_642);
    expect(sum(keys.slice(0, 10_000).map(({ share }) => share))).toBeCloseTo(0.564623, 5);
  });
});

describe('a simulation', () => {
  it('gives each node what it owns, and all of it', () => {
    const keys = [
      { key: 'a', share: 0.5 },
      { key: 'b', share: 0.3 },
    ];
    const { before, nodes } = simulate({ title: '', keys, rest: 0.2, keyCount: 9 }, ring(4), asIs, {
      target: 1.1,
    });
    const arcs = ring(4).arcs();
    const expected = nodes.map(
      (name, i) =>
        0.2 * arcs[i]! +
        sum(keys.filter(({ key }) => `${ring(4).owner(key).host}:1` === name).map(({ share }) => share)),
    );
    for (const [i, load] of before.loads.entries()) expect(load).toBeCloseTo(expected[i]!, 12);
  });

  it('moves load from node to node and loses none', () => {
    const { trials } = simulate(productionKeys(), ring(8), asIs, { target: 1.1 });
    for (const { loads } of trials) expect(sum(loads)).toBeCloseTo(1, 9);
  });

  it('recommends the least that keeps the busiest node near the mean', () => {
    const { before, recommended, trials } = simulate(productionKeys(), ring(12), asIs, { target: 1.1 });
    expect(before.imbalance).toBeGreaterThan(1.3);
    expect(recommended.imbalance).toBeLessThanOrEqual(1.1);
    for (const trial of trials.slice(0, trials.indexOf(recommended)))
      expect(trial.imbalance).toBeGreaterThan(1.1);
    const { hot, threshold, extraItems } = recommended;
    expect(hot.every(({ share }) => share > threshold)).toBe(true);
    expect(extraItems).toBe(sum(hot.map(({ nodes }) => nodes.length - 1)));
  });

  it('cannot spread what there is only one node for', () => {
    const { before, recommended } = simulate(productionKeys(), ring(1), asIs, { target: 1.1 });
    expect([before.imbalance, recommended.imbalance, recommended.extraItems]).toEqual([1, 1, 0]);
  });

  it('spreads one key that is everything over all nodes', () => {
    const { recommended } = simulate(
      { title: '', keys: [{ key: 'k', share: 1 }], rest: 0, keyCount: 1 },
      ring(5),
      asIs,
      { target: 1.1 },
    );
    expect(recommended.hot[0]!.copies).toBe(5);
    expect(recommended.imbalance).toBeLessThan(1.05);
  });
});

describe('smearcache simulate', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'smearcache-simulate-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function file(name: string, text: string): string {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  }
  const run = (...words: string[]) => smearcache(['simulate', ...words]);

  it.each([
    ['a log', '--log', 'hot\nhot\r\nhot\n\ncold', []],
    [
      'a column',
      '--log',
      '10:00,GET,hot\n10:01,GET,"hot"\n10:02,GET,hot\n10:03,PUT,cold\n10:04,PUT',
      ['--column', '3'],
    ],
    [
      'a column of tabs',
      '--log',
      'x\thot\nx\thot\nx\thot\nx\tcold\n',
      ['--column', '2', '--delimiter', '\t'],
    ],
    ['counts', '--counts', 'key,count\nhot, 3\ncold, 1\nnone, 0', []],
    ['counts in several lines', '--counts', 'hot 1\nhot 2\n"cold" 1', []],
  ])('reads %s', async (name, flag, text, more) => {
    const { json, code } = await run(flag, file(name, text), ...more, '--tolerance', '0.5', '--json');
    expect(code).toBe(0);
    expect(json).toMatchObject({ requests: 4, keyCount: 2 });
    expect(
      json.recommended.hot.map(({ key, share }: { key: string; share: number }) => [key, share]),
    ).toEqual([
      ['hot', 0.75],
      ['cold', 0.25],
    ]);
  });

  it('places keys as the application does, on the nodes that are named', async () => {
    const log = file('placed', 'k\n'.repeat(9));
    const nodes = ['a:1', 'b:1', 'c:1'];
    const { json } = await run('--log', log, '--nodes', nodes.join(','), '--schema', 'v1', '--json');
    const owner = buildRing(nodes.map((name) => ({ host: name[0]!, port: 1 }))).owner('v1:k').host;
    expect(json.nodes).toEqual(nodes);
    expect(json.before.loads).toEqual(nodes.map((name) => (name[0] === owner ? 1 : 0)));
    expect(json.recommended.hot[0].nodes[0]).toBe(`${owner}:1`);
  });

  it('takes the nodes of the environment, unless told a size', async () => {
    const environment = { SMEARCACHE_NODES: 'a:1,b:1' };
    const named = await smearcache(['simulate', '--popularity', '--json'], { environment });
    expect(named.json.nodes).toEqual(['a:1', 'b:1']);
    const sized = await smearcache(['simulate', '--popularity', '--size', '5', '--json'], { environment });
    expect(sized.json.nodes).toHaveLength(5);
  });

  it('charts what a person wants to know', async () => {
    const { stdout, stderr } = await run(
      '--popularity',
      '--size',
      '12',
      '--requests-per-second',
      '100000',
      '--value-bytes',
      '4000',
    );
    expect(stderr).toMatch(/^placing 100,000 keys …$/m);
    expect(stdout).toMatch(/^a production cache .*: 10,483,642 keys, on 12 nodes by libketama$/m);
    expect(stdout.match(/^node-\d+\.example:11211 +█.*% +█.*%$/gm)).toHaveLength(12);
    expect(stdout).toMatch(/^busiest \/ mean +\d\.\d\d +1\.\d\d$/m);
    expect(stdout).toMatch(
      /^threshold {2}a key is hot above \d+\.\d % of all requests, [\d,]+ requests\/s \(smear\.auto: \{ tolerance: [\d.]+ \}\)$/m,
    );
    expect(stdout).toMatch(
      /^copies {5}\d+ hot keys of \d+ to \d+ copies, the base among them: \d+ items more in all$/m,
    );
    expect(stdout).toMatch(/^memory {5}[\d.]+ kB more, for values of 4\.0 kB$/m);
    expect(stdout).toMatch(/^0\.\d+ \* /m);
  });

  it.each([
    [[], 2, /simulate what\? Give one of --log/],
    [['--zipf', '1', '--popularity'], 2, /simulate what\?/],
    [['--zipf', 'steep'], 2, /must be a number above 0/],
    [['--popularity', '--size', '65537'], 2, /at most 1000/],
    [['--popularity', '--size', '3', '--nodes', 'a'], 2, /a cluster or --size, not both/],
    [['--log', '/no/such/file'], 1, /ENOENT/],
    [['--log', '/'], 1, /smearcache: \/: EISDIR/],
    [['--popularity', '--html', '/no/such/folder/page.html'], 1, /--html: ENOENT/],
  ])('%j ends with %d', async (words, code, message) => {
    const result = await run(...words);
    expect(result.stderr).toMatch(message);
    expect(result.code).toBe(code);
    expect(result.stdout).toBe('');
  });

  it('says that a file holds no keys', async () => {
    const { code, stderr } = await run('--counts', file('empty', 'no counts here\n'));
    expect(code).toBe(1);
    expect(stderr).toMatch(/empty holds no keys: none of its 1 line has the form `key count`/);
    const short = await run('--log', file('short', 'a,b\nc,d\n'), '--column', '3');
    expect(short.stderr).toMatch(/none of its 2 lines has a field 3, by the delimiter ","/);
    expect((await run('--log', file('none', ''))).stderr).toMatch(/none holds no keys: it is empty/);
  });

  it('takes tabs by their name, and no delimiter that is none', async () => {
    const tabs = file('tabs', 'GET\titem:1\nGET\titem:2\n');
    expect((await run('--log', tabs, '--column', '2', '--delimiter', '\\t')).stdout).toMatch(/2 keys/);
    const { code, stderr } = await run('--log', tabs, '--column', '2', '--delimiter', '');
    expect(stderr).toMatch(/'--delimiter <text>' argument '' is invalid/);
    expect(code).toBe(2);
  });

  it('ends by Ctrl-C while it waits for its input', async () => {
    const child = spawn(process.execPath, [MAIN, 'simulate', '--log', '-'], { stdio: 'pipe' });
    const ended = once(child, 'exit');
    let said = '';
    for await (const piece of child.stderr) {
      said += piece;
      if (said.includes('reading the standard input …')) break;
    }
    child.kill('SIGINT');
    // A shell tells this as exit code 130.
    expect(await ended).toEqual([null, 'SIGINT']);
  });

  it('keeps fields together that are quoted', () => {
    expect(fieldsOf('a,"b,c",d', ',')).toEqual(['a', 'b,c', 'd']);
    expect(fieldsOf('"say ""hi""",2', ',')).toEqual(['say "hi"', '2']);
    expect(fieldsOf('a,,b', ',')).toEqual(['a', '', 'b']);
  });
});
