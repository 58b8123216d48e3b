import type memjsServer from 'memjs/lib/memjs/server.js';
import type memjsUtils from 'memjs/lib/memjs/utils.js';

/** The two files of memjs that are used. They come in as an argument, so that importing the package loads neither. */
export interface Memjs {
  readonly Server: typeof memjsServer.Server;
  readonly makeRequestBuffer: typeof memjsUtils.makeRequestBuffer;
}

export async function loadMemjs(): Promise<Memjs> {
  const [server, utils] = await Promise.all([
    import('memjs/lib/memjs/server.js'),
    import('memjs/lib/memjs/utils.js'),
  ]);
  return { Server: server.default.Server, makeRequestBuffer: utils.default.makeRequestBuffer };
}

export interface SaslCredentials {
  readonly username: string;
  readonly password: string;
}
