import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import tls from 'node:tls';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { DoctorFinding } from '../../../src/cli/doctor/finding.ts';
import { createCache } from '../../../src/create-cache.ts';
import { startNode } from '../../../src/testing/index.ts';
import { smearcache } from '../../support/cli.ts';
import { memcachedAvailable, startMemcached, startMemcachedCluster } from '../../support/memcached.ts';

const CERTIFICATES = fileURLToPath(new URL('../../support/certificates/', import.meta.url));

const of = (findings: readonly DoctorFinding[], check: string) =>
  findings.find((finding) => finding.check === check)!;

describe.skipIf(!memcachedAvailable)('smearcache doctor (needs memcached)', () => {
  it('finds nothing wrong with a cluster that is fit', async () => {
    await using cluster = await startMemcachedCluster(2);
    const words = ['doctor', '--nodes', cluster.names.join(','), '--environments', '100', '--for', '10ms'];
    const { code, stdout, stderr } = await smearcache(words);
    expect(stdout).toMatch(/^2 nodes of the static node list/);
    expect(stdout).toMatch(/^✔ reachability {2}all 2 nodes answer from here$/m);
    expect(stdout).toMatch(
      /^✔ engine .*memcached 1\.\d+\.\d+ on every node; meta commands, leases and counts work$/m,
    );
    expect(stdout).toMatch(
      /^✔ connections .*100 environments hold 100 sockets on each node; .* allows 1,024$/m,
    );
    expect(stdout).toMatch(/^✔ item size .*items of up to 1\.0 MB$/m);
    expect(stdout).toMatch(/Fit: nothing to do\.\n$/);
    expect(stderr).toBe('asking 2 nodes, watching for 0.01 s …\n');
    expect(code).toBe(0);
  });

  it('leaves nothing behind', async () => {
    await using node = await startMemcached();
    await smearcache(['doctor', '--nodes', node.name, '--for', '10ms', '--allow-warnings']);
    const { json } = await smearcache(['doctor', '--nodes', node.name, '--for', '10ms', '--json']);
    expect(json.nodes[0].stats.curr_items).toBe('0');
  });

  it('sees limits, a dead node, and says what to do', async () => {
    await using small = await startMemcached({ args: ['-c', '60', '-I', '512k'] });
    await using dead = await startMemcached();
    await dead.close();
    const words = ['--nodes', `${small.name},${dead.name}`, '--environments', '100', '--item-size', '900000'];
    const { code, json } = await smearcache(['doctor', ...words, '--for', '10ms', '--json']);
    expect(code).toBe(1);
    expect(json.worst).toBe('failure');
    const failures = (json.findings as DoctorFinding[]).filter(({ level }) => level === 'failure');
    expect(failures.map(({ check }) => check)).toEqual(['reachability', 'connections', 'item size']);
    for (const { todo } of failures) expect(todo).toBeTruthy();
    expect(failures[0]!.nodes).toEqual([dead.name]);
  });

  it('sees evictions and a hot key that happen while it watches', async () => {
    await using cluster = await startMemcachedCluster(4, { args: ['-m', '2'] });
    const cache = createCache({ discovery: { nodes: cluster.names }, operationTimeoutMillis: 5_000 });
    const value = 'x'.repeat(100_000);
    const load = async (): Promise<void> => {
      for (let i = 0; i < 2_000; i++) await cache.get('hot');
      for (let i = 0; i < 120; i++) await cache.set(`item:${i}`, value, { ttlSeconds: 60 });
    };
    try {
      const words = ['doctor', '--nodes', cluster.names.join(','), '--json'];
      const { code, json } = await smearcache(words, { sleep: load });
      expect(code).toBe(1);
      expect(of(json.findings, 'skew')).toMatchObject({
        level: 'warning',
        todo: expect.stringContaining('smearcache top'),
      });
      expect(of(json.findings, 'evictions')).toMatchObject({
        level: 'warning',
        says: expect.stringMatching(/items a second are evicted/),
      });
      expect(await smearcache([...words, '--allow-warnings'], { sleep: load })).toMatchObject({ code: 0 });
    } finally {
      await cache.close();
    }
  });

  it('verifies names over TLS, and tells how long certificates last', async () => {
    await using node = await startMemcached();
    const pem = readFileSync(`${CERTIFICATES}server.pem`);
    const server = tls.createServer({ key: pem, cert: pem }, (client) => {
      const onward = net.connect(node.port, '127.0.0.1');
      client.pipe(onward).pipe(client);
      client.on('error', () => onward.destroy());
      onward.on('error', () => client.destroy());
    });
    server.on('tlsClientError', () => {});
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const name = `localhost:${(server.address() as net.AddressInfo).port}`;
    try {
      const trusting = [
        'doctor',
        '--nodes',
        name,
        '--tls-ca',
        `${CERTIFICATES}ca.pem`,
        '--for',
        '10ms',
        '--json',
      ];
      const { json } = await smearcache(trusting);
      expect(of(json.findings, 'TLS').says).toMatch(
        /^TLSv1\.\d, names verified, certificates valid for [\d,]+ more days$/,
      );
      expect(of(json.findings, 'engine').level).toBe('ok');
      const { json: untrusted, code } = await smearcache([
        'doctor',
        '--nodes',
        name,
        '--tls',
        '--for',
        '10ms',
        '--json',
      ]);
      expect(code).toBe(1);
      expect(of(untrusted.findings, 'reachability')).toMatchObject({
        level: 'failure',
        todo: expect.stringContaining('--tls-ca'),
      });
      const { json: plain } = await smearcache(['doctor', '--nodes', name, '--timeout', '300', '--json']);
      expect(of(plain.findings, 'reachability').todo).toMatch(/--tls/);
    } finally {
      server.close();
    }
  });
});

describe('smearcache doctor and nodes of other kinds', () => {
  it('warns of an engine without meta commands', async () => {
    const node = await startNode({ version: '1.5.6' });
    try {
      const { json } = await smearcache(['doctor', '--nodes', node.name, '--for', '10ms', '--json']);
      expect(of(json.findings, 'engine')).toMatchObject({
        level: 'warning',
        says: expect.stringContaining('memcached 1.5.6'),
      });
    } finally {
      await node.close();
    }
  });

  it('says that what answers is no memcached', async () => {
    const server = net.createServer((socket) => {
      socket.on('error', () => {});
      socket.write('HTTP/1.1 400 Bad Request\r\n');
      socket.resume();
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    try {
      const name = `127.0.0.1:${(server.address() as net.AddressInfo).port}`;
      const { code, json } = await smearcache(['doctor', '--nodes', name, '--timeout', '500', '--json']);
      expect(code).toBe(1);
      expect(of(json.findings, 'reachability').level).toBe('failure');
    } finally {
      server.close();
    }
  });
});
