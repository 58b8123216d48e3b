// One node's process dies, hangs, or comes back empty.

import { setTimeout as sleep } from 'node:timers/promises';
import { storedAs, TTL_SECONDS } from '../environments/settings.ts';
import { rehearsal, type Scene } from '../rehearsal.ts';
import type { StandNode } from '../stand/stand.ts';

/** Those who see the owner up delete at the owner alone; this long others may be given what stands in for it. */
export const GUTTER_MILLIS = 60_000;

/** Whether a key's owner, or one of its copies' nodes, is this node. */
export function servedBy({ stand }: Scene, node: StandNode): (key: string) => boolean {
  const ring = stand.ring();
  return (key) =>
    ring.owner(storedAs(key)).port === node.port && ring.owner(storedAs(key)).host === node.host;
}

const down = (scene: Scene, node: StandNode): void =>
  scene.outside('owner down for some, up for others: gutter TTL', GUTTER_MILLIS, servedBy(scene, node));

export const kill = rehearsal({
  name: 'kill',
  title: 'kill -9 one of 4 nodes',
  async fault(scene) {
    const node = scene.stand.nodes[1]!;
    down(scene, node);
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
    down(scene, node);
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
    down(scene, node);
    await scene.stand.restart(node);
    await sleep(scene.millis);
  },
});

/** What a value that nobody deletes lives for. */
export const BASE_MILLIS = TTL_SECONDS * 1_000;
