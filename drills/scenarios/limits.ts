// A node that takes no more connections, or no more items.

import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { rehearsal } from '../rehearsal.ts';

/** memcached keeps some of them for itself. */
const MOST_CONNECTIONS = 32;
const NEWCOMERS = 3;

export const connections = rehearsal({
  name: 'maxconns',
  title: 'one node at its limit of connections',
  stand: { argsOfFirst: ['-c', String(MOST_CONNECTIONS), '-t', '1'] },
  async fault(scene) {
    const { stand, fleet, millis, note } = scene;
    const node = stand.nodes[0]!;
    // Those that are there keep their connections; what is left is taken by others, then environments come.
    const idle = Array.from({ length: MOST_CONNECTIONS }, () =>
      net
        .connect(node.port, node.host)
        .on('error', () => {})
        .resume(),
    );
    await sleep(millis / 8);
    await fleet.grow(NEWCOMERS);
    await sleep(millis / 2);
    for (const socket of idle) socket.destroy();
    await sleep(millis / 4);
    note(`${NEWCOMERS} environments start while it is full`);
  },
});

/** Item sizes that fill every slab class the drill's items and stubs fall into. */
const FILLED_BYTES = [1, 30, 60, 100, 150, 200, 300, 400, 500, 600, 700, 800, 900, 1_200];
const REFUSED_IN_A_ROW = 20;

export const memory = rehearsal({
  name: 'memory',
  title: 'one node out of memory, evicting nothing',
  stand: { argsOfFirst: ['-m', '1', '-M', '-I', '512k'] },
  async fault({ stand, millis, note, complain }) {
    const { port, host } = stand.nodes[0]!;
    let refusals = 0;
    for (const bytes of FILLED_BYTES) refusals += await fill(host, port, bytes);
    if (refusals === 0) complain('the node took everything: it is not full');
    await sleep(millis);
    note(`${FILLED_BYTES.length} sizes filled until refused`);
  },
});

/** Stores items of this size until the node refuses several in a row; gives how many it refused. */
async function fill(host: string, port: number, bytes: number): Promise<number> {
  const socket = net.connect({ host, port, noDelay: true }).setEncoding('latin1');
  const value = 'x'.repeat(bytes);
  let stored = 0;
  let refused = 0;
  let inARow = 0;
  await new Promise<void>((resolve, reject) => {
    const next = (): void => void socket.write(`set full:${bytes}:${stored++} 0 0 ${bytes}\r\n${value}\r\n`);
    socket.on('data', (reply) => {
      const isRefusal = String(reply).startsWith('SERVER_ERROR');
      inARow = isRefusal ? inARow + 1 : 0;
      if (isRefusal) refused++;
      if (inARow < REFUSED_IN_A_ROW) next();
      else resolve();
    });
    socket.once('error', reject).once('connect', next);
  });
  socket.destroy();
  return refused;
}
