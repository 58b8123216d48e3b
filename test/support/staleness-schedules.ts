import fc from 'fast-check';
import type { Fate } from './staleness-node.ts';
import * as steps from './staleness-steps.ts';
import { BOUND_MILLIS, type Loading, NODE_COUNT, PROCESSES } from './staleness-world.ts';

const fateOf = (weights: Partial<Record<Fate, number>>): fc.Arbitrary<Fate> =>
  fc.oneof(
    ...Object.entries(weights).map(([fate, weight]) => ({ weight, arbitrary: fc.constant(fate as Fate) })),
  );
const disturbed = { held: 6, 'answered late': 2, abandoned: 1, unsent: 1, unheard: 1 };

/** A read of a copy that has nothing makes three calls: most reads are held up at one of them at the most. */
const fatesOfRead: fc.Arbitrary<readonly Fate[]> = fc.oneof(
  { weight: 4, arbitrary: fc.constant([]) },
  {
    weight: 5,
    arbitrary: fc
      .tuple(fc.nat({ max: 3 }), fateOf(disturbed))
      .map(([before, fate]): Fate[] => [...Array<Fate>(before).fill('at once'), fate]),
  },
  { weight: 1, arbitrary: fc.array(fateOf({ 'at once': 10, ...disturbed }), { maxLength: 5 }) },
);
/** The base's delete goes out first. Those of copies are often lost: nobody waits for them to be acknowledged. */
const fateOfBasesDelete = fateOf({ 'at once': 10, ...disturbed, held: 3 });
const fateOfCopysDelete = fateOf({ 'at once': 4, held: 2, abandoned: 1, unsent: 4, unheard: 1 });
const fatesOfWrite: fc.Arbitrary<readonly Fate[]> = fc.oneof(
  { weight: 1, arbitrary: fc.constant([]) },
  { weight: 3, arbitrary: fc.tuple(fateOfBasesDelete, fateOfCopysDelete, fateOfCopysDelete) },
);

const process = fc.constantFrom(...PROCESSES);
const chance = fc.constantFrom(...steps.PLACES);
const reading = { process, fates: fatesOfRead, chance };
const loading: fc.Arbitrary<Loading> = fc.record({
  held: fc.constantFrom(...Array<'no'>(6).fill('no'), 'before', 'after'),
  comesTo: fc.constantFrom(...Array<'value'>(10).fill('value'), 'nothing', 'error'),
});
const wraps = (withSignal: fc.Arbitrary<boolean>) =>
  fc.record({
    ...reading,
    ttlSeconds: fc.constantFrom(2, steps.LONGEST_TTL_SECONDS),
    staleSeconds: fc.constantFrom(0, 0, 4),
    loading,
    withSignal,
  });

const moment = fc.oneof(fc.integer({ min: 1, max: 999 }), fc.integer({ min: 1_000, max: 4_000 }));
const ticks = fc.oneof(
  { weight: 5, arbitrary: moment },
  // Just before a copy's lease ends, a copy, and both.
  { weight: 2, arbitrary: fc.constantFrom(2_900, 4_900, 6_900) },
  // The bound is over; all items are gone.
  { weight: 2, arbitrary: fc.constantFrom(BOUND_MILLIS + 1, 100_000) },
);
const node = fc.nat({ max: NODE_COUNT - 1 });

/**
 * `signals`: whether some read-throughs have an abort signal. `lists`: whether processes hear of the key being hot, and
 * being hot no more.
 */
export function schedules({ signals, lists }: { signals: boolean; lists: boolean }) {
  const some = (weight: number, step: fc.Arbitrary<steps.Step>) =>
    Array.from({ length: weight }, (): fc.Arbitrary<steps.Step> => step);
  const kinds = [
    some(8, fc.record(reading).map(steps.get)),
    some(1, fc.record(reading).map(steps.consistentGet)),
    some(3, fc.record(reading).map(steps.getMany)),
    some(6, wraps(signals ? fc.boolean() : fc.constant(false)).map(steps.wrap)),
    some(5, fc.record({ process, copies: fc.constantFrom(0, 1, 2, 2) }).map(steps.round)),
    some(3, fc.record({ process, fates: fatesOfWrite, chance }).map(steps.write)),
    some(5, ticks.map(steps.tick)),
    some(6, fc.nat({ max: 5 }).map(steps.thaw)),
    some(1, fc.record({ process }).map(steps.endInvocation)),
    some(1, fc.record({ process, smeared: fc.boolean() }).map(steps.deploy)),
    some(lists ? 4 : 0, fc.record({ process, hot: fc.constantFrom(true, true, false) }).map(steps.learn)),
    some(1, fc.record({ node, millis: moment }).map(steps.loseNode)),
    some(1, fc.record({ node }).map(steps.evict)),
  ];
  return fc.commands(kinds.flat(), { maxCommands: 60, size: 'max' });
}

/** When in its second each node was started, and which processes know the key as hot. */
export const beginnings = fc.record({
  phases: fc.array(fc.nat({ max: 999 }), { minLength: NODE_COUNT, maxLength: NODE_COUNT }),
  smeared: fc.array(fc.constantFrom(true, true, true, true, false), {
    minLength: PROCESSES.length,
    maxLength: PROCESSES.length,
  }),
});
