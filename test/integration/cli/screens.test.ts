import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { memcachedAvailable, startMemcachedCluster } from '../../support/memcached.ts';
import { startLoad } from '../../support/start-load.ts';
import { openTerminal, terminalAvailable } from '../../support/terminal.ts';

const MAIN = fileURLToPath(new URL('../../../src/cli/main.ts', import.meta.url));
const TOOL = [process.execPath, MAIN];

describe.skipIf(!(memcachedAvailable && terminalAvailable))(
  'screens in a real terminal (needs memcached and tmux)',
  () => {
    it('top shows keys live, and leaves the table behind at Ctrl-C', { timeout: 40_000 }, async () => {
      await using cluster = await startMemcachedCluster(2);
      const weights = { popular_user_data: 10, 'item:1': 3, 'item:2': 1 };
      await using _load = await startLoad({ nodes: cluster.names, weights, smeared: [], valueBytes: 1_000 });
      const command = [...TOOL, 'top', '--nodes', cluster.names.join(','), '--burst', '300ms'];
      await using terminal = await openTerminal(command);
      const live = await terminal.until(/^ *3 +item:2 /m);
      expect(live).toMatch(/^smearcache top +2 nodes, [\d,]+ requests\/s, [\d.]+ MB\/s of values$/m);
      expect(live).toMatch(/^ *# +key +req\/s +share +bytes\/s +node +smeared$/m);
      expect(live).toMatch(/^ *1 +popular_user_data +[\d,]+ +\d\d\.\d % +[\d.]+ MB +127\.0\.0\.1:\d+ +no$/m);
      await terminal.press('C-c');
      const left = await terminal.until(/exit code 0/);
      expect(left).toMatch(/^ *1 +popular_user_data /m);
      expect(left.match(/smearcache top/g)).toHaveLength(1);
    });

    it('doctor lists its findings', { timeout: 40_000 }, async () => {
      await using cluster = await startMemcachedCluster(2, { args: ['-c', '64'] });
      const command = [...TOOL, 'doctor', '--environments', '500', '--for', '100ms'];
      await using terminal = await openTerminal(command, { SMEARCACHE_NODES: cluster.names.join(',') });
      const screen = await terminal.until(/exit code 1/);
      expect(screen).toMatch(/^✔ reachability +all 2 nodes answer from here$/m);
      expect(screen).toMatch(
        /^✖ connections +500 environments hold 500 sockets on each node; \S+\s+allows 64/m,
      );
      for (const line of screen.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
      expect(screen).toMatch(/^ +→ raise maxconns/m);
      expect(screen).not.toContain('watching for');
    });

    it('simulate charts what its input says', { timeout: 40_000 }, async () => {
      await using terminal = await openTerminal([
        ...TOOL,
        'simulate',
        '--popularity',
        '--size',
        '6',
        '--target',
        '1.05',
      ]);
      const screen = await terminal.until(/exit code 0/);
      expect(screen.match(/^node-\d\.example:11211 +█.*█.*%$/gm)).toHaveLength(6);
      expect(screen).toMatch(/^busiest \/ mean +\d\.\d\d +1\.0\d$/m);
      expect(screen).toMatch(/^ *1 +key:1 +6\.6 % +\d/m);
    });
  },
);
