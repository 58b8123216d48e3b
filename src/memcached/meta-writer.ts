import type { Socket } from 'node:net';
import type { Millis } from '../base/units.ts';
import type { MetaOperation } from './meta-operation.ts';
import type { OperationQueue } from './operation-queue.ts';

/** Values from this size on go to the socket as they are; smaller ones are cheaper copied into one buffer. */
const WRITE_APART_BYTES = 16 * 1024;
const LINE_END = '\r\n';

/** Writes all that was not sent yet, in one write; from here on each has until `deadline`. */
export function writeUnsent(socket: Socket, queue: OperationQueue, deadline: Millis): void {
  let text = '';
  let withBodies: MetaOperation[] | undefined;
  for (let next = queue.takeUnsent(); next !== undefined; next = queue.takeUnsent()) {
    next.sent = true;
    next.deadline = deadline;
    if (withBodies !== undefined) withBodies.push(next);
    else if (next.body === undefined) text += next.lines;
    else withBodies = [next];
  }
  if (withBodies === undefined) {
    socket.write(text, 'utf8');
    return;
  }
  socket.cork();
  writeBodies(socket, text, withBodies);
  socket.uncork();
}

/** Small values and the lines around them are laid out in one buffer; large ones are passed on between. */
function writeBodies(socket: Socket, text: string, operations: readonly MetaOperation[]): void {
  let before = text;
  let from = 0;
  for (let at = 0; at < operations.length; at++) {
    const { lines, body } = operations[at]!;
    if (body === undefined || body.length < WRITE_APART_BYTES) continue;
    socket.write(laidOut(before, operations, from, at, lines));
    socket.write(body);
    before = LINE_END;
    from = at + 1;
  }
  socket.write(laidOut(before, operations, from, operations.length, ''));
}

/** `before`, the operations in `[from, to)`, and `after`. */
function laidOut(
  before: string,
  operations: readonly MetaOperation[],
  from: number,
  to: number,
  after: string,
): Buffer {
  let bytes = Buffer.byteLength(before) + Buffer.byteLength(after);
  for (let i = from; i < to; i++) {
    const { lines, body } = operations[i]!;
    bytes += Buffer.byteLength(lines) + (body === undefined ? 0 : body.length + LINE_END.length);
  }
  const buffer = Buffer.allocUnsafe(bytes);
  let at = buffer.write(before, 0, 'utf8');
  for (let i = from; i < to; i++) {
    const { lines, body } = operations[i]!;
    at += buffer.write(lines, at, 'utf8');
    if (body === undefined) continue;
    buffer.set(body, at);
    at += body.length;
    at += buffer.write(LINE_END, at, 'latin1');
  }
  buffer.write(after, at, 'utf8');
  return buffer;
}
