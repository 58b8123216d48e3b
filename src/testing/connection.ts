import type { Socket } from 'node:net';
import { REQUEST_MAGIC } from './binary-frame.ts';
import { BinaryProtocol } from './binary-protocol.ts';
import { ByteQueue } from './byte-queue.ts';
import type { NodeState } from './node-state.ts';
import { Outbound } from './outbound.ts';
import { Outbox } from './outbox.ts';
import { TextProtocol } from './text-protocol.ts';

/**
 * Serves one socket until it closes. The first byte says which protocol it speaks, as in memcached's automatic
 * mode. The replies to one chunk of requests leave in one write.
 */
export function serve(socket: Socket, state: NodeState): void {
  const input = new ByteQueue();
  const outbox = new Outbox();
  const outbound = new Outbound(socket, state);
  let protocol: TextProtocol | BinaryProtocol | undefined;
  let isOver = false;

  function work(): void {
    if (isOver || outbound.ended || input.length === 0 || state.faults.look('hang') !== undefined) return;
    protocol ??= input.firstByte() === REQUEST_MAGIC ? new BinaryProtocol(state) : new TextProtocol(state);
    isOver = !protocol.advance(input, outbox);
    outbound.send(outbox.takeAll());
    if (isOver) outbound.end();
    // A client that sends and never reads is not sent more than the kernel and one chunk's replies hold.
    if (socket.writableNeedDrain) socket.pause();
  }

  const forget = state.faults.onClear((kind) => {
    if (kind === undefined || kind === 'stall') outbound.resume();
    if (kind === undefined || kind === 'hang') work();
  });
  state.connections++;
  state.counters.total_connections++;

  socket.on('data', (chunk) => {
    state.counters.bytes_read += chunk.length;
    if (isOver || outbound.ended) return;
    input.push(chunk);
    work();
  });
  socket.on('drain', () => socket.resume());
  // What a peer does to its connection is no fault of the node's: 'close' follows.
  socket.on('error', () => {});
  socket.once('close', () => {
    state.connections--;
    forget();
    outbound.dispose();
  });
}
