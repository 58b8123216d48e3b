import type { Socket } from 'node:net';
import type { Millis } from '../base/units.ts';
import type { OperationQueue } from './operation-queue.ts';

/** Values from this size on go to the socket as they are; smaller ones are cheaper copied into one buffer. */
const WRITE_APART_BYTES = 16 * 1024;

/** Writes all that was not sent yet, in one write; from here on each has until `deadline`. */
export function writeUnsent(socket: Socket, queue: OperationQueue, deadline: Millis): void {
  let text = '';
  let parts: Buffer[] | undefined;
  for (let next = queue.takeUnsent(); next !== undefined; next = queue.takeUnsent()) {
    next.sent = true;
    next.deadline = deadline;
    text += next.lines;
    const { body } = next;
    if (body === undefined) continue;
    parts ??= [];
    parts.push(Buffer.from(text, 'utf8'), body);
    text = '\r\n';
  }
  if (parts === undefined) socket.write(text, 'utf8');
  else writeParts(socket, parts, text);
}

function writeParts(socket: Socket, parts: Buffer[], rest: string): void {
  parts.push(Buffer.from(rest, 'utf8'));
  if (!parts.some(({ length }) => length >= WRITE_APART_BYTES)) {
    socket.write(Buffer.concat(parts));
    return;
  }
  socket.cork();
  for (const part of parts) socket.write(part);
  socket.uncork();
}
