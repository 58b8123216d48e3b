// One node's process dies, hangs, or comes back empty.

import { setTimeout as sleep } from 'node:timers/promises';
import { TTL_SECONDS } from '../environments/settings.ts';
import { rehearsal } from '../rehearsal.ts';

export const kill = rehearsal({
  name: 'kill',
  title: 'kill -9 one of 4 nodes',
  async fault(scene) {
    const node = scene.stand.nodes[1]!;
    await node.memcached.close();
    await sleep(scene.millis);
  },
});

export const stop = rehearsal({
  name: 'stop',
  title: 'SIGSTOP one of 4 nodes, then SIGCONT',
  longFaultSeconds: 10,
  async fault(scene) {
    const node = scene.stand.nodes[1]!;
    node.memcached.kill('SIGSTOP');
    await sleep(scene.millis);
    node.memcached.kill('SIGCONT');
    scene.note(`stopped for ${(scene.millis / 1_000).toFixed(0)} s`);
  },
});

export const restart = rehearsal({
  name: 'restart',
  title: 'kill one of 4 nodes, start it empty at once',
  async fault(scene) {
    const node = scene.stand.nodes[1]!;
    await scene.stand.restart(node);
    await sleep(scene.millis);
  },
});

/** What a value that nobody deletes lives for. */
export const BASE_MILLIS = TTL_SECONDS * 1_000;
