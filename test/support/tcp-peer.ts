import net from 'node:net';

/** A server on a free loopback port that does with each connection what the test says. */
export interface TcpPeer {
  readonly host: string;
  readonly port: number;
  /** `host:port` */
  readonly name: string;
  /** Every connection that was accepted, in order; also those that are gone. */
  readonly sockets: readonly net.Socket[];
  /** Drops what is connected and listens no more. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

const HOST = '127.0.0.1';

export async function startTcpPeer(onConnection: (socket: net.Socket) => void, port = 0): Promise<TcpPeer> {
  const sockets: net.Socket[] = [];
  const server = net.createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    onConnection(socket);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, HOST, resolve);
  });
  const address = server.address() as net.AddressInfo;
  const close = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  return {
    host: HOST,
    port: address.port,
    name: `${HOST}:${address.port}`,
    sockets,
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Calls `onLine` for each line that a text client sends. */
export function onLines(socket: net.Socket, onLine: (line: string) => void): void {
  let rest = '';
  socket.setEncoding('latin1').on('data', (text: string) => {
    const lines = (rest + text).split('\r\n');
    rest = lines.pop()!;
    for (const line of lines) onLine(line);
  });
}
