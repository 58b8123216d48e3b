// What happens to environments: they are frozen while their connections are lost, and lose their names.

import { setTimeout as sleep } from 'node:timers/promises';
import { rehearsal } from '../rehearsal.ts';

const FROZEN = 0;
/** The time of day at the thaw is that of a real freeze. */
const SEEMS_MILLIS = 600_000;

export const freeze = rehearsal({
  name: 'freeze',
  title: 'freeze 1 of 4 environments, drop its connections',
  ownWays: true,
  longFaultSeconds: 600,
  async fault({ stand, fleet, course, millis, note, complain }) {
    const awakeMillis = millis / 4;
    await fleet.freeze(FROZEN, course.long ? 0 : SEEMS_MILLIS);
    for (const proxy of stand.ways[FROZEN]!) proxy.dropSilently();
    await sleep(millis - awakeMillis);
    const before = fleet.downs(FROZEN);
    fleet.thaw(FROZEN);
    await sleep(awakeMillis);
    note(`${((millis - awakeMillis) / 1_000).toFixed(0)} s${course.long ? '' : ', which seem ten minutes'}`);
    const downs = fleet.downs(FROZEN) - before;
    if (downs > 0) complain(`the thaw took ${downs} nodes for down`);
  },
});

export const names = rehearsal({
  name: 'names',
  title: "one node's name no longer resolves",
  stand: { ways: 1 },
  async fault(scene) {
    const { stand, fleet, millis } = scene;
    const node = stand.nodes[1]!;
    const known = stand.names()!;
    fleet.know(Object.fromEntries(Object.entries(known).filter(([name]) => name !== node.host)));
    // A connection that stands needs no name.
    await sleep(millis / 4);
    stand.ways[0]![1]!.reset();
    await sleep(millis / 2);
    fleet.know(known);
    await sleep(millis / 4);
  },
});
