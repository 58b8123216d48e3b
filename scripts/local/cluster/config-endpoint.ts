import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { HOST } from './node.ts';

export interface ConfigEndpoint {
  readonly host: string;
  readonly port: number;
  close(): Promise<void>;
}

type Node = { readonly host: string; readonly port: number };

/** Answers as an ElastiCache configuration endpoint does: the list of nodes, by the new command and the old key. */
export async function startConfigEndpoint(nodes: readonly Node[]): Promise<ConfigEndpoint> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    const lines = createInterface({ input: socket });
    lines.on('line', (line) => {
      const command = line.trim();
      if (command === 'quit') socket.end();
      else socket.write(answerTo(command, nodes));
    });
    // Readline emits the socket's errors once more, as its own.
    lines.on('error', () => lines.close());
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, HOST, resolve));
  return {
    host: HOST,
    port: (server.address() as AddressInfo).port,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The version of the list: no node joins or leaves while the cluster runs. */
const VERSION = 1;

function answerTo(command: string, nodes: readonly Node[]): string {
  const list = `${VERSION}\n${nodes.map(({ host, port }) => `${host}|${host}|${port}`).join(' ')}\n`;
  switch (command) {
    case 'config get cluster':
      return `CONFIG cluster 0 ${list.length}\r\n${list}\r\nEND\r\n`;
    case 'get AmazonElastiCache:cluster':
      return `VALUE AmazonElastiCache:cluster 0 ${list.length}\r\n${list}\r\nEND\r\n`;
    case 'version':
      return 'VERSION 1.6.22\r\n';
    default:
      return 'ERROR\r\n';
  }
}
