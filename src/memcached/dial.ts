import { connect, isIP, type Socket } from 'node:net';
import type { ConnectionOptions, SecureContext } from 'node:tls';

export interface DialListener {
  /** The connection stands and, with TLS, its peer is who it should be. */
  connected(): void;
  /** `bytes[0, length)`; the buffer is used again as soon as this returns. */
  data(bytes: Buffer, length: number): void;
}

/** Opens a socket to one node. */
export type Dial = (listener: DialListener) => Socket;

/** What one read can take. Values of 100 kB arrive in one or two reads instead of many. */
const READ_BYTES = 256 * 1024;

/**
 * All sockets read into one buffer, which saves an allocation a read and a buffer a socket. That holds because a read
 * and its callback are one synchronous step; on Windows reads are posted ahead, so there each socket has its own.
 */
let sharedBuffer: Buffer | undefined;
function readBuffer(): Buffer {
  if (process.platform === 'win32') return Buffer.allocUnsafeSlow(READ_BYTES);
  sharedBuffer ??= Buffer.allocUnsafeSlow(READ_BYTES);
  return sharedBuffer;
}

export function tcpDial(host: string, port: number): Dial {
  return (listener) => {
    const socket = connect({
      host,
      port,
      noDelay: true,
      onread: {
        buffer: readBuffer(),
        callback: (length, buffer) => {
          listener.data(buffer as Buffer, length);
          return true;
        },
      },
    });
    socket.on('connect', () => listener.connected());
    return socket;
  };
}

/**
 * TLS to one node, by its host name: ElastiCache's certificates name hosts, and the name is verified. `node:tls` is
 * loaded here, since it costs 18 ms of a cold start. Sessions are resumed on reconnects.
 */
export function tlsDials(options: ConnectionOptions): (host: string, port: number) => Dial {
  const tls = process.getBuiltinModule('node:tls');
  // Made once for all nodes: it parses the certificates.
  const secureContext: SecureContext = options.secureContext ?? tls.createSecureContext(options);
  return (host, port) => {
    let session: Buffer | undefined;
    return (listener) => {
      const socket = tls.connect({
        ...options,
        host,
        port,
        secureContext,
        // An address is no name that a certificate could be asked for by SNI.
        ...(isIP(host) > 0 ? {} : { servername: options.servername ?? host }),
        ...(session === undefined ? {} : { session }),
      });
      socket.setNoDelay(true);
      socket.on('secureConnect', () => listener.connected());
      socket.on('session', (latest) => {
        session = latest;
      });
      socket.on('data', (chunk: Buffer) => listener.data(chunk, chunk.length));
      return socket;
    };
  };
}
