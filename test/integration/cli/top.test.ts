import { once } from 'node:events';
import net from 'node:net';
import { describe, expect, it } from 'vitest';
import { startNode } from '../../../src/testing/index.ts';
import { smearcache } from '../../support/cli.ts';
import {
  type Memcached,
  memcachedAvailable,
  startMemcached,
  startMemcachedCluster,
} from '../../support/memcached.ts';
import { RawClient } from '../../support/raw-client.ts';
import { startLoad } from '../../support/start-load.ts';

/** The hottest first, each read 1.3 times as often as the next; below them a long tail that is not hot. */
const HOT: readonly string[] = Array.from(
  { length: 10 },
  (_, i) => `hot:${String.fromCharCode(97 + ((i * 7) % 10))}`,
);
const WEIGHTS: Record<string, number> = Object.fromEntries([
  ...HOT.map((key, i) => [key, 1.3 ** -i]),
  ...Array.from({ length: 200 }, (_, i) => [`tail:${i}`, 0.005]),
]);
const TOTAL = Object.values(WEIGHTS).reduce((sum, weight) => sum + weight, 0);

/** Sends commands, and waits until a watcher of the test's own was told of the last of them: ours then was, too. */
async function whileWatched(node: Memcached, commands: string): Promise<void> {
  const watcher = await RawClient.connect(node);
  const client = await RawClient.connect(node);
  await watcher.ask('watch fetchers\r\n', 'OK\r\n');
  const gets = commands.split('get ').length - 1;
  await client.ask(`${commands}mn\r\n`, 'MN\r\n');
  for (let told = 0; told < gets; told++) await watcher.ask('', '\n');
  // What is in the other watcher's socket by now is read before this comes back.
  for (let turn = 0; turn < 3; turn++) await client.ask('mn\r\n', 'MN\r\n');
  watcher.close();
  client.close();
}

