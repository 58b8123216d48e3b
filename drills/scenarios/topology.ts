// The list of nodes changes: nodes come, go, and move to another address. Environments learn of it one by one.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Ring } from '../../src/ring/index.ts';
import { COPIES, isHot, storedAs } from '../environments/settings.ts';
import { rehearsal, type Scene } from '../rehearsal.ts';
import { BASE_MILLIS } from './nodes.ts';

const AGREEMENT_MILLIS = 2_000;
const WHY = 'old and new node list in use side by side: base TTL';

/** Environments look at the list over half of the time, as within their minute. */
async function spread(scene: Scene): Promise<void> {
  const { fleet, millis, stand } = scene;
  const { length } = fleet.versions;
  for (let worker = 0; worker < length; worker++) {
    fleet.lookAgain(worker);
    await sleep(millis / 2 / length);
  }
  if (!(await fleet.agree(stand.version, AGREEMENT_MILLIS))) {
    scene.complain(`not all have come to use version ${stand.version}: ${fleet.versions.join(', ')}`);
  }
}

/** Whether a key's owner, or one of the nodes of its copies, is another than before. */
function moves(before: Ring, after: Ring): (key: string) => boolean {
  const places = (ring: Ring, key: string): string =>
    ring
      .successors(storedAs(key), isHot(key) ? COPIES : 1)
      .map(({ host, port }) => `${host}:${port}`)
      .join();
  return (key) => places(before, key) !== places(after, key);
}

export const add = rehearsal({
  name: 'add',
  title: 'add 2 nodes to 4',
  async fault(scene) {
    const { stand, millis } = scene;
    const before = stand.ring();
    await Promise.all([stand.startNode(), stand.startNode()]);
    stand.list();
    scene.outside(WHY, BASE_MILLIS, moves(before, stand.ring()));
    await spread(scene);
    await sleep(millis / 2);
  },
});

export const remove = rehearsal({
  name: 'remove',
  title: 'remove 1 of 4 nodes',
  async fault(scene) {
    const { stand, millis } = scene;
    const before = stand.ring();
    const gone = stand.nodes[1]!;
    stand.list(stand.nodes.filter((node) => node !== gone));
    scene.outside(WHY, BASE_MILLIS, moves(before, stand.ring()));
    await spread(scene);
    await gone.memcached.close();
    await sleep(millis / 2);
  },
});

export const replace = rehearsal({
  name: 'replace',
  title: 'replace 1 of 4 nodes: same name, new address',
  stand: { ways: 1 },
  async fault(scene) {
    const { stand, fleet, millis } = scene;
    await stand.replace(1);
    fleet.know(stand.names()!);
    await spread(scene);
    await sleep(millis / 2);
  },
});
