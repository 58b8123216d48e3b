import net from 'node:net';
import { startTcpPeer, type TcpPeer } from './tcp-peer.ts';

/** What goes wrong between a client and its memcached. Nothing, where nothing is said. */
export interface Faults {
  /** What becomes of the client's next requests; those that are kept go on with the next `set`. */
  readonly requests?: 'forward' | 'keep' | 'swallow' | 'fin' | 'rst';
  /** So many bytes of the replies still pass, on all connections together. */
  readonly replyBytes?: number;
  /** What comes after them: silence, or the end of the connection. */
  readonly afterReply?: 'hold' | 'fin' | 'rst';
  /** Changes the reply bytes that arrive in one piece. */
  readonly edit?: (bytes: Buffer) => Buffer;
}

/** A TCP proxy in front of a real memcached whose faults a test switches: no chance, no time in it. */
export interface FaultyPeer extends TcpPeer {
  /** From now on. Bytes that were held back stay lost. */
  set(faults: Faults): void;
  /** Ends every connection that is open now. */
  drop(how: 'fin' | 'rst'): void;
}

export async function startFaultyPeer(target: { host: string; port: number }): Promise<FaultyPeer> {
  let faults: Faults = {};
  let passed = 0;
  const relays: net.Socket[] = [];
  const kept: (() => void)[] = [];

  const end = (client: net.Socket, how: 'fin' | 'rst'): void => {
    if (how === 'rst') client.resetAndDestroy();
    else client.end();
  };

  const peer = await startTcpPeer((client) => {
    const server = net.connect({ ...target, noDelay: true });
    relays.push(server);
    client.setNoDelay(true);
    server.on('error', () => client.destroy());
    server.on('end', () => client.end());
    client.on('close', () => server.destroy());
    client.on('data', (bytes) => {
      const { requests = 'forward' } = faults;
      if (requests === 'forward') server.write(bytes);
      else if (requests === 'keep') kept.push(() => void server.write(bytes));
      else if (requests !== 'swallow') end(client, requests);
    });
    server.on('data', (bytes) => {
      const { replyBytes = Number.POSITIVE_INFINITY, afterReply = 'hold', edit } = faults;
      const edited = edit === undefined ? bytes : edit(bytes);
      const allowed = edited.subarray(0, Math.max(0, replyBytes - passed));
      passed += edited.length;
      if (allowed.length > 0) client.write(allowed);
      if (allowed.length < edited.length && afterReply !== 'hold') end(client, afterReply);
    });
  });

  const close = async (): Promise<void> => {
    for (const relay of relays) relay.destroy();
    await peer.close();
  };
  return {
    ...peer,
    set: (next) => {
      faults = next;
      passed = 0;
      for (const send of kept.splice(0)) send();
    },
    drop: (how) => {
      for (const socket of peer.sockets) if (!socket.destroyed) end(socket, how);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
