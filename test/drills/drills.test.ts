// Some of the drills in a short form; `npm run drill` runs all of them for longer.

import { describe, expect, it } from 'vitest';
import { freeze } from '../../drills/scenarios/environments.ts';
import { kill } from '../../drills/scenarios/nodes.ts';
import { replace } from '../../drills/scenarios/topology.ts';
import { garble } from '../../drills/scenarios/wire.ts';
import { memcachedAvailable } from '../support/memcached.ts';

const COURSE = { seconds: 2.5, long: false, seed: 1 };

describe.skipIf(!memcachedAvailable || process.platform !== 'linux')('under load', () => {
  it.each([kill, replace, garble, freeze])(
    'no call fails or gives a wrong value, and nothing is left after close(): $name',
    { timeout: 40_000 },
    async (drill) => {
      const { line, faults, left } = await drill.run(COURSE);
      expect(faults, line).toEqual([]);
      expect(left).toEqual([]);
    },
  );
});
