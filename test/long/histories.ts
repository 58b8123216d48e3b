// node test/long/histories.ts [--seconds n] [--seed n] [--without-leases] [--auto]
//
// The nightly form of test/integration/histories.test.ts. Without leases the client promises no bound: the checker
// should then find violations, which shows that it can. With --auto no key is smeared but those that become hot.

import { parseArgs } from 'node:util';
import { checkHistory } from '../support/histories/checker.ts';
import { reportOf } from '../support/histories/report.ts';
import { BOUNDS } from '../support/histories/settings.ts';
import { stress } from '../support/histories/stress.ts';

const LEAST_READS = 100_000;

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '120' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    'without-leases': { type: 'boolean', default: false },
    auto: { type: 'boolean', default: false },
  },
});
const seed = Number(values.seed);
process.stdout.write(`seed ${seed}\n`);
const leases = !values['without-leases'];
const outcome = await stress({
  millis: Number(values.seconds) * 1_000,
  leastReads: LEAST_READS,
  seed,
  leases,
  auto: values.auto,
});
const verdict = checkHistory(outcome.history, BOUNDS);
process.stdout.write(`${reportOf(outcome, verdict)}\n`);
if (outcome.history.reads.length < LEAST_READS) {
  process.stdout.write(`too few reads: at least ${LEAST_READS} are asked for\n`);
  process.exitCode = 1;
}
if (leases && verdict.violations.length > 0) process.exitCode = 1;
