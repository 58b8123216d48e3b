// What Node can do at best on one socket: commands encoded beforehand, as many in one write as are to be in flight;
// of the replies only the bytes are counted.

import { connect, type Socket } from 'node:net';
import type { Work } from './load.ts';
import { MIX_SET_EVERY, type Scenario } from './scenarios.ts';

const READ_BYTES = 256 * 1024;

export async function openCeiling(node: string, scenario: Scenario, value: Buffer): Promise<Work> {
  const key = 'raw:ceiling';
  const get = Buffer.from(`mg ${key} v\r\n`);
  const set = Buffer.concat([Buffer.from(`ms ${key} ${value.length} T3600\r\n`), value, Buffer.from('\r\n')]);
  const hitBytes = `VA ${value.length}\r\n`.length + value.length + 2;
  const storedBytes = 'HD\r\n'.length;

  const isSet = (at: number): boolean =>
    scenario.operation === 'set' || (scenario.operation === 'mix' && at % MIX_SET_EVERY === 0);
  // One in flight must also come to its tenth, so the mix is dealt out over several writes.
  const writes = Array.from({ length: MIX_SET_EVERY }, (_, write) => {
    const sets = Array.from({ length: scenario.inFlight }, (_, i) => isSet(write * scenario.inFlight + i));
    return {
      bytes: Buffer.concat(sets.map((one) => (one ? set : get))),
      replyBytes: sets.reduce((sum, one) => sum + (one ? storedBytes : hitBytes), 0),
    };
  });

  const line = await openLine(node);
  await line.exchange(set, storedBytes);
  return {
    operations: scenario.inFlight,
    start(at) {
      const { bytes, replyBytes } = writes[at % writes.length]!;
      return line.exchange(bytes, replyBytes);
    },
    accepts: () => true,
  };
}

interface Line {
  exchange(bytes: Buffer, replyBytes: number): Promise<void>;
}

async function openLine(node: string): Promise<Line> {
  const [host = '', port] = node.split(':');
  let missing = 0;
  let done: () => void = () => undefined;
  const socket = await new Promise<Socket>((resolve, reject) => {
    const opening = connect({
      host,
      port: Number(port),
      noDelay: true,
      onread: {
        buffer: Buffer.allocUnsafeSlow(READ_BYTES),
        callback: (length) => {
          missing -= length;
          if (missing === 0) done();
          return true;
        },
      },
    });
    opening.once('error', reject);
    opening.once('connect', () => resolve(opening));
  });
  return {
    exchange: (bytes, replyBytes) =>
      new Promise((resolve) => {
        missing = replyBytes;
        done = resolve;
        socket.write(bytes);
      }),
  };
}
