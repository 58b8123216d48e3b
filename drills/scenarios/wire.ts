// Something between client and node does harm to the replies.

import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from '../../src/base/random.ts';
import type { Drill } from '../drill.ts';
import { type Plan, rehearsal, type Scene } from '../rehearsal.ts';
import type { Misdeed } from '../stand/relay.ts';

const EVERY = 20;
const DELAY_MILLIS = 2_000;

const wire = (name: string, title: string, misdeed: (scene: Scene) => Misdeed): Drill =>
  rehearsal({
    name,
    title,
    stand: { ways: 1 },
    async fault(scene) {
      const { stand, millis, note } = scene;
      const proxy = stand.ways[0]![1]!;
      proxy.misdeed = misdeed(scene);
      await sleep(millis);
      proxy.misdeed = undefined;
      note(`${proxy.misdeeds} times`);
    },
  } satisfies Plan);

export const cut = wire('cut', 'one node: replies cut in the middle', () => ({
  kind: 'cut',
  afterBytes: 9,
  every: EVERY,
}));
export const reset = wire('reset', 'one node: connections reset instead of a reply', () => ({
  kind: 'reset',
  every: EVERY,
}));
export const delay = wire('delay', 'one node: replies 2 s late', () => ({
  kind: 'delay',
  millis: DELAY_MILLIS,
}));
export const garble = wire('garble', 'one node: garbled reply headers', ({ course }) => ({
  kind: 'garble',
  every: EVERY,
  random: seededRandom(course.seed),
}));
