import { describe, expect, it, vi } from 'vitest';
import { NEVER } from '../../../src/base/units.ts';
import { Flights } from '../../../src/client/flights.ts';
import { TestClock } from '../../support/test-clock.ts';

const PASSENGER = { endsAt: NEVER };

/** A flight that lands when the test says so. */
function flight() {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  return { start: vi.fn(() => promise), land: resolve, fail: reject };
}

describe('flights', () => {
  it('are shared by all who ask for the same key meanwhile, and for no other', async () => {
    const flights = new Flights(new TestClock());
    const [mine, others] = [flight(), flight()];
    const first = flights.share('a', PASSENGER, mine.start);
    const second = flights.share('a', PASSENGER, mine.start);
    const elsewhere = flights.share('b', PASSENGER, others.start);
    mine.land('value');
    others.land('other');
    expect(await Promise.all([first, second, elsewhere])).toEqual(['value', 'value', 'other']);
    expect(mine.start).toHaveBeenCalledTimes(1);
  });

  it('are not joined once they have landed', async () => {
    const flights = new Flights(new TestClock());
    const start = vi.fn(async () => 'value');
    await flights.share('a', PASSENGER, start);
    await flights.share('a', PASSENGER, start);
    expect(start).toHaveBeenCalledTimes(2);
  });

  it.each([
    ['both clocks', (clock: TestClock, millis: number) => clock.advance(millis)],
    ['the time of day alone, as in a freeze', (clock: TestClock, millis: number) => clock.moveWall(millis)],
    [
      'the monotonic clock alone',
      (clock: TestClock, millis: number) => {
        clock.advance(millis);
        clock.moveWall(-millis);
      },
    ],
  ])('are joined for less than a second by %s', async (_by, move) => {
    const clock = new TestClock();
    const flights = new Flights(clock);
    const [early, late] = [flight(), flight()];
    const first = flights.share('a', PASSENGER, early.start);
    move(clock, 999);
    const joined = flights.share('a', PASSENGER, late.start);
    expect(late.start).not.toHaveBeenCalled();
    move(clock, 1);
    const second = flights.share('a', PASSENGER, late.start);
    expect(late.start).toHaveBeenCalledTimes(1);
    early.land('early');
    late.land('late');
    expect(await Promise.all([first, joined, second])).toEqual(['early', 'early', 'late']);
  });

  it('outlive a clock that is set back, but not the second', () => {
    const clock = new TestClock();
    const flights = new Flights(clock);
    const start = vi.fn(flight().start);
    void flights.share('a', PASSENGER, start);
    clock.moveWall(-3_600_000);
    void flights.share('a', PASSENGER, start);
    expect(start).toHaveBeenCalledTimes(1);
    clock.advance(1_000);
    void flights.share('a', PASSENGER, start);
    expect(start).toHaveBeenCalledTimes(2);
  });

  it('are not joined across a write of our own', async () => {
    const flights = new Flights(new TestClock());
    const [before, after] = [flight(), flight()];
    const first = flights.share('a', PASSENGER, before.start);
    flights.forget('a');
    const second = flights.share('a', PASSENGER, after.start);
    before.land('old');
    after.land('new');
    expect(await Promise.all([first, second])).toEqual(['old', 'new']);
  });

  it.each(['lands', 'fails'])('keep the slot of a younger flight when an older one %s', async (how) => {
    const flights = new Flights(new TestClock());
    const [old, young, third] = [flight(), flight(), flight()];
    const first = flights.share('a', PASSENGER, old.start);
    flights.forget('a');
    const second = flights.share('a', PASSENGER, young.start);
    if (how === 'lands') old.land('old');
    else old.fail(new Error('old'));
    await Promise.allSettled([first]);
    const joined = flights.share('a', PASSENGER, third.start);
    expect(third.start).not.toHaveBeenCalled();
    young.land('young');
    expect(await Promise.all([second, joined])).toEqual(['young', 'young']);
  });

  it('fail all who joined, and nobody who comes after', async () => {
    const flights = new Flights(new TestClock());
    const failing = flight();
    const first = flights.share('a', PASSENGER, failing.start);
    const joined = flights.share('a', PASSENGER, failing.start);
    failing.fail(new Error('origin'));
    expect(await Promise.allSettled([first, joined])).toMatchObject([
      { status: 'rejected', reason: { message: 'origin' } },
      { status: 'rejected', reason: { message: 'origin' } },
    ]);
    expect(await flights.share('a', PASSENGER, async () => 'again')).toBe('again');
  });
});
