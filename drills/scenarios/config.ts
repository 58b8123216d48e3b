// The configuration endpoint is gone, or tells what is not so.

import { setTimeout as sleep } from 'node:timers/promises';
import type { ServedConfig } from '../../src/testing/cluster-config.ts';
import { rehearsal } from '../rehearsal.ts';

const LOOK_EVERY_MILLIS = 1_000;
const ANSWER_MILLIS = 300;
const AGREEMENT_MILLIS = 3_000;

export const configDown = rehearsal({
  name: 'config-down',
  title: 'configuration endpoint down',
  longFaultSeconds: 60,
  async fault({ stand, fleet, millis, note, complain }) {
    const { configNode } = stand.config;
    await configNode.kill();
    // One that starts meanwhile finds no nodes, and loads.
    await fleet.grow(1);
    for (let passed = 0; passed < millis; passed += LOOK_EVERY_MILLIS) {
      fleet.lookAgain();
      await sleep(LOOK_EVERY_MILLIS);
    }
    await configNode.accept();
    fleet.lookAgain();
    if (!(await fleet.agree(stand.version, AGREEMENT_MILLIS))) {
      complain(`the one that started meanwhile finds no nodes: ${fleet.versions.join(', ')}`);
    }
    note(`down for ${(millis / 1_000).toFixed(0)} s, one environment started meanwhile`);
  },
});

const LIES: Readonly<Record<string, string>> = {
  'no list': 'x\u0000y',
  'half a list': '9\n127.0.0.1|127.0.0.1|11211 127.0.0.1|127.0',
  'an empty list': '9\n\n',
  'no version': '127.0.0.1|127.0.0.1|1\n',
  'a port that is none': '9\n127.0.0.1|127.0.0.1|70000\n',
};

export const configLies = rehearsal({
  name: 'config-lies',
  title: 'endpoint tells an older version, garbage, nothing',
  async fault({ stand, fleet, millis, complain }) {
    // The truth is version 2, so that there is an older one: of a node that nobody listens as.
    stand.list();
    fleet.lookAgain();
    if (!(await fleet.agree(stand.version, AGREEMENT_MILLIS))) complain('not all know the second version');
    const older = '1\n127.0.0.1|127.0.0.1|1\n';
    const served: [string, ServedConfig][] = Object.entries({ 'an older version': older, ...LIES }).map(
      ([name, body]) => [name, { kind: 'text', body }],
    );
    served.push(['an error', { kind: 'error' }]);
    for (const [name, config] of served) {
      stand.config.serveConfig(config);
      fleet.lookAgain();
      await sleep(Math.max(ANSWER_MILLIS, millis / served.length));
      if (fleet.versions.some((version) => version !== String(stand.version))) {
        complain(`after ${name} the versions in use are ${fleet.versions.join(', ')}`);
      }
    }
    stand.list();
    // After as many failures the next look is up to a minute and a half away, and one step of time is not that long.
    for (let step = 0; step < 2; step++) {
      fleet.lookAgain();
      await sleep(ANSWER_MILLIS);
    }
    if (!(await fleet.agree(stand.version, AGREEMENT_MILLIS))) complain('not all find back to the truth');
  },
});