describe.skipIf(!memcachedAvailable)('smearcache top (needs memcached)', () => {
  it('ranks the ten hottest keys of a stream within 10 s, and measures their shares', {
    timeout: 40_000,
  }, async () => {
    await using cluster = await startMemcachedCluster(4);
    await using _load = await startLoad({
      nodes: cluster.names,
      weights: WEIGHTS,
      smeared: [HOT[1]!],
      valueBytes: 500,
    });
    const words = [
      'top',
      '--nodes',
      cluster.names.join(','),
      '--smear-keys',
      `${HOT[1]},${HOT[5]}`,
      '--for',
      '9s',
      '--json',
    ];
    const began = performance.now();
    const { json, code } = await smearcache(words);
    expect(performance.now() - began).toBeLessThan(11_000);
    expect(code).toBe(0);
    expect(json.keys.map(({ key }: { key: string }) => key)).toEqual(HOT);
    for (const { key, share } of json.keys) {
      const truth = WEIGHTS[key]! / TOTAL;
      expect(share / truth, key).toBeGreaterThan(0.85);
      expect(share / truth, key).toBeLessThan(1.15);
    }
    const [plain, smeared] = json.keys;
    expect(plain).toMatchObject({ copied: false, listed: false, nodes: [{ node: expect.any(String) }] });
    expect(smeared).toMatchObject({ copied: true, listed: true });
    expect(smeared.nodes.length).toBeGreaterThan(2);
    expect(json.keys[5]).toMatchObject({ copied: false, listed: true });
    expect(json.bytesPerSecond / json.perSecond).toBeCloseTo(500, -2);
  });

  it('scales what it saw by what the node counted', { timeout: 30_000 }, async () => {
    await using node = await startMemcached();
    const sleep = (): Promise<void> =>
      whileWatched(node, `${'get a\r\n'.repeat(300)}${'get b\r\n'.repeat(100)}`);
    const client = await RawClient.connect(node);
    await client.ask('set a 0 0 5\r\nhello\r\n', 'STORED\r\n');
    client.close();
    let now = 0;
    const clock = { monotonic: () => (now += 100), wall: () => Date.now() };
    const { json } = await smearcache(['top', '--nodes', node.name, '--for', '1ms', '--json'], {
      sleep,
      clock,
    });
    const [a, b] = json.keys;
    expect([a.key, b.key]).toEqual(['a', 'b']);
    expect(a.share).toBeCloseTo(0.75);
    expect(a.perSecond / json.perSecond).toBeCloseTo(0.75);
    expect(a.bytesPerSecond / a.perSecond).toBeCloseTo(5);
  });

  it('draws a table on a terminal, fitted to it, with keys that cannot touch the screen', async () => {
    await using node = await startMemcached();
    const nasty = `user:é\u202e${'long'.repeat(30)}`;
    const sleep = (): Promise<void> =>
      whileWatched(node, Buffer.from(`get ${nasty}\r\n`.repeat(5)).toString('latin1'));
    const words = ['top', '--nodes', node.name, '--for', '1ms'];
    const { stdout, code } = await smearcache(words, {
      sleep,
      terminal: true,
      columns: 80,
      environment: { NO_COLOR: '1' },
    });
    expect(code).toBe(0);
    const [live, left] = stdout.split('\u001b[?1049l');
    expect(live).toContain('\u001b[?1049h');
    for (const screen of [live!, left!])
      expect(screen).toMatch(/# {2}key +req\/s +share +bytes\/s +node +smeared/);
    expect(left).not.toContain('\u001b');
    expect(left).toMatch(/^1 {2}user:é\\u202elong.*… .*100\.0 % +0 B +127\.0\.0\.1:\d+ +no$/m);
    for (const line of left!.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  it('goes on with the nodes that let themselves be watched', async () => {
    await using node = await startMemcached();
    const silent = await startNode();
    try {
      const words = ['top', '--nodes', `${node.name},${silent.name}`, '--for', '50ms', '--burst', '10ms'];
      const { stdout, code } = await smearcache(words);
      expect(code).toBe(0);
      expect(stdout).toContain(`${silent.name} refuses \`watch\`: ERROR`);
      expect(stdout).toContain('No requests yet.');
    } finally {
      await silent.close();
    }
  });

  it('ends at Ctrl-C with the table', async () => {
    await using node = await startMemcached();
    const interruption = new AbortController();
    const sleep = async (): Promise<void> => interruption.abort();
    const { stdout, code } = await smearcache(['top', '--nodes', node.name], {
      sleep,
      interrupted: interruption.signal,
      terminal: true,
    });
    expect(code).toBe(0);
    expect(stdout).toContain('\u001b[?25h');
  });

  it('is not held up by a node that hangs, and says what it has not seen', async () => {
    await using node = await startMemcached();
    const hung = net.createServer((socket) => socket.resume().on('error', () => {}));
    await once(hung.listen(0, '127.0.0.1'), 'listening');
    const silent = `127.0.0.1:${(hung.address() as net.AddressInfo).port}`;
    try {
      const words = ['top', '--nodes', `${silent},${node.name}`, '--timeout', '1000', '--for', '2s'];
      const { json } = await smearcache([...words, '--burst', '100ms', '--json']);
      // Its count and its look, a time-out each, would have taken all of the time.
      expect(json.troubles).toMatchObject([{ node: silent, trouble: { kind: 'unreachable' } }]);
      expect(json.notWatched).toEqual([silent]);
    } finally {
      hung.close();
    }
  });

  it('fits a narrow terminal by leaving columns out', async () => {
    await using cluster = await startMemcachedCluster(2);
    await using _load = await startLoad({
      nodes: cluster.names,
      weights: { ['popular'.repeat(20)]: 1 },
      smeared: [],
      valueBytes: 10,
    });
    const words = ['top', '--nodes', cluster.names.join(','), '--for', '300ms', '--burst', '50ms'];
    for (const columns of [34, 60, 80]) {
      const { stdout } = await smearcache(words, { columns });
      const rows = stdout.split('\n').slice(stdout.split('\n').indexOf('') + 1);
      expect(rows[0]).toMatch(columns < 40 ? /key +req\/s +share/ : /key .* smeared$/);
      expect(Math.max(...rows.map((row) => row.length))).toBeLessThanOrEqual(columns);
    }
  });

  it('imports nothing when it is stopped before its time', async () => {
    await using cluster = await startMemcachedCluster(2);
    await using _load = await startLoad({
      nodes: cluster.names,
      weights: { hot: 1 },
      smeared: [],
      valueBytes: 10,
    });
    const nodes = ['--nodes', cluster.names.join(',')];
    const interruption = new AbortController();
    let bursts = 0;
    const sleep = async (millis: number): Promise<void> => {
      await new Promise((resolve) => setTimeout(resolve, millis));
      if (++bursts === 4) interruption.abort();
    };
    const stopped = { sleep, interrupted: interruption.signal };
    const { stdout, code } = await smearcache(
      ['top', ...nodes, '--for', '60s', '--burst', '100ms', '--import'],
      stopped,
    );
    expect(stdout).toMatch(/^1 {2}hot /m);
    expect(code).toBe(130);
    expect((await smearcache(['hot', ...nodes, '--json'])).json.keys).toEqual([]);
  });
});

describe('smearcache top and nodes that cannot be watched', () => {
  it('says so, and what to do instead', async () => {
    const node = await startNode();
    try {
      const { code, stderr, stdout } = await smearcache(['top', '--nodes', node.name, '--for', '1s']);
      expect(stderr).toMatch(/refuses `watch` \(ERROR.*\).*hot list is empty.*smearcache simulate/);
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    } finally {
      await node.close();
    }
  });

  it('says that nothing is reached', async () => {
    const server = net.createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as net.AddressInfo;
    server.close();
    await once(server, 'close');
    const { code, stderr } = await smearcache(['top', '--nodes', `127.0.0.1:${port}`, '--for', '1s']);
    expect(stderr).toMatch(/is not reached \(connect ECONNREFUSED/);
    expect(code).toBe(1);
  });
});
