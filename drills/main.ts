// npm run drill -- [--only name[,name]] [--seconds n] [--seed n] [--long]
//
// One line a drill; docs/drills.md says what each does and how to read the line.

import { parseArgs } from 'node:util';
import { memcachedAvailable } from '../test/support/memcached.ts';
import { DRILLS } from './drills.ts';

const SHOWN_FAULTS = 5;

// Each process that is started ends with this one.
process.setMaxListeners(100);

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    seconds: { type: 'string', default: '12' },
    seed: { type: 'string', default: '1' },
    long: { type: 'boolean', default: false },
  },
});
const names = DRILLS.map(({ name }) => name);
const asked = values.only?.split(',') ?? names;
const unknown = asked.filter((name) => !names.includes(name));
const seconds = Number(values.seconds);
if (unknown.length > 0 || !(seconds >= 2)) {
  process.stderr.write(
    `usage: npm run drill -- [--only name,...] [--seconds n, from 2] [--seed n] [--long]\ndrills: ${names.join(' ')}\n`,
  );
  process.exitCode = 2;
} else if (!memcachedAvailable) {
  process.stderr.write('the drills need a memcached program on the PATH\n');
  process.exitCode = 2;
} else {
  const course = { seconds, long: values.long, seed: Number(values.seed) };
  for (const drill of DRILLS.filter(({ name }) => asked.includes(name))) {
    const { line, faults } = await drill.run(course);
    process.stdout.write(`${faults.length === 0 ? 'ok  ' : 'FAIL'} ${line}\n`);
    for (const fault of faults.slice(0, SHOWN_FAULTS)) process.stdout.write(`       ${fault}\n`);
    if (faults.length > SHOWN_FAULTS)
      process.stdout.write(`       and ${faults.length - SHOWN_FAULTS} more\n`);
    if (faults.length > 0) process.exitCode = 1;
  }
}
