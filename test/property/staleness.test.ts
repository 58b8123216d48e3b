// How old what a read gives may be: the client's own code in three processes, over three in-process nodes and one
// manual clock, and a schedule that decides at every call of a transport whether it goes on, is held for as long as it
// likes (a freeze), or is lost.
//
// The promise: after an acknowledged delete no read that starts later than `copyTtl + copy lease` gives an older value.
//
// * Acknowledged: the base's owner answered. From then on the base holds nothing older, for a fill is taken only by the
//   number of a lease that is younger than the delete, and its loader looked at the origin later still. So a read of the
//   base (`consistentRead`, and what a process wrote itself) is bound at once.
// * A copy is filled within its lease, by what the base said after the lease was taken. Its old value was read before
//   the delete, so it lies there within a lease of it, and is gone a copy's time later: whether or not the delete of the
//   copy came through, and however long anybody was frozen.
// * A read binds from its start: what it says it may say at any later time, after a freeze of its own.
// * memcached counts whole seconds, which takes up to 2 s off the two times together: the bound is not much too long.
// * A read-through may join a flight of its process that began up to a second before it. All that a flight gives was read
//   from the base, or loaded, after it began, so that second lies within the bound.
// * Who never asks the copies, or does not know that there are any (promotion, demotion), is bound all the same.
// * The owner need not be up at later reads: without it they miss, or load. Where it does not answer, the delete is not
//   acknowledged, and nothing is promised. A fallback to other nodes would need its own terms here.
// * Not in the model: a node that starts anew numbers its items from 1 again, so that a lease from before can, once in a
//   great while, fit an item from after. The promise is for an owner that stays up. Evictions are in.
//
// The long form: SMEARCACHE_MODEL_RUNS=200000 npm exec -c 'vitest run test/property/staleness.test.ts'

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { COPY_SUFFIX } from '../../src/memcached/storage-key.ts';
import { lateLeases, plainFills } from '../support/staleness-naive.ts';
import { Promises, type Terms } from '../support/staleness-promises.ts';
import { beginnings, schedules } from '../support/staleness-schedules.ts';
import {
  BASE,
  FIRST_COPY,
  get,
  PLAIN_WRAP,
  round,
  type Step,
  thaw,
  tick,
  wrap,
  write,
} from '../support/staleness-steps.ts';
import { BOUND_MILLIS, type Design, World } from '../support/staleness-world.ts';

/** Of the first property; the others take half as many. */
const RUNS = Number(process.env.SMEARCACHE_MODEL_RUNS ?? 2_000);
const TIMEOUT_MILLIS = 60_000 + RUNS * 20;
/** Enough to find, with all but certainty, what is found once in a thousand schedules. */
const MOST_RUNS_OF_NAIVE = 20_000;
/** Spares time and no more: other seeds find them, too, after up to some thousands of schedules. */
const SEED_OF_NAIVE = 4;

const OURS: Design = {};
const BOUND: Terms = { boundMillis: BOUND_MILLIS, consistentReads: true };
const OWN_WRITES: Terms = { boundMillis: BOUND_MILLIS, ownWrites: true };
/** Six times as long as any item lives: whoever breaks this would break any bound, by a longer freeze. */
const UNBOUNDED: Terms = { boundMillis: 60_000 };

interface Beginning {
  readonly phases: readonly number[];
  readonly smeared: readonly boolean[];
}

/** Follows a schedule to its end, thaws all that is still held, and gives what became of the promises. */
async function follow(
  { phases, smeared }: Beginning,
  design: Design,
  terms: Terms,
  steps: Iterable<Step>,
): Promise<Promises> {
  const world = new World(phases, smeared, design);
  const promises = new Promises(terms, world.time);
  using _timers = world.time.takeTimers();
  await fc.asyncModelRun(() => ({ model: promises, real: world }), steps);
  await world.settle();
  promises.assertKept();
  return promises;
}

function kept(design: Design, terms: Terms, { signals = false, lists = false } = {}) {
  return fc.asyncProperty(beginnings, schedules({ signals, lists }), async (begun, steps) => {
    // Where they hear of it by lists, no process begins with it.
    const beginning = lists ? { ...begun, smeared: begun.smeared.map(() => false) } : begun;
    await follow(beginning, design, terms, steps as Iterable<Step>);
  });
}

const ALL_KNOW_IT: Beginning = { phases: [0, 0, 0], smeared: [true, true, true] };

