// Many environments start at once, as after a deployment or at a peak.

import net from 'node:net';
import { machineMillis } from '../../test/support/histories/history.ts';
import type { Course, Drill, Report } from '../drill.ts';
import { Fleet } from '../environments/fleet.ts';
import { KEYS } from '../environments/settings.ts';
import { lineOf } from '../line.ts';
import { Stand } from '../stand/stand.ts';
import { boundsFor, judge } from '../verdict.ts';

const ENVIRONMENTS = 300;
const PROCESSES = 4;
const NODES = 4;
const COPY_TTL_SECONDS = 5;

export const crowd: Drill = { name: 'crowd', run };

async function run({ seed }: Course): Promise<Report> {
  await using stand = await Stand.start({ nodes: NODES });
  await using fleet = new Fleet('crowd', (worker) => ({
    configEndpoint: stand.configEndpoint,
    copyTtlSeconds: COPY_TTL_SECONDS,
    seed: seed + worker,
    clients: ENVIRONMENTS / PROCESSES,
  }));
  await fleet.grow(PROCESSES);
  const startedAt = machineMillis();
  await fleet.burst();
  const endedAt = machineMillis();
  const connections = await Promise.all(stand.nodes.map(({ host, port }) => connectionsOf(host, port)));
  const questions = stand.config.configNode.stats.total_connections;
  await fleet.stop();
  const period = { from: startedAt, to: endedAt };
  // Nothing was before, so all of a call's time is added.
  const verdict = judge(fleet, boundsFor(COPY_TTL_SECONDS), [], startedAt, period);
  const notes = [
    `${questions} questions to the endpoint`,
    `${connections.join(', ')} connections to the nodes`,
    `all through in ${((endedAt - startedAt) / 1_000).toFixed(1)} s`,
    `${KEYS.length} keys`,
    `${fleet.downs()} times a node was taken for down`,
  ];
  const complaints = fleet.left.length > 0 ? [`left open after close(): ${fleet.left.join(', ')}`] : [];
  return {
    line: lineOf(`${ENVIRONMENTS} environments start at once`, verdict, notes),
    faults: [...verdict.wrong, ...verdict.failed, ...complaints],
    left: fleet.left,
  };
}

/** Those that are open now, ours and that of `startMemcached`'s question aside. */
function connectionsOf(host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    let reply = '';
    const socket = net.connect(port, host, () => socket.write('stats\r\n'));
    socket.once('error', reject).setEncoding('latin1');
    socket.on('data', (text) => {
      reply += text;
      if (!reply.endsWith('END\r\n')) return;
      socket.destroy();
      // memcached counts its listening socket, too.
      resolve(Number(/STAT curr_connections (\d+)/.exec(reply)?.[1]) - 2);
    });
  });
}
