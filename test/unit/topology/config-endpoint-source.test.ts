import type net from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { DiscoveryError } from '../../../src/base/errors.ts';
import { tcpDial } from '../../../src/memcached/dial.ts';
import { configEndpointSource, type Topology, type TopologySource } from '../../../src/topology/index.ts';
import { freePort } from '../../support/memcached.ts';
import { onLines, startTcpPeer, type TcpPeer } from '../../support/tcp-peer.ts';

const LIST = '12\na.example|10.0.0.1|11211 b.example||11212\n';
const TOPOLOGY: Topology = {
  version: '12',
  nodes: [
    { host: 'a.example', port: 11_211, ip: '10.0.0.1' },
    { host: 'b.example', port: 11_212 },
  ],
};
const config = (payload: string): string =>
  `CONFIG cluster 0 ${Buffer.byteLength(payload)}\r\n${payload}\r\nEND\r\n`;
const value = (payload: string): string =>
  `VALUE AmazonElastiCache:cluster 0 ${Buffer.byteLength(payload)}\r\n${payload}\r\nEND\r\n`;

const sourceAt = (port: number, timeoutMillis: number): TopologySource =>
  configEndpointSource(`127.0.0.1:${port}`, tcpDial('127.0.0.1', port), timeoutMillis, systemClock);

describe('the configuration endpoint', () => {
  let endpoint: TcpPeer | undefined;
  let asked: string[];

  /** An endpoint that answers each command line with what `answer` does to the socket. */
  async function listen(answer: (line: string, socket: net.Socket) => void): Promise<void> {
    asked = [];
    endpoint = await startTcpPeer((socket) =>
      onLines(socket, (line) => {
        asked.push(line);
        answer(line, socket);
      }),
    );
  }

  const read = (timeoutMillis = 1_000): Promise<Topology> => sourceAt(endpoint!.port, timeoutMillis).read();

  afterEach(async () => {
    await endpoint?.close();
    endpoint = undefined;
  });

  it('gives the list to `config get cluster`', async () => {
    await listen((_line, socket) => socket.write(config(LIST)));
    expect(await read()).toEqual(TOPOLOGY);
    expect(asked).toEqual(['config get cluster']);
  });

  it.each(['ERROR', 'CLIENT_ERROR bad command line format', 'END'])(
    'is asked for the legacy key after %s',
    async (refusal) => {
      await listen((line, socket) =>
        socket.write(line.startsWith('config') ? `${refusal}\r\n` : value(LIST)),
      );
      expect(await read()).toEqual(TOPOLOGY);
      expect(asked).toEqual(['config get cluster', 'get AmazonElastiCache:cluster']);
    },
  );

  it('may answer in single bytes', async () => {
    await listen((line, socket) => {
      const answer = Buffer.from(line.startsWith('config') ? 'ERROR\r\n' : value(LIST));
      socket.setNoDelay(true);
      let sent = 0;
      const next = (): void => {
        if (sent < answer.length && !socket.destroyed) socket.write(answer.subarray(sent, ++sent), next);
      };
      next();
    });
    expect(await read()).toEqual(TOPOLOGY);
  });

  it('may count its bytes in UTF-8', async () => {
    await listen((_line, socket) => socket.write(config('3\nnœud.example||1\n')));
    expect((await read()).nodes).toEqual([{ host: 'nœud.example', port: 1 }]);
  });

  it('may end the connection right after its answer', async () => {
    await listen((_line, socket) => socket.end(config(LIST)));
    expect(await read()).toEqual(TOPOLOGY);
  });

  it('is left after each read: no connection stays', async () => {
    await listen((_line, socket) => socket.write(config(LIST)));
    const source = sourceAt(endpoint!.port, 1_000);
    await source.read();
    await source.read();
    await Promise.all(
      endpoint!.sockets.map(
        (socket) => socket.closed || new Promise<void>((resolve) => socket.once('close', () => resolve())),
      ),
    );
    expect(endpoint!.sockets).toHaveLength(2);
  });

  it('that is a plain memcached is told from one that fails, with a way out', async () => {
    await listen((line, socket) => socket.write(line.startsWith('config') ? 'ERROR\r\n' : 'END\r\n'));
    await expect(read()).rejects.toThrow(DiscoveryError);
    await expect(read()).rejects.toThrow(
      /keeps no node list; name plain memcached nodes in `discovery\.nodes`/,
    );
  });

  it.each([
    ['lists no nodes', config('12\n'), /lists no nodes/],
    ['sends an empty payload', config(''), /it answered ""/],
    ['sends no node list', config('hello world'), /it answered "hello world"/],
  ])('is refused when it %s', async (_what, answer, message) => {
    await listen((_line, socket) => socket.write(answer));
    await expect(read()).rejects.toThrow(message);
  });

  it.each([
    ['at once', ''],
    ['in the middle of its answer', config(LIST).slice(0, 40)],
  ])('that closes %s is a discovery error', async (_when, part) => {
    await listen((_line, socket) => socket.end(part));
    await expect(read()).rejects.toThrow(/the connection was closed/);
  });

  it.each([
    ['that never answers', ''],
    ['that stops in the middle of its answer', config(LIST).slice(0, 40)],
    ['that announces more than it sends', `CONFIG cluster 0 5000\r\n${LIST}\r\nEND\r\n`],
    ['that sends no line end', 'CONFIG cluster 0'],
  ])('%s is given up in time', async (_what, part) => {
    await listen((_line, socket) => socket.write(part));
    const start = performance.now();
    await expect(read(60)).rejects.toThrow(/no answer within 60 ms/);
    expect(performance.now() - start).toBeLessThan(1_000);
  });

  it('that answers without end is given up', async () => {
    await listen((_line, socket) => {
      const more = (): void => {
        if (!socket.destroyed) socket.write(Buffer.alloc(64 * 1024, 'x'), more);
      };
      more();
    });
    await expect(read(10_000)).rejects.toThrow(/the answer has no end/);
  });

  it('that refuses connections is a discovery error with the reason', async () => {
    const port = await freePort();
    const source = sourceAt(port, 1_000);
    await expect(source.read()).rejects.toThrow(/ECONNREFUSED/);
    await expect(source.read()).rejects.toBeInstanceOf(DiscoveryError);
  });

  it('is named in what goes wrong', async () => {
    await listen((_line, socket) => socket.destroy());
    await expect(read()).rejects.toThrow(`no node list from configuration endpoint ${endpoint!.name}:`);
  });

  it('leaves no timer behind', async () => {
    await listen((_line, socket) => socket.write(config(LIST)));
    const alive = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const before = alive();
    await read(60_000);
    expect(alive()).toBe(before);
  });
});