describe('staleness under any schedule of freezes and losses', () => {
  it(
    'ends within the bound, and at once for consistent reads',
    () => fc.assert(kept(OURS, BOUND), { numRuns: RUNS }),
    TIMEOUT_MILLIS,
  );

  it(
    'ends for a process that wrote with the acknowledgement',
    () => fc.assert(kept(OURS, OWN_WRITES), { numRuns: Math.ceil(RUNS / 2) }),
    TIMEOUT_MILLIS,
  );

  it(
    'ends within the bound where read-throughs have abort signals',
    () => fc.assert(kept(OURS, BOUND, { signals: true }), { numRuns: Math.ceil(RUNS / 2) }),
    TIMEOUT_MILLIS,
  );

  it.each<[string, Terms]>([
    ['within the bound', BOUND],
    ['for a process that wrote with the acknowledgement', OWN_WRITES],
  ])(
    'ends %s, whenever processes hear that the key is hot and that it is hot no more',
    (_, terms) => fc.assert(kept(OURS, terms, { lists: true }), { numRuns: Math.ceil(RUNS / 2) }),
    TIMEOUT_MILLIS,
  );

  it(
    'would not end with the acknowledgement where writes of keys that are not known as hot are not remembered',
    async () => {
      const naive = { remembersAllWrites: false };
      const found = await fc.check(kept(naive, OWN_WRITES, { lists: true }), {
        seed: SEED_OF_NAIVE,
        numRuns: MOST_RUNS_OF_NAIVE,
        endOnFailure: true,
      });
      expect(found.failed, `no violation in ${found.numRuns} runs`).toBe(true);
      expect(String(found.errorInstance)).toContain('by the same process');
    },
    TIMEOUT_MILLIS,
  );

  it.each<[string, Design]>([
    ['bases are filled by a plain set', plainFills((key) => !key.endsWith(COPY_SUFFIX))],
    ['copies are filled by a plain set', plainFills((key) => key.endsWith(COPY_SUFFIX))],
    ['copies are filled from the origin', { placement: 'suffix' }],
    ['copies are leased when their value is in hand', lateLeases],
  ])(
    'would not end at all where %s',
    async (_, design) => {
      const found = await fc.check(kept(design, UNBOUNDED), {
        seed: SEED_OF_NAIVE,
        numRuns: MOST_RUNS_OF_NAIVE,
        endOnFailure: true,
      });
      expect(found.failed, `no violation in ${found.numRuns} runs`).toBe(true);
      expect(String(found.errorInstance)).toContain('was acknowledged at');
    },
    TIMEOUT_MILLIS,
  );
});

describe('staleness under one schedule', () => {
  it('comes within a second or two of the bound, and no nearer by a shared flight', async () => {
    const late: Step[] = [
      round({ process: 'p', copies: 0 }),
      get({ process: 'q', fates: ['at once', 'at once', 'held'], chance: FIRST_COPY }),
      write({ process: 'p', fates: ['at once', 'unsent', 'unsent'], chance: BASE }),
      tick(2_999),
      thaw(0),
      tick(4_000),
      get({ process: 'q', fates: [], chance: FIRST_COPY }),
    ];
    expect((await follow(ALL_KNOW_IT, OURS, BOUND, late)).oldestMillis).toBe(6_999);

    const joined: Step[] = [
      ...late,
      wrap({ ...PLAIN_WRAP, process: 'r', fates: ['answered late'], chance: FIRST_COPY }),
      tick(999),
      wrap({ ...PLAIN_WRAP, process: 'r', fates: [], chance: FIRST_COPY }),
    ];
    expect((await follow(ALL_KNOW_IT, OURS, BOUND, joined)).oldestMillis).toBe(6_999);
  });

  it('ends with the acknowledgement for the writer, though its delete was held for longer than the bound', async () => {
    await follow(ALL_KNOW_IT, OURS, OWN_WRITES, [
      round({ process: 'p', copies: 0 }),
      write({ process: 'p', fates: ['held', 'unsent', 'unsent'], chance: BASE }),
      tick(BOUND_MILLIS),
      round({ process: 'q', copies: 1 }),
      thaw(0),
      get({ process: 'p', fates: [], chance: FIRST_COPY }),
    ]);
  });

  it('ends with the acknowledgement for the writer, though it read while the delete was under way', async () => {
    await follow(ALL_KNOW_IT, OURS, OWN_WRITES, [
      round({ process: 'p', copies: 0 }),
      write({ process: 'p', fates: ['held', 'at once', 'at once'], chance: BASE }),
      wrap({ ...PLAIN_WRAP, process: 'p', fates: ['answered late'], chance: BASE }),
      thaw(0),
      wrap({ ...PLAIN_WRAP, process: 'p', fates: [], chance: BASE }),
    ]);
  });

  it('ends within the bound, though a read-through with an abort signal was frozen before it stored', async () => {
    await follow(ALL_KNOW_IT, OURS, BOUND, [
      wrap({ ...PLAIN_WRAP, process: 'q', fates: ['at once', 'held'], chance: BASE, withSignal: true }),
      write({ process: 'p', fates: [], chance: BASE }),
      tick(100_000),
      thaw(0),
      get({ process: 'r', fates: [], chance: BASE }),
    ]);
  });
});
