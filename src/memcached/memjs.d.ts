// The two files of memjs that are used, imported by themselves: its client would double their size in a bundle. The
// types that are published for memjs leave these parts out.

declare module 'memjs/lib/memjs/server.js' {
  import type { Socket } from 'node:net';

  namespace memjsServer {
    interface Response {
      readonly header: {
        readonly magic: number;
        readonly opcode: number;
        readonly status: number;
        readonly cas: Buffer;
      };
      readonly extras: Buffer;
      readonly val: Buffer;
    }

    class Server {
      constructor(
        host: string,
        port: number,
        username: undefined,
        password: undefined,
        options: { readonly timeout: number; readonly conntimeout: number },
      );
      username: string | undefined;
      password: string | undefined;
      /** Opened inside the first `write`. */
      readonly _socket?: Socket;
      onResponse(opaque: number, receive: (response: Response) => void): void;
      onError(opaque: number, fail: (error: unknown) => void): void;
      write(request: Buffer): void;
    }
  }

  const memjsServer: { Server: typeof memjsServer.Server };
  export = memjsServer;
}

declare module 'memjs/lib/memjs/utils.js' {
  const memjsUtils: {
    makeRequestBuffer(opcode: number, key: string, extras: Buffer, value: Buffer, opaque: number): Buffer;
  };
  export = memjsUtils;
}
